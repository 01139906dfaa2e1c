"""When nobody has a duty."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kit.ids import AccountId
from hub.roster.gaps import gaps_of, gaps_within, roster_end
from hub.roster.model import Duty, Gap, RosterEnd, Shift, TimeSpan

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)


def at(hour: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def shift(from_hour: float, to_hour: float, duty: Duty = Duty.PRIMARY) -> Shift:
    return Shift(f"{duty}-{from_hour}", AccountId("zhou"), duty, at(from_hour), at(to_hour))


def gap(from_hour: float, to_hour: float) -> Gap:
    return Gap(Duty.PRIMARY, at(from_hour), at(to_hour))


def test_a_day_that_is_covered_by_overlapping_shifts_has_no_gap() -> None:
    assert gaps_of([shift(7, 16), shift(0, 8), shift(15, 24)], Duty.PRIMARY, at(0), at(24)) == ()


def test_what_nobody_covers_is_named_with_its_times() -> None:
    shifts = [shift(8, 12), shift(13, 20), shift(9, 11)]

    assert gaps_of(shifts, Duty.PRIMARY, at(0), at(24)) == (gap(0, 8), gap(12, 13), gap(20, 24))


def test_another_duty_covers_nothing() -> None:
    assert gaps_of([shift(0, 24, Duty.SECONDARY)], Duty.PRIMARY, at(0), at(24)) == (gap(0, 24),)


def test_shifts_before_and_after_the_time_in_question_do_not_count() -> None:
    assert gaps_of([shift(-5, -1), shift(25, 30)], Duty.PRIMARY, at(0), at(24)) == (gap(0, 24),)


@given(st.lists(st.tuples(st.integers(-10, 40), st.integers(1, 20))), st.integers(0, 23))
def test_each_hour_is_either_in_a_shift_or_in_a_gap(spans: list[tuple[int, int]], hour: int) -> None:
    shifts = [shift(start, start + length) for start, length in spans]

    found = gaps_of(shifts, Duty.PRIMARY, at(0), at(24))

    middle = at(hour + 0.5)
    in_gap = sum(one.from_at <= middle < one.to_at for one in found)
    in_shift = any(one.from_at <= middle < one.to_at for one in shifts)
    assert in_gap == (0 if in_shift else 1)


def at_hour(hour: int) -> datetime:
    return datetime(2026, 11, 23, hour, tzinfo=UTC)


def test_a_gap_counts_where_it_lies_within_the_hours() -> None:
    gaps = (Gap(Duty.PRIMARY, at_hour(6), at_hour(10)), Gap(Duty.PRIMARY, at_hour(17), at_hour(22)))
    hours = (TimeSpan(at_hour(8), at_hour(18)), TimeSpan(at_hour(20), at_hour(21)))

    assert gaps_within(gaps, hours) == (
        Gap(Duty.PRIMARY, at_hour(8), at_hour(10)),
        Gap(Duty.PRIMARY, at_hour(17), at_hour(18)),
        Gap(Duty.PRIMARY, at_hour(20), at_hour(21)),
    )


def test_a_gap_goes_on_where_one_day_s_hours_begin_as_those_before_them_end() -> None:
    gaps = (Gap(Duty.PRIMARY, at(10), at(40)), Gap(Duty.SECONDARY, at(40), at(44)))
    days = [TimeSpan(at(0), at(24)), TimeSpan(at(24), at(48))]

    assert gaps_within(gaps, days) == gaps


NOW = at_hour(9)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("last_ends", "end"),
    [
        ({}, None),
        ({Duty.PRIMARY: NOW + 3 * DAY}, RosterEnd(Duty.PRIMARY, NOW + 3 * DAY)),
        ({Duty.PRIMARY: NOW + 9 * DAY, Duty.LEAD: NOW + 3 * DAY}, RosterEnd(Duty.LEAD, NOW + 3 * DAY)),
        # The lead's was given up four weeks ago; a day less, and it is missed.
        ({Duty.PRIMARY: NOW + 9 * DAY, Duty.LEAD: NOW - 28 * DAY}, RosterEnd(Duty.PRIMARY, NOW + 9 * DAY)),
        ({Duty.PRIMARY: NOW + 9 * DAY, Duty.LEAD: NOW - 27 * DAY}, RosterEnd(Duty.LEAD, NOW - 27 * DAY)),
        # Nobody has written anything for a quarter of a year: the roster is over, however long ago.
        ({Duty.PRIMARY: NOW - 80 * DAY, Duty.LEAD: NOW - 90 * DAY}, RosterEnd(Duty.PRIMARY, NOW - 80 * DAY)),
    ],
)
def test_the_roster_ends_with_the_first_duty_that_is_not_written_further(
    last_ends: dict[Duty, datetime], end: RosterEnd | None
) -> None:
    assert roster_end(last_ends, NOW) == end


def test_of_duties_that_end_at_once_it_is_always_the_same_one() -> None:
    forward = dict.fromkeys(Duty, NOW)

    assert roster_end(forward, NOW) == roster_end(dict(reversed(forward.items())), NOW) == RosterEnd(Duty.PRIMARY, NOW)
