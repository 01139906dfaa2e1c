"""Does the hub lose nothing behind a real Mosquitto with our configuration, restarted or not?"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from hub.kit.clock import SystemClock
from hub.mqtt.broker_session import BrokerAddress
from hub.mqtt.client import ExternalBroker, ExternalReports
from hub.mqtt.model import Inbound, Receivers, Unreachable
from tests.integration.mqtt.fakes import CENTRE, PRESS, Lane, Mosquitto, Paho, running, until, within

pytestmark = pytest.mark.mosquitto


@dataclass
class Bench:
    mosquitto: Mosquitto
    broker: ExternalBroker
    reports: ExternalReports
    alarm: Lane
    state: Lane
    telemetry: asyncio.Queue[Inbound]

    def button(self, device_id: str = "b-01") -> Paho:
        return Paho(self.mosquitto.port, device_id, protocol=MQTTProtocolVersion.MQTTv5)


@pytest.fixture
async def mosquitto(tmp_path: Path, free_port: int) -> AsyncIterator[Mosquitto]:
    one = Mosquitto(tmp_path / "broker", free_port)
    await one.start()
    yield one
    await one.stop()


def reading_from(mosquitto: Mosquitto) -> Bench:
    alarm, state, telemetry = Lane(), Lane(), asyncio.Queue[Inbound]()
    address = BrokerAddress("127.0.0.1", mosquitto.port, "anling-hub", "hub", "hub-secret")

    def receive(inbound: Inbound, settled: Callable[[], None]) -> None:
        telemetry.put_nowait(inbound)
        settled()

    broker = ExternalBroker(address, receivers=Receivers(alarm, state), clock=SystemClock())
    reports = ExternalReports(address, receive=receive, clock=SystemClock())
    return Bench(mosquitto, broker, reports, alarm, state, telemetry)


@pytest.fixture
async def bench(mosquitto: Mosquitto) -> AsyncIterator[Bench]:
    made = reading_from(mosquitto)
    async with running(made.broker.run), running(made.reports.run):
        await until(lambda: made.broker.is_up and made.reports.is_up)
        yield made


async def press(button: Paho, number: int = 0) -> None:
    button.client.publish(f"{CENTRE}/alarm/b-01", f"press {number}".encode(), qos=1)
    await within(button.published.get())


async def test_a_press_and_a_reading_arrive_each_on_its_lane(bench: Bench) -> None:
    async with bench.button() as button:
        await press(button)
        button.client.publish(f"{CENTRE}/tele/b-01", b"reading", qos=0)

        heard, read = await bench.alarm.next(), await within(bench.telemetry.get())
    assert (heard.payload, heard.publisher, heard.replayed) == (b"press 0", None, False)
    assert read.payload == b"reading"


async def test_a_press_that_was_not_kept_comes_again(bench: Bench) -> None:
    bench.alarm.broken = True
    async with bench.button() as button:
        await press(button)
        await bench.alarm.next()
        bench.alarm.broken = False

        assert (await bench.alarm.next()).payload == b"press 0"


async def test_presses_while_the_hub_is_down_are_delivered_when_it_is_back(mosquitto: Mosquitto) -> None:
    first = reading_from(mosquitto)
    async with running(first.broker.run):
        await until(lambda: first.broker.is_up)
    async with Paho(mosquitto.port, "b-01", protocol=MQTTProtocolVersion.MQTTv5) as button:
        for number in range(1500):  # more than Mosquitto's own default queue
            button.client.publish(f"{CENTRE}/alarm/b-01", f"press {number}".encode(), qos=1)
        for _ in range(1500):
            await within(button.published.get())

    second = reading_from(mosquitto)
    async with running(second.broker.run):
        heard = [(await second.alarm.next()).payload for _ in range(1500)]

    assert heard == [f"press {number}".encode() for number in range(1500)]


async def test_what_was_in_flight_when_the_broker_restarts_comes_again_and_no_stale_answer_is_sent(
    bench: Bench,
) -> None:
    bench.alarm.open.clear()
    async with bench.button() as button:
        await press(button)
    await bench.alarm.next()
    await bench.mosquitto.stop()
    bench.alarm.open.set()
    await until(lambda: not bench.broker.is_up)

    await bench.mosquitto.start()

    assert (await bench.alarm.next()).payload == b"press 0"
    await until(lambda: bench.broker.is_up)
    assert bench.broker.lost_sessions == 0
    async with bench.button() as button:
        await press(button, 1)
        assert (await bench.alarm.next()).payload == b"press 1"


async def test_a_press_without_qos_that_is_in_flight_is_kept_when_the_connection_is_lost(bench: Bench) -> None:
    bench.alarm.open.clear()
    async with bench.button() as button:
        button.client.publish(f"{CENTRE}/alarm/b-01", PRESS, qos=0)
        await bench.alarm.next()
        await bench.mosquitto.stop()
        await until(lambda: not bench.broker.is_up)

        bench.alarm.open.set()

        await until(lambda: bench.alarm.finished == 1)


async def test_a_press_that_the_broker_has_answered_is_kept_though_the_broker_is_gone(bench: Bench) -> None:
    bench.alarm.open.clear()
    async with bench.button() as button:
        await press(button)
        await bench.alarm.next()
        await bench.mosquitto.stop()
        await until(lambda: not bench.broker.is_up)

        bench.alarm.open.set()

        await until(lambda: bench.alarm.finished == 1)


class Hands:
    """A receiver that keeps each message in flight until the test releases it."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[tuple[Inbound, asyncio.Event]] = asyncio.Queue()

    async def __call__(self, inbound: Inbound) -> None:
        done = asyncio.Event()
        self.got.put_nowait((inbound, done))
        await done.wait()

    async def next(self) -> tuple[bytes, asyncio.Event]:
        inbound, done = await within(self.got.get())
        return inbound.payload, done


