"""Does every test check something, whatever happens in it?"""

import ast
from pathlib import Path

import pytest

from tests.contract.soft_tests import Sources, find_soft_tests

TESTS = Path(__file__).parents[1]

NO_ERROR_IS_THE_LAW = "what it calls raises when the law does not hold, and pytest sees that"

ALLOWED = {
    "test_no_bytes_do_more_harm_than_being_unreadable": NO_ERROR_IS_THE_LAW,
    "test_a_press_with_any_field_replaced_is_read_or_unreadable": NO_ERROR_IS_THE_LAW,
    "test_a_random_body_is_a_packet_or_malformed_and_nothing_else": NO_ERROR_IS_THE_LAW,
    "test_what_the_hub_signed_is_believed_for_five_minutes_by_the_clock_of_the_centre": NO_ERROR_IS_THE_LAW,
    "test_one_right_signature_of_several_is_enough_while_a_secret_is_changed": NO_ERROR_IS_THE_LAW,
}
"""Tests without an assert of their own, and why each is none the less a test."""

SOFT = {
    "returns early": "if not here():\n    return\nassert one == 1",
    "asserts inside an except": "assert one\ntry:\n    press()\nexcept OSError as error:\n    assert error.errno == 2",
    "asserts inside an if": "assert one\nif pressed:\n    assert one == 1",
    "expects an error of any of several statements": "with pytest.raises(OSError):\n    one()\n    other()",
    "nothing in it is certain to be checked": "press()",
    "asserts inside a loop that may have no round": "for alarm in alarms():\n    assert alarm",
}

FIRM = [
    "assert one == 1",
    "if pressed:\n    assert one == 1\nelse:\n    assert one == 2",
    "with pytest.raises(OSError):\n    press()",
    "with pytest.raises(OSError):\n    with opened() as one:\n        one.write()\n        raise OSError",
    "for alarm in (1, 2):\n    assert alarm",
    "found = alarms()\nassert found\nfor alarm in sorted(found):\n    assert alarm",
    "for alarm in ALARMS:\n    assert alarm",
    "until(lambda: pressed)",
]


def test_no_test_can_pass_without_checking_anything() -> None:
    found = find_soft_tests(Sources.read(TESTS))

    assert [soft for soft in found if soft.test not in ALLOWED] == []
    assert {soft.test for soft in found} == set(ALLOWED), "what is allowed is still there"


@pytest.mark.parametrize(("why", "body"), SOFT.items(), ids=list(SOFT))
def test_a_soft_test_is_found(why: str, body: str) -> None:
    assert [soft.why for soft in find_soft_tests(module_of(body))] == [why]


@pytest.mark.parametrize("body", FIRM)
def test_a_firm_test_is_none(body: str) -> None:
    assert find_soft_tests(module_of(body)) == []


def test_a_property_may_say_if_this_then_that() -> None:
    law = "@given(st.text())\ndef test_it(text):\n    if text:\n        assert text"

    assert find_soft_tests(Sources({"test_it.py": ast.parse(law)})) == []


def module_of(body: str) -> Sources:
    """A module with one test of these statements, and with a helper that gives up after a while."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    source = f"ALARMS = [1]\ndef until(met):\n    assert met()\ndef test_it():\n{lines}\n"
    return Sources({"test_it.py": ast.parse(source)}, frozenset({"assert", "until"}))
