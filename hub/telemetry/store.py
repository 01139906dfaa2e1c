"""The rows of readings. The same statements serve TimescaleDB and plain PostgreSQL: see 0015_telemetry.sql."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString

from psycopg.rows import class_row, scalar_row

from hub.kit.db import Conn
from hub.kit.ids import CentreId, DeviceId, RoomId
from hub.telemetry.model import Bucket, BucketedSpan, Latest, Row

MOST_NAMES = 1000
"""No device may fill the dictionary of names without end."""

COPY: Final = "COPY reading (ts, device_id, reading_name_id, value) FROM STDIN (FORMAT BINARY)"
COPY_STAGED: Final = "COPY reading_staged (ts, device_id, reading_name_id, value) FROM STDIN (FORMAT BINARY)"
STAGE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS reading_staged (
      ts timestamptz NOT NULL,
      device_id integer NOT NULL,
      reading_name_id smallint NOT NULL,
      value double precision NOT NULL
    ) ON COMMIT DELETE ROWS
"""
UNSTAGE = """
    INSERT INTO reading (ts, device_id, reading_name_id, value)
    SELECT ts, device_id, reading_name_id, value
      FROM reading_staged
        ON CONFLICT DO NOTHING
"""
IN_BUCKETS = """
    SELECT date_bin(%(bucket)s, reading.ts, %(from_at)s) AS at,
           reading_name.name,
           avg(reading.value) AS mean,
           max(reading.value) AS highest
      FROM assignment
      JOIN device ON device.id = assignment.device_id
      JOIN reading_name ON reading_name.name = ANY(%(names)s)
      JOIN reading ON reading.device_id = device.number
           AND reading.reading_name_id = reading_name.id
           AND reading.ts >= %(from_at)s AND reading.ts < %(to_at)s
           AND reading.ts >= assignment.from_at
           AND (assignment.to_at IS NULL OR reading.ts < assignment.to_at)
     WHERE assignment.room_id = %(room_id)s
       AND assignment.from_at < %(to_at)s
       AND (assignment.to_at IS NULL OR assignment.to_at > %(from_at)s)
     GROUP BY 1, 2
     ORDER BY 1, 2
"""
LATEST = """
    SELECT DISTINCT ON (assignment.room_id, reading_name.name)
           assignment.room_id, reading_name.name, newest.value, newest.ts AS at
      FROM room
      JOIN assignments_at(%(now)s) AS assignment ON assignment.room_id = room.id
      JOIN device ON device.id = assignment.device_id
      JOIN reading_name ON reading_name.name = ANY(%(names)s)
     CROSS JOIN LATERAL (
           SELECT ts, value
             FROM reading
            WHERE reading.device_id = device.number
              AND reading.reading_name_id = reading_name.id
              AND reading.ts > %(since)s AND reading.ts <= %(now)s
              AND reading.ts >= assignment.from_at
            ORDER BY ts DESC
            LIMIT 1) AS newest
     WHERE room.centre_id = %(centre_id)s
     ORDER BY assignment.room_id, reading_name.name, newest.ts DESC
"""
MAKE_PARTITION = "SELECT make_reading_partition(%(at)s)"
DROP_OLDEST = "SELECT drop_oldest_readings(%(before)s)"


async def device_numbers(conn: Conn, device_ids: Collection[DeviceId]) -> dict[DeviceId, int]:
    """The numbers that stand for these devices in readings."""
    cursor = await conn.execute("SELECT id, number FROM device WHERE id = ANY(%(ids)s)", {"ids": list(device_ids)})
    return {DeviceId(device_id): number for device_id, number in await cursor.fetchall()}


