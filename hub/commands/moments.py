"""Which moment does a person mean by `18:00`, `2h` or `2026-12-03 18:00`, on the centre's clock?"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.commands.work import CannotDo

_LENGTH: Final = re.compile(r"(\d{1,4})(m|h|d)")
_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})")
_DATE_AND_TIME: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[ T](\d{1,2}):(\d{2})")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
DAY: Final = timedelta(days=1)


def parse_moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    """The moment in UTC, always after `now`: a time of day is the next one. Raises CannotDo."""
    text = text.strip()
    if length := _LENGTH.fullmatch(text):
        return _require_later(now + timedelta(**{_UNITS[length[2]]: int(length[1])}), text, now)
    try:
        if found := _TIME.fullmatch(text):
            return _next_time_of_day(int(found[1]), int(found[2]), zone, now)
        if found := _DATE_AND_TIME.fullmatch(text):
            year, month, day, hour, minute = map(int, found.groups())
            return _require_later(datetime(year, month, day, hour, minute, tzinfo=zone).astimezone(UTC), text, now)
    except ValueError:
        pass  # such as 25:00, or the 31st of November
    raise CannotDo(f"{text!r} is no moment: write 18:00 for the next 18:00, 30m, 2h, 3d, or 2026-12-03 18:00")


def _next_time_of_day(hour: int, minute: int, zone: ZoneInfo, now: datetime) -> datetime:
    local = now.astimezone(zone)
    today = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (today if today > local else today + DAY).astimezone(UTC)


def _require_later(moment: datetime, text: str, now: datetime) -> datetime:
    if moment <= now:
        raise CannotDo(f"{text} is over: write a moment that is still to come")
    return moment
