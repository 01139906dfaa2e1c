"""What does a reading cost in the alarm path? CPU seconds of the broker's process for 10,000 readings of QoS 1.

    python -m benchmarks.telemetry_handover [messages]

Twenty devices publish readings of 120 bytes, at most 50 unanswered each, to the built-in broker, which hands them over
a local socket to another process; that settles them at once, so that the cost is the broker's own. Three processes:
devices, broker, and the other end. In the second run each device sends one at a time: most of it is then the kernel's,
which is asked for each message.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from hub.kit.clock import SystemClock
from hub.mqtt.broker import Broker, listening_socket
from hub.mqtt.codec import Connect, Puback, Publish
from hub.mqtt.encode import encode_packet
from hub.mqtt.handover import Handover
from hub.mqtt.handover_receiver import BrokerLink, HandedOver
from hub.mqtt.model import Inbound, Principal, Receivers
from hub.mqtt.parser import Parser

DEVICES = 20
PAYLOAD = b"x" * 120


class _Everybody:
    """An authenticator that allows each device what is its own."""

    async def authenticate(self, username: str, password: str, client_id: str) -> Principal | None:  # noqa: ARG002
        return Principal(username, (topic_of(username),), (), "1")

    async def stamp_of(self, device_id: str) -> str | None:  # noqa: ARG002
        return "1"


def topic_of(device_id: str) -> str:
    """Where a device reports."""
    return f"anling/v1/jq/tele/{device_id}"


async def _ignore_inbound(_: Inbound) -> None:
    return


def _serve_broker(place: Path, ready: Connection) -> None:
    """The broker's process; says its port, then, for each time it is asked, what CPU it has used and what it shed."""

    async def run() -> None:
        shed: list[int] = []
        handover = Handover(place, sheds=shed.append)
        broker = Broker(
            listening_socket("127.0.0.1", 0),
            authenticator=_Everybody(),
            receivers=Receivers(_ignore_inbound, _ignore_inbound),
            take_report=handover.take_report,
            clock=SystemClock(),
        )
        async with asyncio.TaskGroup() as tasks:
            serving = [tasks.create_task(broker.run()), tasks.create_task(handover.run(broker.publish_now))]
            while not handover.is_connected:  # noqa: ASYNC110 - once, before anything is measured
                await asyncio.sleep(0.01)
            ready.send(broker.port)
            while await asyncio.to_thread(ready.recv) == "measure":
                ready.send((time.process_time(), sum(shed)))
            for task in serving:
                task.cancel()

    uvloop.run(run())


def _settle_reports(place: Path) -> None:
    """The process at the other end: settles what it gets."""

    def receive(handed: Sequence[HandedOver]) -> None:
        for one in handed:
            one.settle()

    with suppress(KeyboardInterrupt):
        uvloop.run(BrokerLink(place, SystemClock(), receive).run())


async def _publish_readings(port: int, device_id: str, messages: int, window: int) -> None:
    """Publish so many readings, with `window` of them unanswered at most."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(encode_packet(Connect(device_id, username=device_id, password="secret")))  # noqa: S106
    await reader.readexactly(4)
    parser, sent, answered = Parser(), 0, 0
    while answered < messages:
        packets = bytearray()
        while sent < messages and sent - answered < window:
            sent += 1
            packets += encode_packet(Publish(topic_of(device_id), PAYLOAD, qos=1, packet_id=(sent - 1) % 0xFFFF + 1))
        writer.write(packets)
        parser.add(await reader.read(65536))
        answered += sum(isinstance(packet, Puback) for packet in parser.packets())
    writer.close()
    await writer.wait_closed()


async def _publish_from_all_devices(port: int, messages: int, window: int) -> None:
    async with asyncio.TaskGroup() as tasks:
        for n in range(DEVICES):
            tasks.create_task(_publish_readings(port, f"t-{n}", messages // DEVICES, window))


def main(messages: int) -> None:
    """Measure and print."""
    spawning = get_context("spawn")
    here, there = spawning.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "tele.sock"
        broker, other = (
            spawning.Process(target=_serve_broker, args=(place, there)),
            spawning.Process(target=_settle_reports, args=(place,)),
        )
        broker.start()
        other.start()
        port: int = here.recv()
        for what, window, count in (("50 unanswered", 50, messages), ("one at a time", 1, messages // 5)):
            here.send("measure")
            cpu_before, shed_before = here.recv()
            started = time.perf_counter()
            uvloop.run(_publish_from_all_devices(port, count, window))
            seconds = time.perf_counter() - started
            here.send("measure")
            cpu, shed = here.recv()
            sys.stdout.write(
                f"{DEVICES} devices, {what}: {(cpu - cpu_before) / count * 10_000:.3f} CPU s per 10,000 readings "
                f"in the broker's process, {count / seconds:,.0f} readings/s, {shed - shed_before} shed\n"
            )
        here.send("end")
        broker.join()
        other.terminate()
        other.join()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
