"""The rows of what rules remember, and what is around a message."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from psycopg.rows import class_row, scalar_row

from hub.kit.clock import ClockSet
from hub.kit.db import Conn
from hub.kit.ids import CentreId, DeviceId, RoomId, SeniorId
from hub.rules.memory import RuleMemory, RuleStage, StateKey
from hub.rules.model import Priority


@dataclass(frozen=True, slots=True)
class DeviceContextRow:
    """A device, its centre and whose it was at the time asked for."""

    id: DeviceId
    kind: str
    name: str
    name_en: str
    heartbeat: timedelta
    enabled: bool
    off_until: datetime | None
    centre_id: CentreId
    timezone: str
    opens: time
    closes: time
    senior_id: SeniorId | None
    room_id: RoomId | None


@dataclass(frozen=True, slots=True)
class RoomContextRow:
    """A room and its names."""

    id: RoomId
    type: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class SeniorRow:
    """A senior, how she is addressed, and what a rule may decide by."""

    id: SeniorId
    address_as: str
    address_as_en: str
    categories: list[str]


async def read_devices(conn: Conn, device_ids: Collection[DeviceId], now: datetime) -> list[DeviceContextRow]:
    """These devices with their centres, and whose they are at `now`."""
    async with conn.cursor(row_factory=class_row(DeviceContextRow)) as cursor:
        await cursor.execute(
            """
            SELECT device.id, device.kind, device.name, device.name_en, device.heartbeat, device.enabled,
                   device.off_until,
                   device.centre_id, centre.timezone, centre.opens, centre.closes,
                   assignment.senior_id, assignment.room_id
              FROM device
              JOIN centre ON centre.id = device.centre_id
              LEFT JOIN assignments_at(%(now)s) AS assignment ON assignment.device_id = device.id
             WHERE device.id = ANY(%(ids)s)
            """,
            {"ids": list(device_ids), "now": now},
        )
        return await cursor.fetchall()


async def read_rooms(conn: Conn, room_ids: Collection[RoomId]) -> list[RoomContextRow]:
    """These rooms."""
    async with conn.cursor(row_factory=class_row(RoomContextRow)) as cursor:
        await cursor.execute(
            "SELECT id, type, name, name_en FROM room WHERE id = ANY(%(ids)s)", {"ids": list(room_ids)}
        )
        return await cursor.fetchall()


async def read_seniors(conn: Conn, senior_ids: Collection[SeniorId]) -> list[SeniorRow]:
    """These seniors."""
    if not senior_ids:
        return []
    async with conn.cursor(row_factory=class_row(SeniorRow)) as cursor:
        await cursor.execute(
            "SELECT id, address_as, address_as_en, categories FROM senior WHERE id = ANY(%(ids)s)",
            {"ids": list(senior_ids)},
        )
        return await cursor.fetchall()


async def lock_memories(conn: Conn, wanted: Sequence[RuleMemory]) -> dict[StateKey, RuleMemory]:
    """Lock these memories until the transaction ends, and give what is remembered under their keys.

    One that does not exist is written as given: idle. Rows are locked in the order of their keys, so that two
    transactions never wait for each other. `DO UPDATE … WHERE false` locks a row and changes nothing.
    """
    if not wanted:
        return {}
    ordered = _order_for_locking(wanted)
    await conn.execute(f"{_WRITE_IDLE} DO UPDATE SET key = excluded.key WHERE false", _key_columns(ordered))
    return await _read_memories(conn, _READ_OF_KEYS, ordered)


async def lock_free_memories(conn: Conn, wanted: Sequence[RuleMemory]) -> dict[StateKey, RuleMemory]:
    """The same for those of these memories that exist and that nobody else has locked.

    None is written: ON CONFLICT waits for whoever has changed the row and not committed yet, DO NOTHING as well.
    """
    if not wanted:
        return {}
    return await _read_memories(conn, f"{_READ_OF_KEYS} FOR UPDATE SKIP LOCKED", _order_for_locking(wanted))


_WRITE_IDLE = """
    INSERT INTO rule_state (rule_id, key, priority, centre_id, device_id, senior_id, room_id)
    SELECT *
      FROM unnest(%(rule_ids)s::text[], %(keys)s::text[], %(priorities)s::text[], %(centre_ids)s::text[],
                  %(device_ids)s::text[], %(senior_ids)s::text[], %(room_ids)s::text[])
        ON CONFLICT (rule_id, key)
