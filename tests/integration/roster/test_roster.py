"""Who is on duty, asked of real rows."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from hub.access.errors import NoSuchAccount
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import AccountId
from hub.ledger.edit import COMMAND_LINE, edit
from hub.roster import service
from hub.roster.errors import NeverOnDuty
from hub.roster.model import DailyShift, Duty
from tests.fakes.entries import entries_of, person_of
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
    clock.advance(timedelta(days=21))
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


async def test_the_next_fourteen_days_show_where_nobody_is(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    write(database_url, "UPDATE shift SET to_at = to_at - interval '20 days'")

    async with database.transaction() as conn:
        (gap,) = await service.gaps_ahead(conn, house.centre, Duty.PRIMARY, clock.now())

    assert gap.from_at == clock.now() + timedelta(days=1)
    assert gap.to_at == clock.now() + timedelta(days=14)


NIGHT = DailyShift(AccountId("chen"), Duty.SECONDARY, time(20), time(8))


async def write_pattern(database: Database, house: House, clock: SetClock, *pattern: DailyShift) -> None:
    async with edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.write_daily_shifts(editing, house.centre, pattern, ZoneInfo("Asia/Shanghai"))


async def test_a_pattern_is_written_once_and_its_end_ends_what_is_to_come(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    for pattern in ((NIGHT,), (NIGHT,), (), ()):
        await write_pattern(database, house, clock, *pattern)

    said = {"person": person_of(database_url, "account", "chen"), "by": "command line"}
    assert entries_of(database_url) == [
        ("shifts.written", {**said, "written": 29, "ended": 0}),
        ("shifts.written", {**said, "written": 0, "ended": 28}),
    ]


@pytest.mark.parametrize("role", ["family", "auditor"])
async def test_nobody_is_on_duty_who_takes_no_alarms(
    database: Database, database_url: str, house: House, clock: SetClock, role: str
) -> None:
    write(database_url, f"UPDATE account SET role = '{role}' WHERE id = 'chen'")

    with pytest.raises(NeverOnDuty):
        await write_pattern(database, house, clock, NIGHT)


async def test_nobody_is_on_duty_who_has_no_account(database: Database, house: House, clock: SetClock) -> None:
    with pytest.raises(NoSuchAccount):
        await write_pattern(database, house, clock, replace(NIGHT, account_id=AccountId("nobody")))
