"""Keeps readings, and tells what was measured: a room's day, and the newest of every room."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

import psycopg

from hub.kit.db import Conn
from hub.kit.ids import CentreId, DeviceId, RoomId
from hub.telemetry import store
from hub.telemetry.days import FINE_BUCKET, day_of, needs_short_buckets
from hub.telemetry.model import BatchOutcome, Bucket, BucketedSpan, Latest, Measured, Row
from hub.telemetry.weeks import monday_of

NEWEST_WITHIN = timedelta(minutes=15)
"""An older value says nothing about now."""


class Telemetry:
    """Knows the numbers of devices and names, and which weeks have a partition; one object for the hub's life."""

    def __init__(self) -> None:
        self._numbers: dict[DeviceId, int] = {}
        self._names: dict[tuple[str, str], int] = {}
        self._weeks: set[date] = set()

    async def store_readings(self, conn: Conn, readings: Sequence[Measured]) -> BatchOutcome:
        """Store a batch within the transaction of `conn`; each (device, name, unit, time) once, the first counts.

        The batch goes straight into the table. Only when something in it is known already, it goes again through a
        temporary table: half as fast, and rare. Not a number and infinity are refused, and names when the dictionary
        is full. A device that does not exist is refused, too.
        """
        finite = [reading for reading in readings if math.isfinite(reading.value)]
        numbers = await self._device_numbers(conn, {reading.device_id for reading in finite})
        names = await self._name_ids(conn, {(reading.name, reading.unit) for reading in finite})
        rows: dict[tuple[int, int, datetime], Row] = {}
        known = 0
        for reading in finite:
            number, name_id = numbers.get(reading.device_id), names.get((reading.name, reading.unit))
            if number is not None and name_id is not None:
                known += 1
                rows.setdefault((number, name_id, reading.at), Row(reading.at, number, name_id, reading.value))
        await self._make_room(conn, rows.values())
        stored = await _store_rows(conn, list(rows.values()))
        return BatchOutcome(stored, repeated=known - stored, refused=len(readings) - known)

    def note_partitions(self, weeks: Iterable[date]) -> None:
        """These weeks have partitions, and that is committed: `store_readings` need not look."""
        self._weeks |= set(weeks)

    def clear_partitions(self) -> None:
        """Partitions were dropped: `store_readings` must look again."""
        self._weeks.clear()

    async def _device_numbers(self, conn: Conn, wanted: set[DeviceId]) -> dict[DeviceId, int]:
        if missing := wanted - self._numbers.keys():
            self._numbers |= await store.device_numbers(conn, missing)
        return self._numbers

    async def _name_ids(self, conn: Conn, wanted: set[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """The ids of names. A new one is remembered only when a later batch finds it: this one may yet be undone."""
        missing = wanted - self._names.keys()
        if not missing:
            return self._names
        self._names |= await store.name_ids(conn, missing)
        new = sorted(missing - self._names.keys())
        if not new:
            return self._names
        await store.add_names(conn, new)
        return self._names | await store.name_ids(conn, new)

    async def _make_room(self, conn: Conn, rows: Iterable[Row]) -> None:
        weeks = {monday_of(row.ts): row.ts for row in rows}
        for monday in sorted(weeks.keys() - self._weeks):
            await store.make_partition(conn, weeks[monday])


async def load_room_day(
    conn: Conn, room_id: RoomId, on: date, timezone: str, names: Sequence[str]
) -> tuple[BucketedSpan, list[Bucket]]:
    """What was measured in a room on one day of the centre, in buckets of five minutes (shorter while it begins)."""
    span = day_of(on, timezone)
    buckets = await store.read_buckets(conn, room_id, span, names)
    if needs_short_buckets(buckets):
        span = day_of(on, timezone, FINE_BUCKET)
        buckets = await store.read_buckets(conn, room_id, span, names)
    return span, buckets


async def latest_by_room(
    conn: Conn, centre_id: CentreId, names: Sequence[str], now: datetime
) -> dict[RoomId, dict[str, Latest]]:
    """The newest value of each name in each room, where one was measured in the last quarter of an hour."""
    rooms: dict[RoomId, dict[str, Latest]] = {}
    for found in await store.read_latest(conn, centre_id, names, now - NEWEST_WITHIN, now):
        rooms.setdefault(found.room_id, {})[found.name] = found
    return rooms


async def _store_rows(conn: Conn, rows: Sequence[Row]) -> int:
    """Write `rows`; how many were new."""
    if not rows:
        return 0
    try:
        async with conn.transaction():
            await store.copy_rows(conn, rows)
    except psycopg.errors.UniqueViolation:
        return await store.copy_new_rows(conn, rows)
    return len(rows)
