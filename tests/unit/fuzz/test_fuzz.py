"""A small sample of `./anling fuzz`: what comes from outside is decided about, and a case comes again by its number."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.__main__ import Fuzzer, FuzzTarget, find_targets
from tests.fuzz.mutations import cut_in_pieces

SAMPLE = 40


@pytest.mark.parametrize("target", find_targets(), ids=lambda target: target.name)
def test_whatever_comes_from_outside_is_decided_about(target: FuzzTarget) -> None:
    report = Fuzzer(20261201, [target]).run(range(SAMPLE))

    assert report.failures == []
    assert report.decisions.total() == SAMPLE


def test_a_case_is_drawn_again_by_seed_and_number() -> None:
    targets = find_targets()
    drawn = [Fuzzer(3, targets).draw(number)[:2] for number in range(50)]

    assert [Fuzzer(3, targets).draw(number)[:2] for number in range(50)] == drawn
    assert [Fuzzer(4, targets).draw(number)[1] for number in range(50)] != [content for _, content in drawn]


def test_what_gets_out_is_a_failure_with_its_number_and_its_bytes() -> None:
    def trip(content: bytes, _: random.Random) -> str:
        raise KeyError(len(content))

    report = Fuzzer(1, [FuzzTarget("a trap", 1, lambda _: b"\xff\x01", trip)]).run(range(7, 9))

    assert [(one["case"], one["target"], one["bytes"]) for one in report.failures] == [
        (7, "a trap", "ff01"),
        (8, "a trap", "ff01"),
    ]
    assert not report.is_good


def test_a_network_loses_nothing_between_its_pieces() -> None:
    content = bytes(range(200))

    assert {b"".join(cut_in_pieces(content, random.Random(seed))) for seed in range(100)} == {content}
