"""How many readings a second does the store keep, and how much does a room's day cost?

    python -m benchmarks.telemetry

An own PostgreSQL, durable as in use: 300 devices, four readings a message, batches of 2,000 messages; then the same
with every other message sent twice; then the chart of one room's day. CPU seconds are the hub's alone.
"""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg

from hub.embedded import postgres
from hub.kit.db import Conn, Database, Login
from hub.kit.ids import DeviceId, RoomId
from hub.telemetry.service import Telemetry, load_room_day
from tests.conftest import MORNING
from tests.fakes.house import load_house
from tests.fakes.logins import set_up, url_as

DEVICES, MESSAGES, BATCH = 300, 100_000, 2000
NAMES = (("temperature", "Cel"), ("occupancy", "1"), ("motion", "/"), ("battery", "%EL"))


@dataclass(frozen=True, slots=True)
class Reading:
    """One value on its way."""

    device_id: DeviceId
    name: str
    unit: str
    value: float
    at: datetime


async def main() -> None:
    """Run all and print."""
    with tempfile.TemporaryDirectory() as folder:
        async with postgres.run_postgres(Path(folder)) as url:
            await asyncio.to_thread(set_up, url)
            await asyncio.to_thread(load_house, url, MORNING)
            await asyncio.to_thread(add_devices, url)
            async with Database.open(url_as(url, Login.TELEMETRY), size=2, name="benchmark") as database:
                await measure_all(database)


async def measure_all(database: Database) -> None:
    """The three measurements, one after the other."""
    await measure_keep("each message once", database, list(make_batches(MORNING)))
    again = [batch + batch[: len(batch) // 2] for batch in make_batches(MORNING + timedelta(days=1))]
    halves = [batch[: len(batch) // 2] for batch in make_batches(MORNING + timedelta(days=1))]
    await measure_keep(
        "half of them seen before", database, [one for pair in zip(halves, again, strict=True) for one in pair]
    )
    async with database.transaction() as conn:
        await measure_room_day(conn)


async def measure_keep(what: str, database: Database, all_batches: list[list[Reading]]) -> None:
    """Keep all batches, each in a transaction of its own."""
    telemetry = Telemetry()
    stored = repeated = 0
    wall, cpu = time.perf_counter(), time.process_time()
    for batch in all_batches:
        async with database.transaction() as conn:
            outcome = await telemetry.store_readings(conn, batch)
        stored, repeated = stored + outcome.stored, repeated + outcome.repeated
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    messages = (stored + repeated) / len(NAMES)
    print(  # noqa: T201  the result is for whoever runs it
        f"{what}: {messages / wall:,.0f} messages/s of {len(NAMES)} readings, "
        f"{cpu / messages * 10_000:.2f} CPU s per 10,000 messages, {stored:,} stored, {repeated:,} repeated"
    )


async def measure_room_day(conn: Conn) -> None:
    """One room's day as the page asks for it."""
    wall = time.perf_counter()
    for _ in range(20):
        await load_room_day(
            conn, RoomId("gym"), date(2026, 11, 23), "Asia/Shanghai", ["temperature", "occupancy", "motion"]
        )
    print(f"a room's day: {(time.perf_counter() - wall) / 20 * 1000:.1f} ms")  # noqa: T201


def make_batches(start: datetime) -> Iterator[list[Reading]]:
    """MESSAGES messages of all devices in turn, ten seconds between two of the same device."""
    readings: list[Reading] = []
    for n in range(MESSAGES):
        device, at = DeviceId(f"bench-{n % DEVICES}"), start + timedelta(seconds=10 * (n // DEVICES))
        readings += [Reading(device, name, unit, float(n % 40), at) for name, unit in NAMES]
        if len(readings) == BATCH * len(NAMES):
            yield readings
            readings = []


def add_devices(url: str) -> None:
    """The devices of the benchmark, ten of them in the gym."""
    with psycopg.connect(url) as conn:
        for n in range(DEVICES):
            conn.execute(
                "INSERT INTO device (id, centre_id, kind, name, name_en) VALUES (%s, 'jiuquan-road', 'sensor', '', '')",
                (f"bench-{n}",),
            )
        for n in range(10):
            conn.execute(
                "INSERT INTO assignment VALUES (%s, %s, NULL, 'gym', %s, NULL)",
                (f"as-bench-{n}", f"bench-{n}", MORNING - timedelta(days=1)),
            )


if __name__ == "__main__":
    asyncio.run(main())
