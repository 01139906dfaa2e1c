"""The rows of presses, of what was received before, and of what was undecodable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from hub.ingest.model import SeenLane, Sender
from hub.kit.db import Conn
from hub.kit.ids import AlarmId, CentreId, DeviceId, PressId, RoomId, SeniorId


@dataclass(frozen=True, slots=True)
class Press:
    """One physical activation of a trigger, or an undecodable message of a trigger."""

    id: PressId
    centre_id: CentreId
    device_id: DeviceId
    message_id: str | None
    seq: int | None
    kind: str
    of_message_id: str | None
    pressed_at: datetime
    received_at: datetime
    late: bool
    time_uncertain: bool
    old: bool
    senior_id: SeniorId | None
    room_id: RoomId | None
    digest: bytes
    unreadable_reason: str | None


@dataclass(frozen=True, slots=True)
class MessageIdentity:
    """What makes two messages the same."""

    device_id: DeviceId
    lane: SeenLane
    message_id: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class NewQuarantined:
    """A message for quarantine."""

    id: str
    centre_id: CentreId
    device_id: str | None
    topic: str
    reason: str
    detail: str
    payload: bytes
    digest: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row of quarantine as staff see it."""

    id: str
    device_id: str | None
    topic: str
    reason: str
    detail: str
    payload_bytes: int
    received_at: datetime
    last_at: datetime
    times: int


async def find_senders(conn: Conn, device_ids: Sequence[str], at: datetime) -> dict[str, Sender]:
    """The registered ones among these devices, and whose they were at that moment.

    A message that is older than every assignment of its device (or that came under a clock that is behind) is of whom
    the device was assigned to after it: somebody is looked for by name, and not a device.
    """
    async with conn.cursor(row_factory=class_row(Sender)) as cur:
        await cur.execute(
            """
            SELECT device.id AS device_id, device.centre_id, assignment.senior_id, assignment.room_id,
                   device.clock_behind
              FROM device
              LEFT JOIN LATERAL (
                   SELECT senior_id, room_id
                     FROM assignment
                    WHERE device_id = device.id AND (to_at IS NULL OR to_at > %(at)s)
                    ORDER BY from_at <= %(at)s DESC, to_at IS NULL DESC, from_at
                    LIMIT 1) AS assignment ON true
             WHERE device.id = ANY(%(ids)s)
            """,
            {"ids": list(device_ids), "at": at},
        )
        return {sender.device_id: sender for sender in await cur.fetchall()}


async def insert_press(conn: Conn, press: Press) -> None:
    """Store a press."""
    await conn.execute(
        """
        INSERT INTO press
               (id, centre_id, device_id, message_id, seq, kind, of_message_id, pressed_at, received_at, late,
                time_uncertain, old, senior_id, room_id, digest, unreadable_reason)
        VALUES (%(id)s, %(centre_id)s, %(device_id)s, %(message_id)s, %(seq)s, %(kind)s, %(of_message_id)s,
                %(pressed_at)s, %(received_at)s, %(late)s, %(time_uncertain)s, %(old)s, %(senior_id)s, %(room_id)s,
                %(digest)s, %(unreadable_reason)s)
        """,
        {
            "id": press.id,
            "centre_id": press.centre_id,
            "device_id": press.device_id,
            "message_id": press.message_id,
            "seq": press.seq,
            "kind": press.kind,
            "of_message_id": press.of_message_id,
            "pressed_at": press.pressed_at,
            "received_at": press.received_at,
            "late": press.late,
            "time_uncertain": press.time_uncertain,
            "old": press.old,
            "senior_id": press.senior_id,
            "room_id": press.room_id,
            "digest": press.digest,
            "unreadable_reason": press.unreadable_reason,
        },
    )


async def insert_seen_message(conn: Conn, seen: MessageIdentity, press_id: PressId | None, at: datetime) -> bool:
    """Note a message that can be read; whether it is the first of its kind."""
    cursor = await conn.execute(
        """
        INSERT INTO seen_message (device_id, lane, message_id, digest, at, press_id)
        VALUES (%(device_id)s, %(lane)s, %(message_id)s, %(digest)s, %(at)s, %(press_id)s)
            ON CONFLICT (device_id, lane, message_id, digest) DO NOTHING
        RETURNING device_id
        """,
        {
            "device_id": seen.device_id,
            "lane": seen.lane,
            "message_id": seen.message_id,
            "digest": seen.digest,
            "at": at,
            "press_id": press_id,
        },
    )
    return await cursor.fetchone() is not None


async def renew_seen_message(
    conn: Conn, seen: MessageIdentity, press_id: PressId, instead_of: PressId | None, at: datetime
) -> bool:
    """Note a message that makes this press, `instead_of` the one that the same message made before.

    False when another transaction has noted it meanwhile: then it makes none.
    """
    cursor = await conn.execute(
        """
        INSERT INTO seen_message (device_id, lane, message_id, digest, at, press_id)
        VALUES (%(device_id)s, %(lane)s, %(message_id)s, %(digest)s, %(at)s, %(press_id)s)
            ON CONFLICT (device_id, lane, message_id, digest) DO UPDATE
               SET at = excluded.at, press_id = excluded.press_id
             WHERE seen_message.press_id = %(instead_of)s
        RETURNING press_id
        """,
        {
            "device_id": seen.device_id,
            "lane": seen.lane,
            "message_id": seen.message_id,
            "digest": seen.digest,
            "press_id": press_id,
            "instead_of": instead_of,
            "at": at,
        },
    )
    return await cursor.fetchone() is not None


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of a message's id: the press that the same message made, and whether it named another one too."""

    press_id: PressId | None
    is_reused: bool
    received_at: datetime | None
    """When that press came."""
    has_alarm: bool
    alarm_ended_at: datetime | None
    """When the alarm of that press was resolved; None while it is live."""


