"""A Last Will counts when its device is gone, and not while another connection of the device lives."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.mqtt.codec import Disconnect, Pingreq, Pingresp, Will
from hub.mqtt.model import End
from tests.integration.mqtt.fakes import CENTRE, Bench, press, until

OFFLINE = Will(f"{CENTRE}/status/b-01", b'{"v":1,"state":"offline"}', qos=1, retain=True)
NEWER = Will(f"{CENTRE}/status/b-01", b'{"v":1,"state":"offline","fw":"2"}', qos=1, retain=True)


async def test_an_old_connection_that_hung_says_nothing_of_a_device_that_came_back(bench: Bench) -> None:
    async with (
        bench.raw(client_id="old", keep_alive_seconds=10, will=OFFLINE) as old,
        bench.raw(client_id="new", keep_alive_seconds=60, will=NEWER) as new,
    ):
        bench.clock.advance(timedelta(seconds=16))

        assert await old.next() is None
        await new.send(Pingreq())
        assert await new.next() == Pingresp()
        assert bench.state.got.empty()
        new.abort()
        assert (await bench.state.next()).payload == NEWER.payload
    assert bench.broker.counts[End.SILENT] == 1


async def test_a_client_that_is_taken_over_by_itself_is_not_gone(bench: Bench) -> None:
    async with bench.raw(will=OFFLINE) as old, bench.raw(will=NEWER) as new:
        assert await old.next() is None
        await new.send(press(1))
        await bench.alarm.next()

        assert bench.state.got.empty()
        new.abort()
        assert (await bench.state.next()).payload == NEWER.payload


@pytest.mark.parametrize("leaves", [True, False])
async def test_what_the_old_connection_left_counts_when_the_last_one_is_gone(leaves: bool, bench: Bench) -> None:
    async with bench.raw(client_id="new") as new:
        async with bench.raw(client_id="old", will=OFFLINE) as old:
            old.abort()
            await until(lambda: bench.broker.connections == 1)
        assert bench.state.got.empty()
        if leaves:
            await new.send(Disconnect())
        else:
            new.abort()

        assert (await bench.state.next()).payload == OFFLINE.payload


async def test_a_tool_beside_the_device_ends_and_the_device_is_still_there(bench: Bench) -> None:
    async with bench.raw(client_id="button", will=OFFLINE) as button:
        async with bench.raw(client_id="tool", will=NEWER) as tool:
            tool.abort()
            await until(lambda: bench.broker.connections == 1)
        await button.send(press(1))
        await bench.alarm.next()

        assert bench.state.got.empty()


async def test_another_device_has_a_will_of_its_own(bench: Bench) -> None:
    async with bench.raw("b-02"), bench.raw("b-01", will=OFFLINE) as gone:
        gone.abort()

        assert (await bench.state.next()).payload == OFFLINE.payload
