"""Whom the tiers need: which have nobody, and when nobody will have a duty that they call."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg

from hub.alarms import duties
from hub.alarms.duties import EmptyTier, opening_hours
from hub.alarms.model import Applies
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.roster.model import TimeSpan
from tests.fakes.house import House

OUR_TIERS = """[
    {"wait_seconds": 30, "targets": ["board", "duty:primary", "role:street_office"]},
    {"wait_seconds": 30, "targets": ["duty:secondary"]},
    {"wait_seconds": 30, "targets": ["board"]}
]"""
LANZHOU = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=LANZHOU)


def test_opening_hours_are_those_of_the_centre_s_clock_cut_off_at_both_ends() -> None:
    found = opening_hours(time(8), time(20), LANZHOU, at(23, 10), at(25, 7))

    assert found == [TimeSpan(at(23, 10), at(23, 20)), TimeSpan(at(24, 8), at(24, 20))]


def test_a_centre_that_is_open_until_midnight_is_open_until_the_next_day() -> None:
    found = opening_hours(time(0), time.max, LANZHOU, at(23, 10), at(24, 12))

    assert [(span.from_at.astimezone(UTC), span.to_at.astimezone(UTC)) for span in found] == [
        (at(23, 10), at(24, 0)),
        (at(24, 0), at(24, 12)),
    ]


async def test_a_tier_is_empty_when_nobody_has_any_of_its_duties_and_roles(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "INSERT INTO escalation_policy "
            "VALUES ('e-1', 'jiuquan-road', 'opening_hours', 'ours', 1, %s, %s, NULL, true)",
            (OUR_TIERS, clock.now()),
        )

    async def empty(without: str | None = None) -> list[EmptyTier]:
        async with database.transaction() as conn:
            gone = None if without is None else house.chen
            found = await duties.empty_tiers(conn, house.centre, clock.now(), without=gone)
            return [tier for tier in found if tier.applies is Applies.OPENING_HOURS]

    before, when_she_is_gone = await empty(), await empty(without=house.chen)
    clock.advance(timedelta(days=21))
    when_nothing_is_written = await empty()

    second = EmptyTier(Applies.OPENING_HOURS, 2, ("duty:secondary",))
    assert (before, when_she_is_gone) == ([], [second])
    assert when_nothing_is_written == [
        EmptyTier(Applies.OPENING_HOURS, 1, ("duty:primary", "role:street_office")),
        second,
    ]
