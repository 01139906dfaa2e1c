"""Every statement of ours that is meant for TimescaleDB runs on TimescaleDB. COPY alone is tested on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from hub.kit.db import Conn
from hub.kit.ids import DeviceId
from hub.telemetry import store
from hub.telemetry.days import day_of
from hub.telemetry.service import Telemetry, latest_by_room
from tests.fakes.house import House

pytestmark = pytest.mark.node

TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # ten in Lanzhou


async def written(conn: Conn, device_id: DeviceId, values: dict[datetime, float]) -> int:
    """Write temperatures as `copy_new` does, but for its COPY; how many were new."""
    await store.add_names(conn, [("temperature", "Cel")])
    number = (await store.device_numbers(conn, [device_id]))[device_id]
    name_id = (await store.name_ids(conn, [("temperature", "Cel")]))["temperature", "Cel"]
    async with conn.transaction(), conn.cursor() as cursor:
        await store.create_staging_table(conn)
        await cursor.executemany(
            "INSERT INTO reading_staged VALUES (%s, %s, %s, %s)",
            [(at, number, name_id, value) for at, value in values.items()],
        )
        return await store.merge_staging_table(conn)


async def test_readings_are_a_hypertable_that_compresses_itself(timescale_house: House, timescale: Conn) -> None:
    cursor = await timescale.execute(
        """
        SELECT hypertable_name, compression_enabled
          FROM timescaledb_information.hypertables
        """
    )
    tables = await cursor.fetchall()
    cursor = await timescale.execute(
        "SELECT proc_name, hypertable_name FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL"
    )

    assert tables == [("reading", True)]
    assert await cursor.fetchall() == [("policy_compression", "reading")]


async def test_a_reading_is_kept_once_and_comes_out_in_its_bucket(timescale_house: House, timescale: Conn) -> None:
    house = timescale_house
    first = await written(timescale, house.gym_sensor, {TEN: 20.0, TEN + timedelta(minutes=4): 22.0})
    again = await written(timescale, house.gym_sensor, {TEN: 99.0, TEN + timedelta(minutes=5): 25.0})

    span = day_of(date(2026, 11, 23), "Asia/Shanghai")
    buckets = await store.read_buckets(timescale, house.gym, span, ["temperature"])
    newest = await latest_by_room(timescale, house.centre, ["temperature"], TEN + timedelta(minutes=6))

    assert (first, again) == (2, 1)
    assert [(bucket.at, bucket.mean, bucket.highest) for bucket in buckets] == [
        (TEN, 21.0, 22.0),
        (TEN + timedelta(minutes=5), 25.0, 25.0),
    ]
    assert newest[house.gym]["temperature"].value == 25.0


async def test_the_same_reading_twice_is_refused_by_the_table_itself(timescale_house: House, timescale: Conn) -> None:
    await written(timescale, timescale_house.gym_sensor, {TEN: 20.0})

    with pytest.raises(psycopg.errors.UniqueViolation):
        await timescale.execute("INSERT INTO reading SELECT * FROM reading")


async def test_timescale_makes_its_own_chunks_and_drops_them_for_us(timescale_house: House, timescale: Conn) -> None:
    weeks = {TEN + timedelta(weeks=n): 20.0 for n in range(10)}
    await written(timescale, timescale_house.gym_sensor, weeks)

    assert not await store.make_partition(timescale, TEN)
    assert await store.drop_oldest(timescale, TEN + timedelta(weeks=3))

    cursor = await timescale.execute("SELECT min(ts) FROM reading")
    assert await cursor.fetchone() == (TEN + timedelta(weeks=1),)
    assert not await store.drop_oldest(timescale, TEN)


async def test_a_repeat_of_what_is_compressed_is_still_kept_once(timescale_house: House, timescale: Conn) -> None:
    await written(timescale, timescale_house.gym_sensor, {TEN: 20.0})
    await timescale.execute("RESET ROLE")
    await timescale.execute("SELECT compress_chunk(chunk) FROM show_chunks('reading') AS chunk")
    await timescale.execute("SET ROLE anling_telemetry")

    again = await written(timescale, timescale_house.gym_sensor, {TEN: 99.0, TEN + timedelta(minutes=1): 21.0})

    assert again == 1
    span = day_of(date(2026, 11, 23), "Asia/Shanghai")
    [bucket] = await store.read_buckets(timescale, timescale_house.gym, span, ["temperature"])
    assert bucket.mean == 20.5


async def test_an_empty_batch_asks_nothing_of_the_server(timescale: Conn) -> None:
    assert (await Telemetry().store_readings(timescale, [])).stored == 0
