"""Which weeks of readings must have a partition, and which are past their retention?"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

AHEAD = timedelta(days=14)
BEHIND = timedelta(days=7)


def monday_of(at: datetime) -> date:
    """The Monday, in UTC, of the week that holds `at`: weeks of readings are cut there."""
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def wanted_weeks(now: datetime) -> list[datetime]:
    """A moment in each week from the last to two ahead: late readings find their week, and midnight makes none."""
    weeks = (BEHIND + AHEAD).days // 7 + 1
    return [now - BEHIND + timedelta(weeks=n) for n in range(weeks)]
