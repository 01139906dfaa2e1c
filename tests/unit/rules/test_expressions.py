"""Which expressions a rule may use, and that nothing in them can raise."""

from __future__ import annotations

import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rules.context import SAMPLE, Variable
from hub.rules.expressions import BadExpression, Expression, Truth

READING = frozenset({"v", "room", "senior", "device", "centre"})


@pytest.mark.parametrize(
    ("source", "variables", "verdict"),
    [
        ("v > 32.0", {"v": 33.0}, Truth.TRUE),
        ("v > 32.0", {"v": 32.0}, Truth.FALSE),
        ("v == 1.0", {"v": 1.0}, Truth.TRUE),
        ("v > 0.0 && !centre.open", {"v": 1.0, "centre": {"open": False}}, Truth.TRUE),
        ("v > 32.0", {}, Truth.UNKNOWN),
        ('room.type == "gym"', {"room": {}}, Truth.UNKNOWN),
        ('has(room.type) && room.type == "gym"', {"room": {}}, Truth.FALSE),
        ('senior.categories.exists(c, c == "living_alone")', SAMPLE, Truth.TRUE),
        ('"disabled" in senior.categories', SAMPLE, Truth.FALSE),
        ("10 / size(senior.categories) > 3", {"senior": {"categories": []}}, Truth.UNKNOWN),
    ],
)
def test_an_expression_is_true_false_or_unknown(source: str, variables: dict[str, Variable], verdict: Truth) -> None:
    assert Expression(source, READING).verdict(variables) is verdict


def test_an_expression_remembers_nothing_of_the_last_message() -> None:
    warm = Expression("v > 32.0 && senior.present", READING)
    warm.verdict({"v": 40.0, "senior": {"present": True}})

    assert warm.verdict({"v": 40.0, "senior": {}}) is Truth.UNKNOWN
    assert warm.verdict({"senior": {"present": True}}) is Truth.UNKNOWN


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("", "the expression is empty"),
        ("v > " + "1" * 500, "the expression has 504 characters"),
        ("v >", "the expression cannot be read"),
        ("v > 32.0 )", "the expression cannot be read"),
        ("temperature > 32.0", "`temperature` is not known here"),
        ("now() > v", "`now` cannot be called here"),
        ('timestamp("2026-01-01T00:00:00Z") == timestamp("2026-01-01T00:00:00Z")', "`timestamp` cannot be called here"),
        ('room.nam == "gym"', "`room` has no field `nam`"),
        ("v > 0.0 || room.nam", "`room` has no field `nam`"),
        ("press.late", "`press` is not known here"),
        ("v == 1", "`v == 1` compares the reading with a whole number, which CEL may call unequal"),
        ("v in [1.0]", "`v in` compares the reading with a whole number, which CEL may call unequal"),
        ("v", "the expression is neither true nor false when everything is known"),
        ('v > "a"', "the expression is neither true nor false when everything is known"),
        (
            '[1].all(x, x > 0) && senior.categories.exists(c, c == "a")',
            "the expression has more than one comprehension",
        ),
    ],
)
def test_what_a_rule_may_not_say_is_refused_when_it_is_read(source: str, what: str) -> None:
    with pytest.raises(BadExpression) as refused:
        Expression(source, READING)

    assert refused.value.what.startswith(what)
    assert refused.value.write


def test_words_inside_a_string_are_not_names() -> None:
    source = 'room.id == "room.nam v == 1 x.all(y) .map("'

    assert Expression(source, READING).verdict({"room": {"id": "gym"}}) is Truth.FALSE


def test_the_parser_says_where() -> None:
    with pytest.raises(BadExpression) as refused:
        Expression("v > 32.0 )", READING)

    assert (refused.value.line, refused.value.column) == (1, 10)


@given(st.text(max_size=60))
def test_no_text_does_anything_but_become_an_expression_or_be_refused(source: str) -> None:
    verdict = None
    with suppress(BadExpression):
        verdict = Expression(source, READING).verdict(SAMPLE)

    assert verdict is not Truth.UNKNOWN


def test_the_command_line_of_the_expression_language_is_not_loaded() -> None:
    assert "prompt_toolkit" not in sys.modules
