"""Are rows locked in one order? Who waits for one kind holds nothing that comes after it (DECISIONS 37)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg

from hub.alarms import clock_steps, last_resort, service, sounder_store, store
from hub.kit.clock import ClockSet
from hub.kit.db import Conn
from hub.kit.ids import PressId
from hub.rules.model import Finding, Priority
from tests.fakes.deadlocks import WAITS_FOR_A_LOCK
from tests.integration.alarms.conftest import Desk

FIRST_PRESS = PressId("p-01jdbkz4f00000000000000001")
SECOND_PRESS = PressId("p-01jdbkz4f00000000000000002")
HELD_BY_NOBODY = {
    "alarms": "SELECT FROM alarm FOR UPDATE NOWAIT",
    "timers": "SELECT FROM alarm_timer FOR UPDATE NOWAIT",
    "number of the day": "SELECT FROM alarm_number FOR UPDATE NOWAIT",
    "messages to devices": "SELECT FROM device_command FOR UPDATE NOWAIT",
    "head of the ledger": "SELECT FROM ledger_head FOR UPDATE NOWAIT",
}
"""Raises LockNotAvailable at once when another transaction has locked one of them."""


@asynccontextmanager
async def somebody_else(desk: Desk) -> AsyncIterator[Conn]:
    """A transaction of another process, which ends within the test; what waits for it waits no longer than that."""
    async with asyncio.timeout(20), await psycopg.AsyncConnection.connect(desk.url) as conn:
        yield conn


async def until_waiting(desk: Desk) -> None:
    """Until a transaction waits for a lock."""
    while not desk.rows(WAITS_FOR_A_LOCK):
        await asyncio.sleep(0.01)


async def find_held(conn: Conn, *names: str) -> list[str]:
    """Which of these some other transaction has locked."""
    held = []
    for name in names:
        try:
            async with conn.transaction():
                await conn.execute(HELD_BY_NOBODY[name].encode())
        except psycopg.errors.LockNotAvailable:
            held.append(name)
    return held


async def test_a_press_that_waits_for_the_devices_of_its_centre_holds_nothing_that_comes_after_them(desk: Desk) -> None:
    await desk.pressed_alarm()
    async with somebody_else(desk) as other, asyncio.TaskGroup() as tasks:
        await sounder_store.lock_devices(other)
        press = tasks.create_task(desk.press(device=desk.house.li_button, senior=desk.house.li, press_id=SECOND_PRESS))
        await until_waiting(desk)

        held = await find_held(other, "number of the day", "messages to devices", "head of the ledger")
        await other.commit()

    assert held == []
    assert press.result().opened


async def test_what_switches_no_device_waits_for_no_other_alarm_that_does(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.liu)
    async with somebody_else(desk) as other:
        await sounder_store.lock_devices(other)

        await desk.wait(121)

    assert "arrive-nudge" in {template for _, template in desk.told(alarm_id)}


async def test_a_press_that_waits_for_its_key_holds_no_alarm(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    ((key,),) = desk.rows("SELECT key FROM alarm")
    async with somebody_else(desk) as other, asyncio.TaskGroup() as tasks:
        await store.lock_keys(other, [key])
        again = tasks.create_task(desk.press(press_id=SECOND_PRESS))
        await until_waiting(desk)

        held = await find_held(other, "alarms", "timers", "messages to devices", "head of the ledger")
        await other.commit()

    assert held == []
    assert (again.result().alarm_id, again.result().opened) == (alarm_id, False)


async def test_a_press_that_waits_for_the_alarm_of_its_key_holds_nothing_that_comes_after_it(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    async with somebody_else(desk) as other, asyncio.TaskGroup() as tasks:
        await store.lock_alarm(other, alarm_id)
        again = tasks.create_task(desk.press(press_id=SECOND_PRESS))
        await until_waiting(desk)

        held = await find_held(other, "timers", "number of the day", "messages to devices", "head of the ledger")
        await other.commit()

    assert held == []
    assert (again.result().alarm_id, again.result().opened) == (alarm_id, False)


async def test_two_presses_of_one_key_at_once_open_one_alarm(desk: Desk) -> None:
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        presses = [tasks.create_task(desk.press(press_id=press_id)) for press_id in (FIRST_PRESS, SECOND_PRESS)]

    concluded = [press.result() for press in presses]
    assert sorted(one.opened for one in concluded) == [False, True]
    assert len({one.alarm_id for one in concluded}) == 1


async def test_a_clock_that_was_set_waits_for_every_alarm_before_it_moves_a_timer(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()

    async def set_back() -> None:
        async with desk.database.transaction() as conn:
            await clock_steps.adjust_waits_to_clock(
                conn, ClockSet(-timedelta(hours=1), since=desk.clock.now()), desk.clock.now()
            )

    async with somebody_else(desk) as other, asyncio.TaskGroup() as tasks:
        await store.lock_alarm(other, alarm_id)
        tasks.create_task(set_back())
        await until_waiting(desk)

        held = await find_held(other, "timers", "messages to devices", "head of the ledger")
        await other.commit()

    assert held == []


async def test_timers_of_a_clock_that_is_behind_are_moved_once_every_alarm_is_locked(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    hour_ago = desk.clock.now() - timedelta(hours=1)

    async def bring_near() -> None:
        async with desk.database.transaction() as conn:
            await clock_steps.clamp_waits(conn, hour_ago)

    async with somebody_else(desk) as other, asyncio.TaskGroup() as tasks:
        await store.lock_alarm(other, alarm_id)
        tasks.create_task(bring_near())
        await until_waiting(desk)

        held = await find_held(other, "timers", "messages to devices", "head of the ledger")
        await other.commit()

    assert held == []
    assert desk.rows("SELECT max(due_at) - %s < interval '15 minutes' FROM alarm_timer", hour_ago) == [(True,)]


async def test_the_last_resort_waits_for_the_devices_of_the_centre_before_it_turns_one_on(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    asked = "SELECT count(*) FROM device_command WHERE device_id = %s"
    ((before,),) = desk.rows(asked, desk.house.siren)

    async def tell() -> None:
        async with desk.database.transaction() as conn:
            await store.lock_alarm(conn, alarm_id)
            await last_resort.notify_by_last_resort(conn, alarm_id, desk.clock.now())

    async with somebody_else(desk) as other, asyncio.TaskGroup() as tasks:
        await sounder_store.lock_devices(other)
        tasks.create_task(tell())
        await until_waiting(desk)

        held = await find_held(other, "messages to devices", "head of the ledger")
        await other.commit()

    assert held == []
    assert desk.rows(asked, desk.house.siren) == [(before + 1,)]


async def test_a_press_that_is_concluded_apart_waits_for_its_key_and_holds_no_alarm(desk: Desk) -> None:
    await desk.pressed_alarm()
    ((key,),) = desk.rows("SELECT key FROM alarm")

    async def conclude() -> None:
        async with desk.database.transaction() as conn:
            await service.conclude_after_defect(conn, [help_for(desk)], desk.clock.now())

    async with somebody_else(desk) as other, asyncio.TaskGroup() as tasks:
        await store.lock_keys(other, [key])
        tasks.create_task(conclude())
        await until_waiting(desk)

        held = await find_held(other, "alarms", "timers", "messages to devices", "head of the ledger")
        await other.commit()

    assert held == []


def help_for(desk: Desk) -> Finding:
    """A call for help of 王奶奶, without a press of its own."""
    return Finding(
        rule_id="press",
        priority=Priority.P1,
        klass="help",
        centre_id=desk.house.centre,
        at=desk.clock.now(),
        senior_id=desk.house.wang,
        device_id=desk.house.wang_button,
        summary={"zh-CN": "王奶奶按了呼叫", "en": "Grandma Wang pressed for help"},
    )
