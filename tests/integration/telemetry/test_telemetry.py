"""Readings are kept once each, and come out as a room's day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Conn, Database
from hub.kit.ids import DeviceId
from hub.telemetry import store
from hub.telemetry.days import bucket_starts, build_series
from hub.telemetry.model import BatchOutcome
from hub.telemetry.retention import RUNS_FOR_A_DROP, ReadingRetention
from hub.telemetry.service import Telemetry, latest_by_room, load_room_day
from tests.conftest import MORNING
from tests.fakes.house import House


@dataclass(frozen=True, slots=True)
class Reading:
    device_id: DeviceId
    name: str
    unit: str
    value: float
    at: datetime


def warm(house: House, value: float, at: datetime) -> Reading:
    return Reading(house.gym_sensor, "temperature", "Cel", value, at)


async def count(conn: Conn) -> int:
    cursor = await conn.execute("SELECT count(*) FROM reading")
    found = await cursor.fetchone()
    assert found is not None
    return int(found[0])


async def test_a_reading_that_comes_twice_is_kept_once(database: Database, house: House, clock: SetClock) -> None:
    telemetry = Telemetry()
    first = [warm(house, 21.4, clock.now() + timedelta(seconds=n)) for n in range(100)]
    second = [warm(house, 99.9, clock.now() + timedelta(seconds=n)) for n in range(50, 150)]

    async with database.transaction() as conn:
        assert await telemetry.store_readings(conn, first) == BatchOutcome(stored=100, repeated=0, refused=0)
    async with database.transaction() as conn:
        assert await telemetry.store_readings(conn, [*second, *second]) == BatchOutcome(
            stored=50, repeated=150, refused=0
        )
        assert await telemetry.store_readings(conn, second) == BatchOutcome(stored=0, repeated=100, refused=0)
        cursor = await conn.execute("SELECT count(*) FILTER (WHERE value < 50), count(*) FROM reading")

        assert await cursor.fetchone() == (100, 150)


async def test_what_is_no_number_and_what_nobody_registered_is_refused(
    database: Database, house: House, clock: SetClock
) -> None:
    good = warm(house, 21.4, clock.now())
    batch = [
        good,
        replace(good, value=float("nan")),
        replace(good, value=float("-inf")),
        replace(good, device_id=DeviceId("nobody")),
    ]

    async with database.transaction() as conn:
        assert await Telemetry().store_readings(conn, batch) == BatchOutcome(stored=1, repeated=0, refused=3)


async def test_an_empty_batch_is_kept_without_a_word(database: Database) -> None:
    async with database.transaction() as conn:
        assert await Telemetry().store_readings(conn, []) == BatchOutcome(0, 0, 0)


async def test_a_name_of_a_batch_that_was_undone_is_not_believed(
    database: Database, house: House, clock: SetClock
) -> None:
    telemetry = Telemetry()
    with pytest.raises(ConnectionAbortedError):
        async with database.transaction() as conn:
            await telemetry.store_readings(conn, [warm(house, 21.4, clock.now())])
            raise ConnectionAbortedError
    async with database.transaction() as conn:
        await telemetry.store_readings(conn, [warm(house, 21.4, clock.now())])
        cursor = await conn.execute("SELECT name FROM reading JOIN reading_name ON reading_name.id = reading_name_id")

        assert await cursor.fetchall() == [("temperature",)]


async def test_no_device_can_fill_the_dictionary_without_end(database: Database, house: House, clock: SetClock) -> None:
    flood = [replace(warm(house, 1.0, clock.now()), name=f"n{n}") for n in range(store.MOST_NAMES + 10)]

    async with database.transaction() as conn:
        kept = await Telemetry().store_readings(conn, flood)

    assert (kept.stored, kept.refused) == (store.MOST_NAMES, 10)


async def test_a_day_of_a_room_holds_what_was_in_the_room_at_the_time(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    telemetry, ten = Telemetry(), datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # ten in Lanzhou
    moved = ten + timedelta(minutes=10)
    with psycopg.connect(database_url) as arranging:
        arranging.execute("UPDATE assignment SET to_at = %s WHERE device_id = 't-gym'", (moved,))
        arranging.execute("INSERT INTO assignment VALUES ('as-later', 't-gym', NULL, 'music', %s, NULL)", (moved,))
    async with database.transaction() as conn:
        await telemetry.store_readings(
            conn,
            [
                warm(house, 19.0, ten - timedelta(hours=2)),
                warm(house, 20.0, ten),
                warm(house, 22.0, ten + timedelta(minutes=4)),
                warm(house, 30.0, moved),
                Reading(house.gym_camera, "occupancy", "1", 2.0, ten),
                Reading(house.gym_camera, "occupancy", "1", 3.0, ten + timedelta(seconds=1)),
                Reading(house.gym_camera, "motion", "/", 0.5, ten + timedelta(days=2)),
            ],
        )

        span, gym = await load_room_day(
            conn, house.gym, date(2026, 11, 23), "Asia/Shanghai", ["temperature", "occupancy", "motion"]
        )
        _, music = await load_room_day(conn, house.music, date(2026, 11, 23), "Asia/Shanghai", ["temperature"])

    at = bucket_starts(span).index(ten.timestamp())
    assert build_series(span, gym, "temperature")[at : at + 3] == [21.0, None, None]
    assert build_series(span, gym, "occupancy", highest=True)[at] == 3.0
    assert build_series(span, gym, "motion") == [None] * 288
    assert [(bucket.at, bucket.mean) for bucket in music] == [(moved, 30.0)]


async def test_a_day_that_has_just_begun_is_told_in_finer_steps(
    database: Database, house: House, clock: SetClock
) -> None:
    ten = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    async with database.transaction() as conn:
        await Telemetry().store_readings(conn, [warm(house, 20.0 + n, ten + timedelta(minutes=n)) for n in range(6)])

        span, gym = await load_room_day(conn, house.gym, date(2026, 11, 23), "Asia/Shanghai", ["temperature"])

    at = bucket_starts(span).index(ten.timestamp())
    assert build_series(span, gym, "temperature")[at : at + 4] == [20.5, 22.5, 24.5, None]


async def test_the_newest_of_each_room_is_none_when_it_is_old(
    database: Database, house: House, clock: SetClock
) -> None:
    telemetry, now = Telemetry(), clock.now()
    async with database.transaction() as conn:
        await telemetry.store_readings(
            conn,
            [
                warm(house, 21.0, now - timedelta(minutes=2)),
                warm(house, 22.5, now - timedelta(minutes=1)),
                Reading(house.music_camera, "occupancy", "1", 4.0, now - timedelta(minutes=20)),
            ],
        )

        rooms = await latest_by_room(conn, house.centre, ["temperature", "occupancy"], now)

    assert {room: {name: found.value for name, found in names.items()} for room, names in rooms.items()} == {
        house.gym: {"temperature": 22.5}
    }


async def test_readings_older_than_they_are_kept_are_dropped_by_the_week(
    database: Database, house: House, clock: SetClock
) -> None:
    telemetry = Telemetry()
    keeper = ReadingRetention(database, telemetry, clock, keep_for=timedelta(days=60))
    async with database.transaction() as conn:
        await telemetry.store_readings(
            conn, [warm(house, 21.0, clock.now()), warm(house, 21.0, clock.now() - timedelta(days=80))]
        )

    assert await keeper.maintain_partitions() == 0
    clock.advance(RUNS_FOR_A_DROP)
    assert await keeper.maintain_partitions() == 1
    clock.advance(RUNS_FOR_A_DROP)
    assert await keeper.maintain_partitions() == 0

    async with database.transaction() as conn:
        assert await count(conn) == 1
        await telemetry.store_readings(conn, [warm(house, 21.0, clock.now() - timedelta(days=80))])
        assert await count(conn) == 2


async def test_a_clock_three_years_ahead_drops_nothing_while_it_is_in_doubt_and_one_partition_a_day_if_nobody_doubts_it(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    telemetry = Telemetry()
    async with database.transaction() as conn:
        await telemetry.store_readings(
            conn, [warm(house, 21.0, clock.now() - timedelta(weeks=weeks)) for weeks in range(4)]
        )
    clock.set_wall(timedelta(days=365 * 3))
    with psycopg.connect(database_url) as owner:
        owner.execute("INSERT INTO clock_doubt (doubt, newest, ahead_by) VALUES ('ahead', %s, '3 years')", (MORNING,))
    keeper = ReadingRetention(database, telemetry, clock, keep_for=timedelta(days=730))
    clock.advance(RUNS_FOR_A_DROP * 10)
    assert await keeper.maintain_partitions() == 0

    with psycopg.connect(database_url) as owner:
        owner.execute("DELETE FROM clock_doubt")
    dropped = [await keeper.maintain_partitions() for _ in range(5)]

    assert dropped == [1, 0, 0, 0, 0]
    again = ReadingRetention(database, telemetry, clock, keep_for=timedelta(days=730))
    assert await again.maintain_partitions() == 0  # a start is no day


async def test_the_weeks_ahead_are_made_before_they_come(database: Database, clock: SetClock) -> None:
    await ReadingRetention(database, Telemetry(), clock, keep_for=timedelta(days=60)).maintain_partitions()

    async with database.transaction() as conn:
        cursor = await conn.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'reading'::regclass ORDER BY 1"
        )
        assert [name for (name,) in await cursor.fetchall()] == [
            "reading_20261116",
            "reading_20261123",
            "reading_20261130",
            "reading_20261207",
        ]


async def test_readings_are_kept_for_two_weeks_at_least(database: Database, clock: SetClock) -> None:
    with pytest.raises(ValueError, match="at least 14 days"):
        ReadingRetention(database, Telemetry(), clock, keep_for=timedelta(days=1))


async def test_a_year_of_weeks_is_dropped_by_its_bounds_whatever_the_planner_knows_and_other_tables_are_called(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    """With statistics on pg_inherits the planner looks at names before it knows whose partitions they are."""
    telemetry = Telemetry()
    async with database.transaction() as conn:
        await telemetry.store_readings(
            conn, [warm(house, 21.0, clock.now() - timedelta(weeks=weeks)) for weeks in range(60)]
        )
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("CREATE TABLE diary_last (at date) PARTITION BY RANGE (at)")
        owner.execute("CREATE TABLE diary_99999999 PARTITION OF diary_last DEFAULT")
        owner.execute('CREATE TABLE "reading_2O261116" PARTITION OF reading DEFAULT')
        for _ in range(3):
            owner.execute("ANALYZE pg_catalog.pg_inherits")
            owner.execute("ANALYZE pg_catalog.pg_class")
        owner.execute("ANALYZE")

    keeper = ReadingRetention(database, telemetry, clock, keep_for=timedelta(days=30 * 7))
    dropped = []
    for _ in range(3):
        clock.advance(RUNS_FOR_A_DROP * 3)
        dropped.append(await keeper.maintain_partitions())

    assert dropped == [1, 1, 1]
    async with database.transaction() as conn:
        assert await count(conn) == 57
        cursor = await conn.execute("SELECT min(ts) FROM reading")
        assert await cursor.fetchone() == (MORNING - timedelta(weeks=56),)
        cursor = await conn.execute("SELECT to_regclass('diary_99999999'), to_regclass('\"reading_2O261116\"')")
        assert None not in (await cursor.fetchone() or ())
