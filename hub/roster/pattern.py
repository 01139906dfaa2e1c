"""Which shifts does a daily pattern come to?"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.roster.model import DailyShift, Shift

SHIFTS_AHEAD: Final = timedelta(days=28)
"""How far shifts are written; writing the pattern again goes on from there."""


def shifts_of(pattern: Iterable[DailyShift], zone: ZoneInfo, now: datetime) -> Iterator[Shift]:
    """The shifts of a pattern from yesterday (a night shift may still run) to four weeks ahead, with their ids."""
    daily = tuple(pattern)
    today = now.astimezone(zone).date()
    for days in range(-1, SHIFTS_AHEAD.days):
        for shift in daily:
            from_at, to_at = shift_times(shift, today + timedelta(days=days), zone)
            shift_id = f"shift-{shift.account_id}-{shift.duty}-{from_at:%Y%m%dT%H%M}"
            yield Shift(shift_id, shift.account_id, shift.duty, from_at, to_at)


def shift_times(shift: DailyShift, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a shift that begins on `day` begins and ends, in UTC."""
    from_at, to_at = _moment_in_zone(day, shift.from_, zone), _moment_in_zone(day, shift.to, zone)
    if to_at <= from_at:
        to_at = _moment_in_zone(day + timedelta(days=1), shift.to, zone)
    return from_at, to_at


def _moment_in_zone(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A time of day in the centre's zone; `time.max` stands for 24:00, the first moment of the next day."""
    if at == time.max:
        day, at = day + timedelta(days=1), time.min
    return datetime.combine(day, at, zone).astimezone(UTC)
