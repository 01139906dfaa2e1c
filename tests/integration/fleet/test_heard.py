"""What is written of devices that were heard: when, and how far their clocks are behind."""

import asyncio
from datetime import timedelta

from hub.fleet import service
from hub.fleet.model import DeviceState
from hub.kit.clock import SetClock
from hub.kit.db import Database
from tests.fakes.house import House


async def test_who_was_heard_is_written_without_waiting_for_a_device_that_says_its_state(
    database: Database, house: House, clock: SetClock
) -> None:
    async with database.transaction() as status, database.transaction() as heard, asyncio.timeout(5):
        await service.record_status(status, house.wang_button, DeviceState.ONLINE, None, clock.now())

        await service.record_heard(heard, {house.wang_button: clock.now(), house.li_button: clock.now()}, {})
        await service.record_batteries(heard, {house.wang_button: 90.0, house.li_button: 80.0})

    async with database.transaction() as conn:
        li = await service.find_device(conn, house.li_button)
    assert li is not None
    assert (li.heard_at, li.battery_percent) == (clock.now(), 80.0)


async def test_what_is_known_of_a_devices_clock_is_written_with_when_it_was_heard_and_stays(
    database: Database, house: House, clock: SetClock
) -> None:
    hour, later = timedelta(hours=1), clock.now() + timedelta(seconds=11)
    async with database.transaction() as conn:
        heard = {house.wang_button: clock.now(), house.li_button: clock.now()}
        await service.record_heard(conn, heard, {house.wang_button: hour})
        await service.record_heard(conn, {house.wang_button: later}, {})
        await service.record_heard(conn, {house.wang_button: later}, {house.wang_button: 2 * hour})

        cursor = await conn.execute("SELECT id, clock_behind FROM device WHERE id IN ('b-li', 'b-wang') ORDER BY id")
        assert await cursor.fetchall() == [("b-li", None), ("b-wang", hour)]