async def name_ids(conn: Conn, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The ids of these (name, unit), as far as the dictionary has them."""
    cursor = await conn.execute(
        """
        SELECT name, unit, id
          FROM reading_name
         WHERE (name, unit) IN (SELECT * FROM unnest(%(names)s::text[], %(units)s::text[]))
        """,
        {"names": [name for name, _ in wanted], "units": [unit for _, unit in wanted]},
    )
    return {(name, unit): name_id for name, unit, name_id in await cursor.fetchall()}


async def add_names(conn: Conn, new: Sequence[tuple[str, str]]) -> None:
    """Add (name, unit) pairs to the dictionary until it is full."""
    await conn.execute(
        """
        INSERT INTO reading_name (name, unit)
        SELECT name, unit
          FROM unnest(%(names)s::text[], %(units)s::text[]) WITH ORDINALITY AS new (name, unit, n)
         WHERE (SELECT count(*) FROM reading_name) + n <= %(most)s
         ORDER BY name, unit
            ON CONFLICT DO NOTHING
        """,
        {"names": [name for name, _ in new], "units": [unit for _, unit in new], "most": MOST_NAMES},
    )


async def make_partition(conn: Conn, at: datetime) -> bool:
    """Make sure that readings of `at` have a place to go; whether that needed a new partition."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(MAKE_PARTITION, {"at": at})
        return bool(await cursor.fetchone())


async def drop_oldest(conn: Conn, before: datetime) -> bool:
    """Drop the oldest partition that is wholly older than `before`; whether there was one."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(DROP_OLDEST, {"before": before})
        return bool(await cursor.fetchone())


async def count_running(conn: Conn, ran: timedelta, enough: timedelta) -> bool:
    """The hub has run for so long since the last time; whether it has run for `enough` since the last drop.

    More than enough is not saved up.
    """
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute(
            """
            INSERT INTO reading_retention AS counted (ran_seconds) VALUES (least(%(ran)s::float8, %(enough)s))
                ON CONFLICT (one_row) DO UPDATE SET ran_seconds = least(counted.ran_seconds + %(ran)s, %(enough)s)
            RETURNING ran_seconds >= %(enough)s
            """,
            {"ran": max(0.0, ran.total_seconds()), "enough": enough.total_seconds()},
        )
        return bool(await cursor.fetchone())


async def start_counting_anew(conn: Conn) -> None:
    """Something was dropped: the next is a day of running away."""
    await conn.execute("UPDATE reading_retention SET ran_seconds = 0")


async def copy_rows(conn: Conn, rows: Sequence[Row]) -> None:
    """Write rows that are all new; raises UniqueViolation if one is not."""
    await _copy_into(conn, COPY, rows)


async def copy_new_rows(conn: Conn, rows: Sequence[Row]) -> int:
    """Write those of `rows` that are new; how many that were."""
    await create_staging_table(conn)
    await _copy_into(conn, COPY_STAGED, rows)
    return await merge_staging_table(conn)


async def create_staging_table(conn: Conn) -> None:
    """Make the temporary table through which a batch goes that is partly known."""
    await conn.execute(STAGE)


async def merge_staging_table(conn: Conn) -> int:
    """Move what is new from the temporary table into the readings; how many that were."""
    cursor = await conn.execute(UNSTAGE)
    stored = cursor.rowcount
    await conn.execute("TRUNCATE reading_staged")
    return stored


async def read_buckets(conn: Conn, room_id: RoomId, span: BucketedSpan, names: Sequence[str]) -> list[Bucket]:
    """What the devices measured that were in this room at the time, in order of time."""
    async with conn.cursor(row_factory=class_row(Bucket)) as cursor:
        await cursor.execute(
            IN_BUCKETS,
            {
                "bucket": span.bucket,
                "from_at": span.from_at,
                "to_at": span.to_at,
                "names": list(names),
                "room_id": room_id,
            },
        )
        return await cursor.fetchall()


async def read_latest(
    conn: Conn, centre_id: CentreId, names: Sequence[str], since: datetime, now: datetime
) -> list[Latest]:
    """The newest value of each name in each room of the centre, if one was measured after `since`."""
    async with conn.cursor(row_factory=class_row(Latest)) as cursor:
        await cursor.execute(LATEST, {"centre_id": centre_id, "names": list(names), "since": since, "now": now})
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class RoomTimezoneRow:
    """A room, its centre and that centre's timezone."""

    id: RoomId
    centre_id: CentreId
    name: str
    name_en: str
    timezone: str


async def read_room(conn: Conn, room_id: RoomId) -> RoomTimezoneRow | None:
    """The room of that id."""
    async with conn.cursor(row_factory=class_row(RoomTimezoneRow)) as cursor:
        await cursor.execute(
            """
            SELECT room.id, room.centre_id, room.name, room.name_en, centre.timezone
              FROM room
              JOIN centre ON centre.id = room.centre_id
             WHERE room.id = %(room_id)s
            """,
            {"room_id": room_id},
        )
        return await cursor.fetchone()


async def _copy_into(conn: Conn, statement: LiteralString, rows: Sequence[Row]) -> None:
    async with conn.cursor() as cursor, cursor.copy(statement) as to_server:
        to_server.set_types(["timestamptz", "int4", "int2", "float8"])
        for row in rows:
            await to_server.write_row((row.ts, row.device_number, row.reading_name_id, row.value))
