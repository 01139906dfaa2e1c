"""When a centre is open, and when it is closed."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from hub.centre.model import Applies
from hub.roster.hours import hours_of, opening_hours
from hub.roster.model import TimeSpan

LANZHOU = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=LANZHOU)


WHOLE = TimeSpan(at(23, 10), at(25, 7))
OPENED = [TimeSpan(at(23, 10), at(23, 20)), TimeSpan(at(24, 8), at(24, 20))]


def test_opening_hours_are_those_of_the_centre_s_clock_cut_off_at_both_ends() -> None:
    assert opening_hours(time(8), time(20), LANZHOU, WHOLE) == OPENED


def test_a_centre_that_is_open_until_midnight_is_open_until_the_next_day() -> None:
    found = opening_hours(time(0), time.max, LANZHOU, TimeSpan(at(23, 10), at(24, 12)))

    assert [(span.from_at.astimezone(UTC), span.to_at.astimezone(UTC)) for span in found] == [
        (at(23, 10), at(24, 0)),
        (at(24, 0), at(24, 12)),
    ]


@pytest.mark.parametrize(
    ("applies", "hours"),
    [
        ([Applies.OPENING_HOURS], OPENED),
        ([Applies.OUT_OF_HOURS], [TimeSpan(at(23, 20), at(24, 8)), TimeSpan(at(24, 20), at(25, 7))]),
        (list(Applies), [WHOLE]),
    ],
)
def test_what_is_not_open_is_closed_and_both_are_the_whole_time(applies: list[Applies], hours: list[TimeSpan]) -> None:
    assert hours_of(applies, OPENED, WHOLE) == hours
