"""Does the prover hear silence? Open calls from answers and looks, and the gaps between messages about them."""

import pytest

from simulators.prove.silence import (
    CallState,
    Look,
    MonotonicSpan,
    Silence,
    SilenceAllowed,
    find_silences,
    list_open_calls,
)

CALLING, ATTENDED = CallState.CALLING, CallState.ATTENDED


@pytest.mark.parametrize(
    ("answered", "looks", "calls"),
    [
        pytest.param([], [], [], id="nobody pressed"),
        pytest.param([10], [], [MonotonicSpan(10, 100)], id="answered, and never seen in anybody's hands"),
        pytest.param([10], [(10.5, CALLING), (40, ATTENDED)], [MonotonicSpan(10, 40)], id="open until it is taken"),
        pytest.param([], [(12, CALLING)], [MonotonicSpan(12, 100)], id="an alarm that was seen before its answer"),
        pytest.param([10, 20], [(10.5, CALLING), (40, ATTENDED)], [MonotonicSpan(10, 40)], id="pressed twice"),
        pytest.param(
            [10, 50],
            [(10.5, CALLING), (40, ATTENDED), (50.5, CALLING), (60, ATTENDED)],
            [MonotonicSpan(10, 40), MonotonicSpan(50.5, 60)],
            id="pressed again later",
        ),
        pytest.param([10], [(5, ATTENDED), (40, ATTENDED)], [], id="pressed while somebody has it"),
        pytest.param([10], [(11, ATTENDED), (20, ATTENDED)], [MonotonicSpan(10, 20)], id="somebody had it, seen late"),
        pytest.param([200], [(150, CALLING)], [], id="after the end"),
    ],
)
def test_a_call_is_open_until_somebody_has_it(
    answered: list[float], looks: list[tuple[float, CallState]], calls: list[MonotonicSpan]
) -> None:
    assert list_open_calls(answered, [Look(at, state) for at, state in looks], until=100) == calls


def test_a_message_within_the_allowed_time_is_no_silence() -> None:
    assert find_silences("b-001", [MonotonicSpan(0, 90)], [10, 40, 70], SilenceAllowed(30)) == []


@pytest.mark.parametrize(
    ("told", "silences"),
    [
        pytest.param([], [Silence("b-001", 0, 90, 60)], id="nobody at all"),
        pytest.param([50], [Silence("b-001", 0, 50, 20), Silence("b-001", 50, 90, 10)], id="once"),
        pytest.param([-5, 95], [Silence("b-001", 0, 90, 60)], id="only before and after"),
        pytest.param([70, 10, 40], [], id="in any order"),
    ],
)
def test_a_longer_gap_is_counted_by_what_is_too_much(told: list[float], silences: list[Silence]) -> None:
    assert find_silences("b-001", [MonotonicSpan(0, 90)], told, SilenceAllowed(30)) == silences


def test_while_the_prover_itself_had_stopped_the_hub_nobody_had_to_be_told() -> None:
    stopped = SilenceAllowed(30, [MonotonicSpan(10, 50), MonotonicSpan(200, 300)])

    assert find_silences("b-001", [MonotonicSpan(0, 70)], [], stopped) == []
    assert find_silences("b-001", [MonotonicSpan(0, 80)], [], stopped) == [Silence("b-001", 0, 80, 10)]
