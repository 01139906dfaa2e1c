"""Do Paho, Mosquitto's programs and uvloop get on with the built-in broker?"""

from __future__ import annotations

import asyncio

import pytest
import uvloop
from paho.mqtt.enums import MQTTProtocolVersion

from hub.mqtt.codec import Puback, Publish
from hub.mqtt.model import End
from tests.integration.mqtt.fakes import CENTRE, PRESS, Bench, Paho, press, reading, running_broker, until, within


async def test_paho_presses_hears_its_cue_and_comes_back_to_what_it_missed(bench: Bench) -> None:
    async with Paho(bench.broker.port, "b-01", clean=False) as button:
        await within(button.connects.get())
        assert [code.value for code in await button.subscribe(f"{CENTRE}/cue/b-01")] == [1]
        sent = button.client.publish(f"{CENTRE}/alarm/b-01", PRESS, qos=1)
        assert await within(button.published.get()) == sent.mid
        await bench.broker.publish(f"{CENTRE}/cue/b-01", b"received")
        assert (await button.next()).payload == b"received"

    await until(lambda: not bench.broker.is_connected("b-01"))
    await bench.broker.publish(f"{CENTRE}/cue/b-01", b"coming")
    async with Paho(bench.broker.port, "b-01", clean=False) as button:
        code, session_present = await within(button.connects.get())
        assert (code.value, session_present) == (0, True)
        # What it had not acknowledged when it went comes once more (QoS 1), before what it missed.
        cues = [(await button.next()).payload]
        if cues == [b"received"]:
            cues.append((await button.next()).payload)
        assert cues[-1] == b"coming"
    assert (await bench.alarm.next()).payload == PRESS


async def test_paho_is_told_that_its_password_is_wrong(bench: Bench) -> None:
    async with Paho(bench.broker.port, "b-01", password="guess") as button:
        code, _ = await within(button.connects.get())

        assert code.getName() == "Bad user name or password"


async def test_a_client_of_mqtt_5_is_told_that_its_version_is_not_spoken(bench: Bench) -> None:
    async with Paho(bench.broker.port, "b-01", protocol=MQTTProtocolVersion.MQTTv5) as button:
        code, _ = await within(button.connects.get())

        assert code.getName() == "Unsupported protocol version"


@pytest.mark.mosquitto
async def test_mosquitto_pub_presses_and_mosquitto_sub_shows_the_traffic(bench: Bench) -> None:
    common = ("-h", "127.0.0.1", "-p", str(bench.broker.port))
    watcher = await asyncio.create_subprocess_exec(
        *("mosquitto_sub", *common, "-u", "observer", "-P", "observer-secret", "-t", "anling/#", "-v", "-q", "1"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert watcher.stdout is not None
        await until(lambda: bench.broker.is_connected("observer"))
        sender = await asyncio.create_subprocess_exec(
            *("mosquitto_pub", *common, "-u", "b-01", "-P", "b-01-secret", "-i", "b-01", "-q", "1", "-r"),
            *("-t", f"{CENTRE}/status/b-01", "-m", "online"),
        )
        assert await within(sender.wait()) == 0
        sender = await asyncio.create_subprocess_exec(
            *("mosquitto_pub", *common, "-u", "b-01", "-P", "b-01-secret", "-i", "b-01", "-q", "1"),
            *("-t", f"{CENTRE}/alarm/b-01", "-m", PRESS.decode()),
        )
        assert await within(sender.wait()) == 0

        assert await within(watcher.stdout.readline()) == f"{CENTRE}/status/b-01 online\n".encode()
        assert await within(watcher.stdout.readline()) == f"{CENTRE}/alarm/b-01 ".encode() + PRESS + b"\n"
    finally:
        watcher.terminate()
        await within(watcher.wait())
    assert (await bench.alarm.next()).payload == PRESS


@pytest.mark.mosquitto
async def test_mosquitto_pub_fails_when_the_press_could_not_be_kept(bench: Bench) -> None:
    bench.alarm.broken = True
    sender = await asyncio.create_subprocess_exec(
        *("mosquitto_pub", "-h", "127.0.0.1", "-p", str(bench.broker.port), "-u", "b-01", "-P", "b-01-secret"),
        *("-q", "1", "-t", f"{CENTRE}/alarm/b-01", "-m", PRESS.decode()),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: bench.broker.counts[End.NOT_DURABLE] > 0)
    finally:
        if sender.returncode is None:
            sender.terminate()
        assert await within(sender.wait()) != 0


def test_the_broker_keeps_its_word_on_uvloop_too() -> None:
    async def press_once() -> None:
        async with running_broker() as bench, bench.raw() as client:
            await client.send(press(1), *[Publish(f"{CENTRE}/tele/b-01", b"{}")] * 1000, reading(2))
            assert [await client.next(), await client.next()] == [Puback(1), Puback(2)]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(press_once())
