"""How much does the built-in broker cost? Presses answered a second, CPU seconds per 10,000, and how long one waits.

    python -m benchmarks.mqtt_broker [messages]

One publisher sends QoS 1 messages of 120 bytes, 200 unanswered at most, to a broker whose receiver keeps nothing: the
cost is the broker's own. CPU seconds are of the broker's process; the publisher is another.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection

from hub.kit.clock import SystemClock
from hub.mqtt.broker import Broker, listening_socket
from hub.mqtt.codec import Connect, Puback, Publish
from hub.mqtt.encode import encode_packet
from hub.mqtt.model import Inbound, Principal, Receivers, ReportRoute, SettleReport
from hub.mqtt.parser import Parser

TOPIC = "anling/v1/jq/alarm/b-01"
PAYLOAD = b"x" * 120
WINDOW = 200


class _Open:
    """An authenticator that knows one device."""

    async def authenticate(self, username: str, password: str, client_id: str) -> Principal | None:  # noqa: ARG002
        return Principal("b-01", (TOPIC,), (), "1")

    async def stamp_of(self, device_id: str) -> str | None:  # noqa: ARG002
        return "1"


async def _ignore_inbound(_: Inbound) -> None:
    return


def _settle_at_once(_route: ReportRoute, _payload: bytes, settle: SettleReport, packet_id: int | None) -> None:
    settle(packet_id)


def _serve_broker(ready: Connection) -> None:
    async def run() -> None:
        broker = Broker(
            listening_socket("127.0.0.1", 0),
            authenticator=_Open(),
            receivers=Receivers(_ignore_inbound, _ignore_inbound),
            take_report=_settle_at_once,
            clock=SystemClock(),
        )
        ready.send(broker.port)
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(broker.run())
            await asyncio.to_thread(ready.recv)
            serving.cancel()
        ready.send(time.process_time())

    asyncio.run(run())


async def _time_publishes(port: int, messages: int, window: int) -> list[float]:
    """Seconds from each PUBLISH to its PUBACK."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(encode_packet(Connect("b-01", username="b-01", password="secret")))  # noqa: S106
    parser, sent_at, waited, sent = Parser(), dict[int, float](), list[float](), 0
    while len(waited) < messages:
        while sent < messages and len(sent_at) < window:
            sent += 1
            packet_id = (sent - 1) % 0xFFFF + 1
            sent_at[packet_id] = time.perf_counter()
            writer.write(encode_packet(Publish(TOPIC, PAYLOAD, qos=1, packet_id=packet_id)))
        parser.add(await reader.read(65536))
        for packet in parser.packets():
            if isinstance(packet, Puback):
                waited.append(time.perf_counter() - sent_at.pop(packet.packet_id))
    writer.close()
    await writer.wait_closed()
    return waited


def main(messages: int) -> None:
    """Measure and print."""
    here, there = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=_serve_broker, args=(there,))
    server.start()
    port: int = here.recv()
    idle = asyncio.run(_time_publishes(port, 500, window=1))
    started = time.perf_counter()
    asyncio.run(_time_publishes(port, messages, window=WINDOW))
    seconds = time.perf_counter() - started
    here.send(None)
    cpu: float = here.recv()
    server.join()
    sys.stdout.write(
        f"{messages / seconds:,.0f} messages/s answered; {cpu / (messages + 500) * 10_000:.2f} CPU s per 10,000 "
        f"with the start of Python; one at a time p50 {statistics.median(idle) * 1000:.2f} ms, "
        f"p99 {statistics.quantiles(idle, n=100)[98] * 1000:.2f} ms\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
