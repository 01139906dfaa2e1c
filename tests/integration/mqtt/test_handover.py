"""Reports from the broker to telemetry over a local socket: of QoS 1 until they are settled, of QoS 0 for a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.kit.clock import SetClock
from hub.mqtt import frames
from hub.mqtt.handover import Handover
from hub.mqtt.handover_receiver import BrokerLink, HandedOver
from hub.mqtt.model import ReportRoute, Unreachable
from tests.integration.mqtt.fakes import running, until, within


def route(kind: str = "tele") -> ReportRoute:
    topic = f"anling/v1/jq/{kind}/t-01"
    return ReportRoute(topic, "t-01", frames.encode_label(topic, "t-01"))


@dataclass
class Device:
    """A connection that waits for PUBACKs."""

    answered: list[int | None] = field(default_factory=list)

    def settle(self, packet_id: int | None) -> None:
        self.answered.append(packet_id)


@dataclass
class Said:
    """A broker through which telemetry speaks."""

    said: list[tuple[str, bytes]] = field(default_factory=list)

    def publish_now(self, topic: str, payload: bytes) -> None:
        self.said.append((topic, payload))


@dataclass
class Bench:
    """The broker's end, running."""

    socket: Path
    shed: list[int] = field(default_factory=list)
    said: Said = field(default_factory=Said)
    got: asyncio.Queue[HandedOver] = field(default_factory=asyncio.Queue)

    def __post_init__(self) -> None:
        self.handover = Handover(self.socket, sheds=self.shed.append)

    @asynccontextmanager
    async def telemetry(self) -> AsyncIterator[BrokerLink]:
        def receive(handed: Sequence[HandedOver]) -> None:
            for one in handed:
                self.got.put_nowait(one)

        link = BrokerLink(self.socket, SetClock(datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC)), receive)
        async with running(link.run):
            await until(lambda: link.is_up and self.handover.is_connected)
            yield link
        await until(lambda: not self.handover.is_connected)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path / "tele.sock")
    async with running(lambda: made.handover.run(made.said.publish_now)):
        yield made


async def test_a_report_is_answered_when_telemetry_has_settled_it_and_not_before(bench: Bench) -> None:
    device = Device()
    async with bench.telemetry():
        for packet_id in (7, None, 8):
            bench.handover.take_report(route(), b"reading", device.settle, packet_id)
        handed = [await within(bench.got.get()) for _ in range(3)]
        assert device.answered == []

        handed[2].settle()
        await until(lambda: device.answered == [8])
        handed[0].settle()
        handed[1].settle()
        await until(lambda: device.answered == [8, 7, None])

    inbound = handed[0].inbound
    assert (inbound.topic, inbound.publisher, inbound.payload) == (route().topic, "t-01", b"reading")
    assert [one.inbound.qos for one in handed] == [1, 0, 1]
    assert bench.shed == []


async def test_what_has_no_answer_and_is_not_settled_within_a_second_is_shed_and_counted(bench: Bench) -> None:
    device = Device()
    async with bench.telemetry():
        bench.handover.take_report(route(), b"reading", device.settle, None)
        bench.handover.take_report(route(), b"reading", device.settle, 7)
        late = await within(bench.got.get())
        confirmed = await within(bench.got.get())
        await until(lambda: device.answered == [None])
        assert bench.shed == [1]

        late.settle()
        confirmed.settle()
        await until(lambda: device.answered == [None, 7])
    assert bench.shed == [1]


async def test_what_waits_for_its_answer_is_shed_in_the_end_answered_and_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.mqtt.handover.SHED_CONFIRMED_AFTER_SECONDS", 0.2)
    device = Device()
    async with bench.telemetry():
        bench.handover.take_report(route(), b"reading", device.settle, 1)

        await until(lambda: device.answered == [1])
    assert bench.shed == [1]


async def test_without_telemetry_what_waits_for_an_answer_waits_and_the_rest_is_shed(bench: Bench) -> None:
    device = Device()
    bench.handover.take_report(route(), b"confirmed", device.settle, 1)
    bench.handover.take_report(route(), b"old", device.settle, None)
    await until(lambda: device.answered == [None])

    bench.handover.take_report(route(), b"young", device.settle, None)
    async with bench.telemetry():
        handed = [await within(bench.got.get()) for _ in range(2)]
        for one in handed:
            one.settle()
        await until(lambda: device.answered == [None, 1, None])

    assert [one.inbound.payload for one in handed] == [b"confirmed", b"young"]
    assert bench.shed == [1]


async def test_what_a_telemetry_had_in_flight_when_it_was_killed_goes_to_the_next_one(bench: Bench) -> None:
    device = Device()
    async with bench.telemetry():
        bench.handover.take_report(route(), b"in flight", device.settle, 1)
        bench.handover.take_report(route(), b"without answer", device.settle, None)
        stale = [await within(bench.got.get()) for _ in range(2)]
    assert device.answered == [None]
    assert bench.shed == [1]

    async with bench.telemetry():
        bench.handover.take_report(route(), b"after", device.settle, 2)
        handed = [await within(bench.got.get()) for _ in range(2)]
        stale[0].settle()  # on a connection that is over
        handed[1].settle()
        await until(lambda: device.answered == [None, 2])
        handed[0].settle()
        await until(lambda: device.answered == [None, 2, 1])
    assert [one.inbound.payload for one in handed] == [b"in flight", b"after"]


async def test_a_telemetry_that_has_too_much_gets_no_more_of_what_has_no_answer_and_visits_still(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.mqtt.handover.CAPACITY", 15)
    device = Device()
    async with bench.telemetry():
        for _ in range(18):
            bench.handover.take_report(route(), b"reading", device.settle, None)
        bench.handover.take_report(route("visit"), b"visit", device.settle, 2)
        handed = [await within(bench.got.get()) for _ in range(16)]
        for one in handed:
            one.settle()
        await until(lambda: len(device.answered) == 19)

    assert handed[-1].inbound.payload == b"visit"
    assert 2 in device.answered
    assert sum(bench.shed) == 3


async def test_what_telemetry_says_goes_out_through_the_broker(bench: Bench) -> None:
    async with bench.telemetry() as link:
        await link.publish("anling/v1/jq/ack/r-01", b"committed")
        await until(lambda: bench.said.said == [("anling/v1/jq/ack/r-01", b"committed")])

    with pytest.raises(Unreachable):
        await link.publish("anling/v1/jq/ack/r-01", b"committed")
