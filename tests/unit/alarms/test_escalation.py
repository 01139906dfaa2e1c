"""Who is told next, and when: tables of cases, and the laws that always hold."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.alarms.escalation import (
    OPENING_HOURS,
    OUT_OF_HOURS,
    Escalation,
    Tier,
    advance,
    asks_for_next_tier,
    empty_tiers_between,
    lead_tier,
    take_next_tier,
)
from hub.alarms.model import Policy, Step
from hub.kit.ids import AccountId

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ZHOU, LIU, CHEN, SUN = AccountId("zhou"), AccountId("liu"), AccountId("chen"), AccountId("sun")


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


TIERS = (
    Tier(seconds(30), (ZHOU,)),
    Tier(seconds(30), (LIU, ZHOU)),
    Tier(seconds(60), (CHEN,)),
    Tier(seconds(60), (SUN,)),
)
LADDER = Escalation(TIERS, taken=0, due_at=NINE)
WITH_A_GAP = Escalation((TIERS[0], Tier(seconds(30), ()), TIERS[2]), taken=0, due_at=NINE)
NOBODY_ANYWHERE = Escalation((Tier(seconds(30), ()), Tier(seconds(30), ())), taken=0, due_at=NINE)


def test_the_first_tier_is_told_at_once() -> None:
    after, told = advance(LADDER, NINE)

    assert told == (ZHOU,)
    assert (after.taken, after.due_at) == (1, NINE + seconds(30))


def test_nobody_is_told_twice_before_the_wait_is_over() -> None:
    after, _ = advance(LADDER, NINE)

    assert advance(after, NINE + seconds(29)) == (after, ())


def test_after_an_outage_all_missed_tiers_are_one_step_and_each_person_is_told_once() -> None:
    after, told = advance(LADDER, NINE + seconds(70))

    assert told == (ZHOU, LIU, CHEN)
    assert (after.taken, after.due_at) == (3, NINE + seconds(120))


def test_the_last_tier_is_taken_once_and_then_nothing_is_due() -> None:
    after, told = advance(LADDER, NINE + timedelta(days=2))

    assert told == (ZHOU, LIU, CHEN, SUN)
    assert (after.taken, after.due_at) == (4, None)
    assert advance(after, NINE + timedelta(days=3)) == (after, ())


def test_a_tier_that_reaches_nobody_waits_for_nobody() -> None:
    first, _ = advance(WITH_A_GAP, NINE)

    after, told = advance(first, NINE + seconds(30))

    assert told == (CHEN,)
    assert (after.taken, after.due_at) == (3, None)
    assert empty_tiers_between(first, after) == (1,)


def test_a_ladder_without_anybody_is_climbed_to_the_top_at_once_and_not_past_it() -> None:
    after, told = advance(NOBODY_ANYWHERE, NINE)

    assert (after.taken, after.due_at, told) == (2, None, ())
    assert empty_tiers_between(NOBODY_ANYWHERE, after) == (0, 1)


def test_climbing_takes_the_next_tier_before_it_is_due() -> None:
    first, _ = advance(LADDER, NINE)

    after, told = take_next_tier(first, NINE + seconds(5))

    assert told == (LIU, ZHOU)
    assert (after.taken, after.due_at) == (2, NINE + seconds(35))


def test_climbing_at_the_top_changes_nothing() -> None:
    top, _ = advance(LADDER, NINE + timedelta(days=1))

    assert take_next_tier(top, NINE + timedelta(days=1)) == (top, ())


def test_a_tier_that_waits_less_than_ten_seconds_is_refused() -> None:
    with pytest.raises(ValueError, match=r"waits 9\.5 s: at least 10 s"):
        Tier(seconds(9.5), (ZHOU,))


@pytest.mark.parametrize(
    ("presses", "hurried", "expected"),
    [
        ([0, 10], None, False),
        ([0, 10, 29], None, True),
        ([0, 10, 30], None, False),
        ([0, 40, 50, 60], None, True),
        ([0, 10, 20, 25], 20, False),
        ([0, 10, 20, 50, 51, 52], 20, True),
        ([20, 0, 10], None, True),
    ],
)
def test_three_distinct_presses_within_thirty_seconds_are_a_hurry_at_most_once_per_thirty_seconds(
    presses: list[int], hurried: int | None, expected: bool
) -> None:
    at = tuple(NINE + seconds(press) for press in presses)

    assert asks_for_next_tier(at, None if hurried is None else NINE + seconds(hurried), max(at)) is expected


def test_the_tier_of_the_lead_is_the_one_that_names_her() -> None:
    policy = Policy("day", 1, (Step(30, ("board", "duty:primary")), Step(30, ("role:grid_head", "duty:lead"))))

    assert lead_tier(policy) == 1
    assert lead_tier(Policy("day", 1, policy.steps[:1])) is None


ladders = st.builds(
    lambda rungs: Escalation(
        tuple(Tier(seconds(wait), tuple(AccountId(f"p{n}") for n in people)) for wait, people in rungs), 0, NINE
    ),
    st.lists(st.tuples(st.integers(10, 600), st.lists(st.integers(0, 5), max_size=3)), min_size=1, max_size=6),
)


@given(ladders, st.floats(0, 3600), st.floats(0, 3600))
def test_how_often_we_look_does_not_change_who_is_told(ladder: Escalation, first: float, then: float) -> None:
    once, told_once = advance(ladder, NINE + seconds(first) + seconds(then))
    halfway, told_first = advance(ladder, NINE + seconds(first))
    twice, told_then = advance(halfway, NINE + seconds(first) + seconds(then))

    assert set(told_once) == {*told_first, *told_then}
    assert once == twice


@given(ladders, st.lists(st.floats(0, 900), max_size=8))
def test_an_escalation_only_climbs_and_always_gets_to_the_top(ladder: Escalation, looks: list[float]) -> None:
    now, at = NINE, ladder
    for wait in looks:
        now += seconds(wait)
        after, _ = advance(at, now)
        assert at.taken <= after.taken <= len(ladder.tiers)
        assert (after.due_at is None) == (after.taken == len(ladder.tiers))
        assert after.due_at is None or after.due_at > now
        at = after

    top, _ = advance(at, now + timedelta(seconds=600 * 6))
    assert (top.taken, top.due_at) == (len(ladder.tiers), None)


@given(ladders)
def test_somebody_is_told_at_once_when_anybody_can_be(ladder: Escalation) -> None:
    _, told = advance(ladder, NINE)

    assert bool(told) == any(tier.responders for tier in ladder.tiers)


def test_a_centre_that_has_written_no_tiers_calls_these_and_waits_so_long() -> None:
    assert [(step.wait_seconds, *step.targets) for step in OPENING_HOURS] == [
        (30, "board", "duty:primary", "lamp:corridor"),
        (30, "duty:centre_staff", "siren:corridor"),
        (60, "duty:secondary"),
        (60, "duty:lead", "role:grid_head"),
        (60, "role:street_office"),
    ]
    assert [(step.wait_seconds, *step.targets) for step in OUT_OF_HOURS] == [
        (60, "board", "duty:primary"),
        (60, "duty:secondary"),
        (60, "duty:lead", "role:grid_head"),
        (60, "role:street_office"),
    ]
