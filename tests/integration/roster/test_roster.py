"""Who is on duty, asked of real rows."""

from datetime import timedelta

import psycopg

from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.roster import service
from hub.roster.model import Duty
from tests.fakes.house import House


def write(url: str, statement: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute(statement.encode())


async def on_duty(database: Database, house: House, duty: Duty, clock: SetClock) -> list[str]:
    async with database.transaction() as conn:
        return list(await service.on_duty(conn, house.centre, duty, clock.now()))


async def test_whoever_has_the_shift_is_on_duty(database: Database, house: House, clock: SetClock) -> None:
    assert await on_duty(database, house, Duty.PRIMARY, clock) == [house.zhou]
    assert await on_duty(database, house, Duty.CENTRE_STAFF, clock) == [house.liu]


async def test_nobody_is_on_duty_after_the_shift_or_after_its_early_end(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    write(database_url, "UPDATE shift SET ended_at = '2026-11-23T02:00Z' WHERE account_id = 'zhou'")

    assert await on_duty(database, house, Duty.PRIMARY, clock) == []
    clock.advance(timedelta(days=2))
    assert await on_duty(database, house, Duty.SECONDARY, clock) == []


async def test_an_account_that_is_disabled_is_not_on_duty(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    write(database_url, "UPDATE account SET active = false WHERE id = 'zhou'")

    assert await on_duty(database, house, Duty.PRIMARY, clock) == []


async def test_the_lead_is_a_fixed_post_when_no_shift_says_otherwise(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    write(database_url, "DELETE FROM shift WHERE duty = 'lead'")

    assert await on_duty(database, house, Duty.LEAD, clock) == [house.sun]


async def test_the_next_fourteen_days_show_where_nobody_is(database: Database, house: House, clock: SetClock) -> None:
    async with database.transaction() as conn:
        (gap,) = await service.gaps_ahead(conn, house.centre, Duty.PRIMARY, clock.now())

    assert gap.from_at == clock.now() + timedelta(days=1)
    assert gap.to_at == clock.now() + timedelta(days=14)
