"""Who is signed in or invited is so for as long as before, whatever the wall clock is set to."""

from datetime import timedelta

import psycopg
import pytest

from hub.access.clock_steps import adjust_access_to_clock, clamp_access
from hub.kit.clock import ClockSet, SetClock
from hub.kit.db import Database
from tests.fakes.house import House


def arrange(url: str, clock: SetClock) -> None:
    with psycopg.connect(url) as conn:
        now = clock.now()
        conn.execute(
            "INSERT INTO session (id, account_id, kind, created_at, seen_at, idle_until, ends_at) "
            "VALUES (sha256('s'), 'zhou', 'staff', %s, %s, %s, %s)",
            (now, now, now + timedelta(hours=1), now + timedelta(hours=12)),
        )
        conn.execute(
            "INSERT INTO invitation (id, account_id, made_at, ends_at) VALUES (sha256('i'), 'zhou', %s, %s)",
            (now, now + timedelta(days=7)),
        )
        conn.execute(
            "INSERT INTO first_administrator (id, made_at, ends_at) VALUES (sha256('f'), %s, %s)",
            (now, now + timedelta(hours=1)),
        )


def hold_for(url: str, clock: SetClock) -> list[timedelta]:
    with psycopg.connect(url) as conn:
        found = conn.execute(
            "SELECT idle_until FROM session UNION ALL SELECT ends_at FROM session "
            "UNION ALL SELECT ends_at FROM invitation UNION ALL SELECT ends_at FROM first_administrator"
        ).fetchall()
    return [ends_at - clock.now() for (ends_at,) in found]


HOLD = [timedelta(hours=1), timedelta(hours=12), timedelta(days=7), timedelta(hours=1)]


@pytest.mark.parametrize("by", [timedelta(hours=-2), timedelta(minutes=11), timedelta(days=365 * 3)], ids=str)
async def test_sessions_and_links_hold_as_long_as_before_the_clock_was_set(
    pages_database: Database, database_url: str, house: House, clock: SetClock, by: timedelta
) -> None:
    arrange(database_url, clock)

    clock.set_wall(by)
    async with pages_database.transaction() as conn:
        await adjust_access_to_clock(conn, ClockSet(by, clock.now()))

    assert hold_for(database_url, clock) == HOLD


async def test_after_a_start_with_a_clock_behind_nobody_is_signed_in_for_longer(
    pages_database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    arrange(database_url, clock)

    clock.set_wall(timedelta(days=-365 * 26))
    async with pages_database.transaction() as conn:
        await clamp_access(conn, clock.now())

    assert hold_for(database_url, clock) == HOLD


async def test_a_session_that_was_over_before_the_clock_was_set_stays_over(
    pages_database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    arrange(database_url, clock)
    clock.advance(timedelta(hours=2))

    clock.set_wall(timedelta(hours=3))
    async with pages_database.transaction() as conn:
        await adjust_access_to_clock(conn, ClockSet(timedelta(hours=3), clock.now()))

    assert hold_for(database_url, clock)[0] < timedelta()
