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
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.roster import service
from hub.roster.errors import NeverOnDuty
from hub.roster.model import DailyShift, Duty, Gap, Shift
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
        gaps = await service.gaps_ahead(conn, house.centre, clock.now())

    (gap,) = [gap for gap in gaps if gap.duty is Duty.PRIMARY]
    assert gap.from_at == clock.now() + timedelta(days=1)
    assert gap.to_at == clock.now() + timedelta(days=14)


async def test_a_centre_that_never_closes_has_one_gap_for_as_long_as_nobody_comes(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    """The whole staff is called in opening hours alone."""
    write(database_url, "UPDATE centre SET opens = '00:00', closes = '23:59:59.999999'")
    write(database_url, "UPDATE shift SET to_at = to_at - interval '20 days' WHERE duty = 'centre_staff'")

    async with database.transaction() as conn:
        gaps = await service.gaps_ahead(conn, house.centre, clock.now())

    now = clock.now()
    assert gaps == [Gap(Duty.CENTRE_STAFF, now + timedelta(days=1), now + timedelta(days=14))]


async def test_a_centre_that_never_closes_misses_nobody_for_closed_hours(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    write(database_url, "UPDATE centre SET opens = '00:00', closes = '23:59:59.999999'")
    write(database_url, "DELETE FROM called_duty WHERE applies = 'opening_hours'")

    async with database.transaction() as conn:
        found = await service.gaps_ahead(conn, house.centre, clock.now())
        end = await service.end_of_roster(conn, house.centre, clock.now())

    assert (found, end) == ([], None)


NIGHT = DailyShift(AccountId("chen"), Duty.SECONDARY, time(20), time(8))


async def write_pattern(database: Database, house: House, clock: SetClock, *pattern: DailyShift) -> None:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.write_daily_shifts(editing, house.centre, pattern, ZoneInfo("Asia/Shanghai"))


async def shifts_of_chen(database: Database, house: House, clock: SetClock) -> list[Shift]:
    async with database.transaction() as conn:
        shifts = await service.shifts_ahead(conn, house.centre, clock.now())
    return [shift for shift in shifts if shift.account_id == NIGHT.account_id]


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


async def test_a_shift_that_is_taken_out_and_put_back_is_to_come_again(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    write(database_url, "DELETE FROM shift WHERE duty = 'secondary'")
    for pattern in ((NIGHT,), (), (NIGHT,), (NIGHT,)):
        await write_pattern(database, house, clock, *pattern)

    said = {"person": person_of(database_url, "account", "chen"), "by": "command line"}
    assert entries_of(database_url)[-2:] == [
        ("shifts.written", {**said, "written": 0, "ended": 28}),
        ("shifts.written", {**said, "written": 28, "ended": 0}),
    ]
    clock.advance(timedelta(hours=11))
    assert await on_duty(database, house, Duty.SECONDARY, clock) == ["chen"]


async def test_a_shift_that_is_put_back_while_it_would_run_begins_now(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    write(database_url, "DELETE FROM shift WHERE duty = 'secondary'")
    await write_pattern(database, house, clock, NIGHT)
    await write_pattern(database, house, clock)
    clock.advance(timedelta(hours=11))
    assert await on_duty(database, house, Duty.SECONDARY, clock) == []

    await write_pattern(database, house, clock, NIGHT)

    assert await on_duty(database, house, Duty.SECONDARY, clock) == ["chen"]
    first, *_ = await shifts_of_chen(database, house, clock)
    assert first.from_at == clock.now()


@pytest.mark.parametrize(("ends", "hours_left"), [(time(10), 13), (time(6), 9), (time(21), 0)])
async def test_a_shift_that_stands_gets_the_end_that_the_pattern_has_now(
    database: Database, database_url: str, house: House, clock: SetClock, ends: time, hours_left: int
) -> None:
    """At 21:00 of a shift that began at 20:00, and of all that are to come."""
    write(database_url, "DELETE FROM shift WHERE duty = 'secondary'")
    await write_pattern(database, house, clock, NIGHT)
    clock.advance(timedelta(hours=10, minutes=45, seconds=55))

    await write_pattern(database, house, clock, replace(NIGHT, to=ends))
    await write_pattern(database, house, clock, replace(NIGHT, to=ends))

    lasts = {shift.to_at - shift.from_at for shift in await shifts_of_chen(database, house, clock)}
    assert lasts == {timedelta(hours=hours_left + 1)}
    clock.advance(timedelta(hours=hours_left))
    assert await on_duty(database, house, Duty.SECONDARY, clock) == []


async def test_a_shift_that_ended_early_does_not_come_back_with_the_pattern(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    write(database_url, "DELETE FROM shift WHERE duty = 'secondary'")
    await write_pattern(database, house, clock, NIGHT)
    clock.advance(timedelta(hours=11))
    write(database_url, "UPDATE shift SET ended_at = '2026-11-23T12:30Z' WHERE from_at = '2026-11-23T12:00Z'")

    await write_pattern(database, house, clock, NIGHT)

    assert await on_duty(database, house, Duty.SECONDARY, clock) == []


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