async def test_a_press_taken_on_a_lost_connection_is_not_answered_on_the_next_one(mosquitto: Mosquitto) -> None:
    hands = Hands()
    address = BrokerAddress("127.0.0.1", mosquitto.port, "anling-hub", "hub", "hub-secret")
    broker = ExternalBroker(address, receivers=Receivers(hands, Lane()), clock=SystemClock())
    async with running(broker.run):
        await until(lambda: broker.is_up)
        async with Paho(mosquitto.port, "b-01", protocol=MQTTProtocolVersion.MQTTv5) as button:
            await press(button)
        _, first_is_durable = await hands.next()
        await mosquitto.stop()
        await mosquitto.start()
        _, second_is_durable = await hands.next()  # with the same packet id, in another receiver's hand

        first_is_durable.set()
        await until(lambda: broker.is_up)
        # Its answer comes after everything that was written before it on this connection.
        await broker.publish(f"{CENTRE}/cue/b-01", b"coming", retain=True)
        await mosquitto.stop()
        await mosquitto.start()

        payload, _ = await hands.next()
        assert payload == b"press 0"
    assert not second_is_durable.is_set()


async def test_what_the_broker_had_retained_is_told_from_what_happens_now(mosquitto: Mosquitto) -> None:
    async with Paho(mosquitto.port, "b-01", protocol=MQTTProtocolVersion.MQTTv5) as button:
        button.client.publish(f"{CENTRE}/status/b-01", b"online", qos=1, retain=True)
        await within(button.published.get())
        bench = reading_from(mosquitto)
        async with running(bench.broker.run):
            old = await bench.state.next()
            button.client.publish(f"{CENTRE}/status/b-01", b"online again", qos=1, retain=True)
            new = await bench.state.next()

    assert (old.payload, old.replayed) == (b"online", True)
    assert (new.payload, new.replayed) == (b"online again", False)


async def test_a_cue_reaches_its_button_and_a_button_nobody_listens_for_is_unreachable(bench: Bench) -> None:
    async with bench.button() as button:
        await button.subscribe(f"{CENTRE}/cue/b-01")
        await bench.broker.publish(f"{CENTRE}/cue/b-01", b"coming")
        assert (await button.next()).payload == b"coming"

        with pytest.raises(Unreachable):
            await bench.broker.publish(f"{CENTRE}/cue/b-02", b"coming")


async def test_nothing_goes_out_while_the_broker_is_down(bench: Bench) -> None:
    await bench.mosquitto.stop()
    await until(lambda: not bench.broker.is_up)

    assert not bench.broker.is_connected("b-01")
    with pytest.raises(Unreachable):
        await bench.broker.publish(f"{CENTRE}/cue/b-01", b"coming")


async def test_a_button_presses_for_nobody_but_itself(bench: Bench) -> None:
    async with bench.button("b-02") as other:
        other.client.publish(f"{CENTRE}/alarm/b-01", b"not mine", qos=1)
        await within(other.published.get())
    async with bench.button("b-02") as other:
        other.client.publish(f"{CENTRE}/alarm/b-02", PRESS, qos=1)

        assert (await bench.alarm.next()).payload == PRESS


async def test_a_wrong_password_stays_outside(bench: Bench) -> None:
    port = bench.mosquitto.port
    async with Paho(port, "b-01", password="guess", protocol=MQTTProtocolVersion.MQTTv5) as button:
        code, _ = await within(button.connects.get())

        assert code.is_failure
