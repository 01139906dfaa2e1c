"""When, between two moments, is the centre open, and when is it closed?"""

from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.centre.model import Applies
from hub.roster.model import TimeSpan

DAY: Final = timedelta(days=1)


def hours_of(applies: Collection[Applies], opened: Iterable[TimeSpan], whole: TimeSpan) -> list[TimeSpan]:
    """Which parts of `whole` these hours are, while the centre is open in the parts that are `opened`."""
    if len(applies) == len(Applies):
        return [whole]
    return list(opened) if Applies.OPENING_HOURS in applies else _closed_hours(opened, whole)


def opening_hours(opens: time, closes: time, zone: ZoneInfo, whole: TimeSpan) -> list[TimeSpan]:
    """The opening hours of a time, one for each day of the centre's clock, cut off at both ends."""
    first, last = whole.from_at.astimezone(zone).date(), whole.to_at.astimezone(zone).date()
    days = [first + DAY * count for count in range((last - first).days + 1)]
    spans = [TimeSpan(_moment_in_zone(day, opens, zone), _moment_in_zone(day, closes, zone)) for day in days]
    return [
        TimeSpan(max(one.from_at, whole.from_at), min(one.to_at, whole.to_at))
        for one in spans
        if one.from_at < whole.to_at and whole.from_at < one.to_at
    ]


def _moment_in_zone(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A time of day in the centre's zone; `time.max` is 24:00, as DECISIONS 5 says."""
    return datetime.combine(day, time.min, zone) + DAY if at == time.max else datetime.combine(day, at, zone)


def _closed_hours(opened: Iterable[TimeSpan], whole: TimeSpan) -> list[TimeSpan]:
    """What lies between the opening hours."""
    closed, shut_from = [], whole.from_at
    for hours in opened:
        if shut_from < hours.from_at:
            closed.append(TimeSpan(shut_from, hours.from_at))
        shut_from = hours.to_at
    return [*closed, TimeSpan(shut_from, whole.to_at)] if shut_from < whole.to_at else closed
