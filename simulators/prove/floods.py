"""Who takes more than a share? Floods against one hub, each in a process of its own until it is ended.

`python -m simulators.prove.floods NAME` reads its target, a JSON object, from standard input, says `begun` when it has
taken its places, and goes on until it is killed.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from simulators.prove.packets import connect_packet, publish_packet
from simulators.prove.prover_centre import CENTRE, SENSOR

FLOODING: Final = "b-001"
"""The trigger that floods."""
CONNECTIONS: Final = 8
UNANSWERED: Final = 256
SILENT: Final = 220
SIGN_INS: Final = 24
READINGS_A_SECOND: Final = 8000
_PAUSE: Final = 0.05


@dataclass(frozen=True, slots=True)
class FloodTarget:
    """Where a hub is, and the true passwords of the devices that flood it."""

    host: str
    mqtt_port: int
    http_port: int
    passwords: Mapping[str, str]


async def device_flood(target: FloodTarget) -> None:
    """One device with its true password: 8 connections, each with 256 presses that are not answered yet."""
    boot = f"{time.monotonic_ns():016x}"[-16:]
    numbers = itertools.count(1)

    def body() -> bytes:
        seq = next(numbers)
        return json.dumps({"v": 1, "id": f"{boot}-{seq}", "seq": seq, "kind": "press", "age_ms": 0}).encode()

    topic = f"anling/v1/{CENTRE}/alarm/{FLOODING}"
    await _publish_together(
        CONNECTIONS, lambda n: _publish_without_end(target, FLOODING, f"{FLOODING}-{n}", topic, body)
    )


async def unreadable_flood(target: FloodTarget) -> None:
    """One connection of a device that says what that cannot be decoded, each time something else."""
    numbers = itertools.count(1)
    topic = f"anling/v1/{CENTRE}/alarm/{FLOODING}"
    await _publish_without_end(
        target, FLOODING, FLOODING, topic, lambda: f"help {next(numbers)} {time.time_ns()}".encode()
    )


async def readings_flood(target: FloodTarget) -> None:
    """A sensor with more readings than the hub can keep, of QoS 1, and of QoS 0 on half of its connections."""
    boot = f"{time.monotonic_ns():016x}"[-16:]
    numbers = itertools.count(1)

    def body() -> bytes:
        seq = next(numbers)
        reading = {"name": "temperature", "value": 20 + seq % 50 / 10, "unit": "Cel"}
        return json.dumps({"v": 1, "id": f"{boot}-{seq}", "seq": seq, "age_ms": 0, "readings": [reading]}).encode()

    topic = f"anling/v1/{CENTRE}/tele/{SENSOR}"
    a_second = READINGS_A_SECOND // CONNECTIONS
    await _publish_together(
        CONNECTIONS,
        lambda n: _publish_without_end(target, SENSOR, f"{SENSOR}-{n}", topic, body, qos=n % 2, a_second=a_second),
    )


async def silent_connections(target: FloodTarget) -> None:
    """220 connections to the broker that say nothing; one that is ended is opened again."""
    await _publish_together(SILENT, lambda _n: _say_nothing(target))


async def wrong_passwords(target: FloodTarget) -> None:
    """Devices that guess, one after the other on 16 connections, without a pause."""
    await _publish_together(16, lambda n: _guess_device_password(target, n))


async def endless_header(target: FloodTarget) -> None:
    """A request to the pages whose header line never ends."""
    await _publish_together(2, lambda _n: _write_endless_header(target))


async def sign_ins(target: FloodTarget) -> None:
    """24 people at once who sign in with a wrong password, again and again."""
    await _publish_together(SIGN_INS, lambda n: _guess_account_password(target, n))


FLOODS: Final[Mapping[str, Callable[[FloodTarget], Awaitable[None]]]] = {
    one.__name__: one
    for one in (
        device_flood,
        unreadable_flood,
        readings_flood,
        silent_connections,
        wrong_passwords,
        endless_header,
        sign_ins,
    )
}


async def _publish_together(count: int, one: Callable[[int], Awaitable[None]]) -> None:
    """`count` of them at once, each begun again when it ends."""

    async def without_end(number: int) -> None:
        while True:
            with suppress(OSError, EOFError, TimeoutError):
                await one(number)
            await asyncio.sleep(_PAUSE)

    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(without_end(number))


async def _publish_without_end(
    target: FloodTarget,
    device: str,
    client_id: str,
    topic: str,
    body: Callable[[], bytes],
    *,
    qos: int = 1,
    a_second: int = 0,
) -> None:
    """Publish with at most 256 unanswered, as fast as the hub reads, or so many a second."""
    reader, writer = await asyncio.open_connection(target.host, target.mqtt_port)
    try:
        writer.write(connect_packet(client_id, device, target.passwords[device]))
        await reader.readexactly(4)  # CONNACK
        places = asyncio.Semaphore(UNANSWERED)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_count_answers(reader, places))
            for packet_id in itertools.cycle(range(1, 0x10000)):
                if qos:
                    await places.acquire()
                writer.write(publish_packet(topic, body(), qos=qos, packet_id=packet_id))
                if packet_id % 32 == 0:
                    await writer.drain()
                    await asyncio.sleep(32 / a_second if a_second else 0)
    finally:
        writer.close()


async def _count_answers(reader: asyncio.StreamReader, places: asyncio.Semaphore) -> None:
    while True:
        await reader.readexactly(4)  # a PUBACK: this device has subscribed to nothing
        places.release()


async def _say_nothing(target: FloodTarget) -> None:
    reader, writer = await asyncio.open_connection(target.host, target.mqtt_port)
    try:
        await reader.read(1)
    finally:
        writer.close()


async def _guess_device_password(target: FloodTarget, number: int) -> None:
    reader, writer = await asyncio.open_connection(target.host, target.mqtt_port)
    try:
        writer.write(connect_packet(f"guess-{number}", FLOODING, f"guess-{time.monotonic_ns()}"))
        await reader.read(4)
    finally:
        writer.close()


async def _write_endless_header(target: FloodTarget) -> None:
    _, writer = await asyncio.open_connection(target.host, target.http_port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        for _ in range(1024):
            writer.write(b"a" * 65536)
            await writer.drain()
    finally:
        writer.close()


async def _guess_account_password(target: FloodTarget, number: int) -> None:
    body = json.dumps({"account": f"nobody-{number}", "password": f"guess-{time.monotonic_ns()}"}).encode()
    head = (
        f"POST /api/sign-in HTTP/1.1\r\nHost: localhost:{target.http_port}\r\nX-Anling: 1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(target.host, target.http_port)
    try:
        writer.write(head.encode() + body)
        await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


def main() -> int:
    """Flood until killed."""
    flood = FLOODS[sys.argv[1]]
    target = FloodTarget(**json.loads(sys.stdin.readline()))
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    asyncio.run(_until_killed(flood, target))
    return 0


async def _until_killed(flood: Callable[[FloodTarget], Awaitable[None]], target: FloodTarget) -> None:
    while True:
        try:
            await flood(target)
        except* (OSError, EOFError):
            await asyncio.sleep(_PAUSE)


if __name__ == "__main__":
    sys.exit(main())