async def read_earlier_message(conn: Conn, seen: MessageIdentity) -> Before:
    """What a message's device has said under its id before."""
    async with conn.cursor(row_factory=class_row(Before)) as cur:
        await cur.execute(
            """
            SELECT same.press_id, press.received_at, alarm.id IS NOT NULL AS has_alarm,
                   alarm.resolved_at AS alarm_ended_at, EXISTS (
              SELECT FROM seen_message
               WHERE device_id = %(device_id)s AND lane = %(lane)s AND message_id = %(message_id)s
                 AND digest <> %(digest)s) AS is_reused
              FROM (VALUES (%(digest)s::bytea)) AS said (digest)
              LEFT JOIN seen_message AS same
                ON same.device_id = %(device_id)s AND same.lane = %(lane)s AND same.message_id = %(message_id)s
               AND same.digest = said.digest
              LEFT JOIN press ON press.id = same.press_id
              LEFT JOIN alarm_press ON alarm_press.press_id = press.id
              LEFT JOIN alarm ON alarm.id = alarm_press.alarm_id
            """,
            {
                "device_id": seen.device_id,
                "lane": seen.lane,
                "message_id": seen.message_id,
                "digest": seen.digest,
            },
        )
        found = await cur.fetchone()
    assert found is not None
    return found


async def alarms_of(conn: Conn, press_ids: Sequence[PressId]) -> dict[PressId, AlarmId]:
    """The alarm of each of these presses that has one."""
    cursor = await conn.execute(
        "SELECT press_id, alarm_id FROM alarm_press WHERE press_id = ANY(%(ids)s)", {"ids": list(press_ids)}
    )
    return {PressId(press_id): AlarmId(alarm_id) for press_id, alarm_id in await cursor.fetchall()}


async def find_cancelled_presses(
    conn: Conn, named: Sequence[tuple[DeviceId, str | None]], within: timedelta
) -> list[PressId]:
    """Those of these presses (device, message id) that a cancel of their device cancelled in time.

    The cancel may have come first.
    """
    cursor = await conn.execute(
        """
        SELECT DISTINCT press.id
          FROM unnest(%(device_ids)s::text[], %(message_ids)s::text[]) AS named (device_id, message_id)
          JOIN press ON press.device_id = named.device_id AND press.message_id = named.message_id
          JOIN press AS cancel
            ON cancel.device_id = press.device_id AND cancel.of_message_id = press.message_id
         WHERE press.kind NOT IN ('cancel', 'test') AND cancel.kind = 'cancel'
           AND cancel.pressed_at BETWEEN press.pressed_at - interval '1 second' AND press.pressed_at + %(within)s
         ORDER BY press.id
        """,
        {
            "device_ids": [device_id for device_id, _ in named],
            "message_ids": [message_id for _, message_id in named],
            "within": within,
        },
    )
    return [PressId(row[0]) for row in await cursor.fetchall()]


async def upsert_quarantined(conn: Conn, quarantined: NewQuarantined) -> None:
    """Quarantine a message, or count it once more when the same bytes came to the same topic before."""
    await conn.execute(
        """
        INSERT INTO quarantine
               (id, centre_id, device_id, topic, reason, detail, payload, digest, received_at, last_at)
        VALUES (%(id)s, %(centre_id)s, %(device_id)s, %(topic)s, %(reason)s, %(detail)s, %(payload)s, %(digest)s,
                %(received_at)s, %(received_at)s)
            ON CONFLICT (centre_id, topic, digest) DO UPDATE
               SET last_at = excluded.last_at, times = quarantine.times + 1
        """,
        {
            "id": quarantined.id,
            "centre_id": quarantined.centre_id,
            "device_id": quarantined.device_id,
            "topic": quarantined.topic,
            "reason": quarantined.reason,
            "detail": quarantined.detail,
            "payload": quarantined.payload,
            "digest": quarantined.digest,
            "received_at": quarantined.received_at,
        },
    )


async def trim_quarantine(conn: Conn, centre_id: CentreId, keep: int) -> None:
    """Keep the newest `keep` messages of a centre: a device that talks nonsense fills no disk. One that another
    transaction holds stays."""
    await conn.execute(
        """
        WITH surplus AS (
          SELECT id
            FROM quarantine
           WHERE id IN (SELECT id
                          FROM quarantine
                         WHERE centre_id = %(centre_id)s
                         ORDER BY last_at DESC, id DESC
                        OFFSET %(keep)s)
             FOR UPDATE SKIP LOCKED
        )
        DELETE FROM quarantine
         USING surplus
         WHERE quarantine.id = surplus.id
        """,
        {"centre_id": centre_id, "keep": keep},
    )


async def list_quarantined(conn: Conn, centre_id: CentreId, limit: int) -> list[Quarantined]:
    """What is in quarantine, newest first."""
    async with conn.cursor(row_factory=class_row(Quarantined)) as cur:
        await cur.execute(
            """
            SELECT id, device_id, topic, reason, detail, length(payload) AS payload_bytes, received_at, last_at, times
              FROM quarantine
             WHERE centre_id = %(centre_id)s
             ORDER BY last_at DESC, id DESC
             LIMIT %(limit)s
            """,
            {"centre_id": centre_id, "limit": limit},
        )
        return await cur.fetchall()