"""
_READ_OF_KEYS = """
    SELECT rule_id, key, priority, centre_id, device_id, senior_id, room_id,
           stage, since_at, due_at, last_at, value, blind_interval, unknown
      FROM rule_state
     WHERE (rule_id, key) IN (SELECT * FROM unnest(%(rule_ids)s::text[], %(keys)s::text[]))
"""


def _order_for_locking(wanted: Sequence[RuleMemory]) -> list[RuleMemory]:
    """Each key once, in the order in which everybody locks them."""
    first = {(memory.rule_id, memory.key): memory for memory in wanted}
    return [first[key] for key in sorted(first)]


def _key_columns(memories: Sequence[RuleMemory]) -> Mapping[str, Sequence[str | None]]:
    return {
        "rule_ids": [memory.rule_id for memory in memories],
        "keys": [memory.key for memory in memories],
        "priorities": [memory.priority.value for memory in memories],
        "centre_ids": [memory.centre_id for memory in memories],
        "device_ids": [memory.device_id for memory in memories],
        "senior_ids": [memory.senior_id for memory in memories],
        "room_ids": [memory.room_id for memory in memories],
    }


async def _read_memories(conn: Conn, statement: str, memories: Sequence[RuleMemory]) -> dict[StateKey, RuleMemory]:
    async with conn.cursor(row_factory=class_row(_Row)) as cursor:
        await cursor.execute(
            statement,
            {"rule_ids": [memory.rule_id for memory in memories], "keys": [memory.key for memory in memories]},
        )
        return {(row.rule_id, row.key): row.memory() for row in await cursor.fetchall()}


async def lock_due_memories(conn: Conn, rule_ids: Collection[str], now: datetime, limit: int) -> list[RuleMemory]:
    """Lock up to `limit` memories of these rules whose wait is over, oldest first; another's and parked ones are
    skipped."""
    async with conn.cursor(row_factory=class_row(_Row)) as cursor:
        await cursor.execute(
            """
            SELECT rule_id, key, priority, centre_id, device_id, senior_id, room_id,
                   stage, since_at, due_at, last_at, value, blind_interval, unknown
              FROM rule_state
             WHERE stage = 'pending' AND due_at <= %(now)s AND rule_id = ANY(%(rule_ids)s)
               AND NOT EXISTS (
                 SELECT FROM parked_rows_at('rule-memory', %(now)s) AS parked
                  WHERE parked.row_id = rule_state.rule_id || ' ' || rule_state.key)
             ORDER BY due_at, rule_id, key
             LIMIT %(limit)s
               FOR UPDATE SKIP LOCKED
            """,
            {"rule_ids": list(rule_ids), "now": now, "limit": limit},
        )
        return [row.memory() for row in await cursor.fetchall()]


async def lock_orphaned_memories(
    conn: Conn, rule_ids: Collection[str] | None, now: datetime, limit: int
) -> list[RuleMemory]:
    """Lock memories that hold something although their device is disabled or off, or their rule none of `rule_ids`.

    None when nobody knows which rules there are: then no rule is gone.
    """
    async with conn.cursor(row_factory=class_row(_Row)) as cursor:
        await cursor.execute(
            """
            SELECT rule_state.rule_id, rule_state.key, rule_state.priority, rule_state.centre_id,
                   rule_state.device_id, rule_state.senior_id, rule_state.room_id, rule_state.stage,
                   rule_state.since_at, rule_state.due_at, rule_state.last_at, rule_state.value,
                   rule_state.blind_interval, rule_state.unknown
              FROM rule_state
              JOIN device ON device.id = rule_state.device_id
             WHERE (rule_state.stage <> 'idle' OR rule_state.unknown)
               AND (rule_state.rule_id <> ALL(%(rule_ids)s::text[]) OR NOT device.enabled
                    OR device.off_until > %(now)s AND rule_state.priority <> 'P1')
             ORDER BY rule_state.rule_id, rule_state.key
             LIMIT %(limit)s
               FOR UPDATE OF rule_state SKIP LOCKED
            """,
            {"rule_ids": None if rule_ids is None else list(rule_ids), "now": now, "limit": limit},
        )
        return [row.memory() for row in await cursor.fetchall()]


async def save_memories(conn: Conn, memories: Iterable[RuleMemory]) -> None:
    """Write what is remembered now under keys that exist and are locked."""
    rows = list(memories)
    if not rows:
        return
    await conn.execute(
        """
        UPDATE rule_state
           SET priority = new.priority, device_id = new.device_id, senior_id = new.senior_id, room_id = new.room_id,
               stage = new.stage, since_at = new.since_at, due_at = new.due_at, last_at = new.last_at,
               value = new.value, blind_interval = new.blind_interval, unknown = new.unknown
          FROM unnest(%(rule_ids)s::text[], %(keys)s::text[], %(priorities)s::text[], %(device_ids)s::text[],
                      %(senior_ids)s::text[], %(room_ids)s::text[], %(stages)s::text[], %(since_ats)s::timestamptz[],
                      %(due_ats)s::timestamptz[], %(last_ats)s::timestamptz[], %(values)s::float8[],
                      %(blind_intervals)s::interval[], %(unknowns)s::boolean[])
               AS new (rule_id, key, priority, device_id, senior_id, room_id, stage, since_at, due_at, last_at,
                       value, blind_interval, unknown)
         WHERE rule_state.rule_id = new.rule_id AND rule_state.key = new.key
        """,
        {
            "rule_ids": [memory.rule_id for memory in rows],
            "keys": [memory.key for memory in rows],
            "priorities": [memory.priority for memory in rows],
            "device_ids": [memory.device_id for memory in rows],
            "senior_ids": [memory.senior_id for memory in rows],
            "room_ids": [memory.room_id for memory in rows],
            "stages": [memory.stage for memory in rows],
            "since_ats": [memory.since_at for memory in rows],
            "due_ats": [memory.due_at for memory in rows],
            "last_ats": [memory.last_at for memory in rows],
            "values": [memory.value for memory in rows],
            "blind_intervals": [memory.blind_interval for memory in rows],
            "unknowns": [memory.unknown for memory in rows],
        },
    )


async def postpone_waits(conn: Conn, rule_ids: Sequence[str], by: timedelta) -> None:
    """Let the waits of these rules end later by as much as nothing could be heard."""
    await conn.execute(
        """
        WITH waiting AS (
          SELECT rule_id, key
            FROM rule_state
           WHERE stage = 'pending' AND rule_id = ANY(%(rule_ids)s)
           ORDER BY rule_id COLLATE "C", key COLLATE "C"
             FOR UPDATE
        )
        UPDATE rule_state
           SET due_at = rule_state.due_at + %(by)s, blind_interval = rule_state.blind_interval + %(by)s
          FROM waiting
         WHERE rule_state.rule_id = waiting.rule_id AND rule_state.key = waiting.key
        """,
        {"by": by, "rule_ids": list(rule_ids)},
    )


async def adjust_times_to_clock(conn: Conn, clock_set: ClockSet) -> None:
    """Let everything that is remembered be, by the clock as it is set now, as long ago and as far off as before."""
    await conn.execute(
        """
        WITH remembered AS (
          SELECT rule_id, key
            FROM rule_state
           WHERE stage <> 'idle'
             AND (%(before)s::timestamptz IS NULL OR greatest(since_at, last_at) < %(before)s)
             AND (%(from)s::timestamptz IS NULL OR greatest(since_at, last_at) >= %(from)s)
           ORDER BY rule_id COLLATE "C", key COLLATE "C"
             FOR UPDATE
        )
        UPDATE rule_state
           SET since_at = since_at + %(by)s, due_at = due_at + %(by)s, last_at = last_at + %(by)s
          FROM remembered
         WHERE rule_state.rule_id = remembered.rule_id AND rule_state.key = remembered.key
        """,
        {"by": clock_set.by, "before": clock_set.told_before, "from": clock_set.wrong_from},
    )


async def clamp_times(conn: Conn, now: datetime, tolerance: timedelta) -> int:
    """Let nothing be remembered as later than `now`, because the clock is behind; how many memories that moves."""
    cursor = await conn.execute(
        """
        WITH remembered AS (
          SELECT rule_id, key, greatest(since_at, last_at) - %(now)s AS ahead
            FROM rule_state
           WHERE stage <> 'idle' AND greatest(since_at, last_at) > %(now)s + %(tolerance)s
           ORDER BY rule_id COLLATE "C", key COLLATE "C"
             FOR UPDATE
        )
        UPDATE rule_state
           SET since_at = since_at - ahead, due_at = due_at - ahead, last_at = last_at - ahead
          FROM remembered
         WHERE rule_state.rule_id = remembered.rule_id AND rule_state.key = remembered.key
        """,
        {"now": now, "tolerance": tolerance},
    )
    return cursor.rowcount


async def shift_heard_until(conn: Conn, clock_set: ClockSet) -> None:
    """The hub was heard as long ago as before, by the clock as it is set now."""
    await conn.execute(
        """
        UPDATE rule_heard
           SET until_at = until_at + %(by)s
         WHERE (%(before)s::timestamptz IS NULL OR until_at < %(before)s)
           AND (%(from)s::timestamptz IS NULL OR until_at >= %(from)s)
        """,
        {"by": clock_set.by, "before": clock_set.told_before, "from": clock_set.wrong_from},
    )


async def heard_until(conn: Conn) -> datetime | None:
    """Until when the hub is known to have listened; None before its first time."""
    async with conn.cursor(row_factory=scalar_row) as cursor:
        await cursor.execute("SELECT until_at FROM rule_heard")
        found: datetime | None = await cursor.fetchone()
        return found


async def set_heard_until(conn: Conn, now: datetime) -> None:
    """The hub listens at `now`."""
    await conn.execute(
        """
        INSERT INTO rule_heard (until_at) VALUES (%(now)s)
            ON CONFLICT (one_row) DO UPDATE SET until_at = excluded.until_at
        """,
        {"now": now},
    )


async def add_rule_set(conn: Conn, sha256: bytes, rules: int, now: datetime) -> None:
    """A set of rules is in force from `now` on."""
    await conn.execute(
        """
        INSERT INTO rule_set (hash, loaded_at, rules) VALUES (%(hash)s, %(now)s, %(rules)s)
            ON CONFLICT DO NOTHING
        """,
        {"hash": sha256, "now": now, "rules": rules},
    )


@dataclass(frozen=True, slots=True)
class _Row:
    rule_id: str
    key: str
    priority: str
    centre_id: CentreId
    device_id: DeviceId
    senior_id: SeniorId | None
    room_id: RoomId | None
    stage: str
    since_at: datetime | None
    due_at: datetime | None
    last_at: datetime | None
    value: float | None
    blind_interval: timedelta
    unknown: bool

    def memory(self) -> RuleMemory:
        return RuleMemory(
            rule_id=self.rule_id,
            key=self.key,
            priority=Priority(self.priority),
            centre_id=self.centre_id,
            device_id=self.device_id,
            senior_id=self.senior_id,
            room_id=self.room_id,
            stage=RuleStage(self.stage),
            since_at=self.since_at,
            due_at=self.due_at,
            last_at=self.last_at,
            value=self.value,
            blind_interval=self.blind_interval,
            unknown=self.unknown,
        )
