"""What the tour's steps are read from: the rows that real events left."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

StageConnection: TypeAlias = AsyncConnection[TupleRow]


@dataclass(frozen=True, slots=True)
class Happened:
    """When each kind of thing first happened since the tour began; None: not yet."""

    data: datetime | None
    press: datetime | None
    told: datetime | None
    taken: datetime | None
    picture: datetime | None


async def first_events_since(conn: StageConnection, since: datetime) -> Happened:
    """The first of each since then; nobody is told and nothing taken before the press.

    A press is taken when its button was sent the cue "coming".

    Readings are looked for device by device, each in its own order: a look costs the same on any day.
    """
    async with conn.cursor(row_factory=class_row(Happened)) as cur:
        await cur.execute(
            """
            SELECT (SELECT min(first.ts)
                      FROM device
                     CROSS JOIN reading_name
                     CROSS JOIN LATERAL (SELECT ts
                                           FROM reading
                                          WHERE device_id = device.number
                                            AND reading_name_id = reading_name.id
                                            AND ts >= %(since)s
                                          ORDER BY ts
                                          LIMIT 1) AS first
                     WHERE device.kind IN ('camera', 'sensor')) AS data,
                   pressed.at AS press,
                   (SELECT min(taken_at) FROM notification WHERE taken_at >= pressed.at) AS told,
                   (SELECT min(sent_at)
                      FROM device_command
                     WHERE sent_at >= pressed.at AND subtopic = 'cue' AND payload ->> 'cue' = 'coming') AS taken,
                   (SELECT min(viewing.first_frame_at)
                      FROM viewing
                      JOIN account ON account.id = viewing.account_id
                     WHERE viewing.first_frame_at >= %(since)s AND account.role = 'family') AS picture
              FROM (SELECT min(received_at) AS at FROM press WHERE received_at >= %(since)s) AS pressed
            """,
            {"since": since},
        )
        row = await cur.fetchone()
    assert row is not None
    return row


@dataclass(frozen=True, slots=True)
class ButtonRow:
    """A senior and the button that is hers now, and who has taken her call."""

    senior_id: str
    address_as: str
    address_as_en: str
    device_id: str
    owner_name_en: str | None


async def read_buttons(conn: StageConnection) -> list[ButtonRow]:
    """Everybody who has a button, in order."""
    async with conn.cursor(row_factory=class_row(ButtonRow)) as cur:
        await cur.execute(
            """
            SELECT senior.id AS senior_id, senior.address_as, senior.address_as_en, device.id AS device_id,
                   (SELECT account.name_en
                      FROM alarm
                      JOIN account ON account.id = alarm.owner_id
                     WHERE alarm.senior_id = senior.id AND alarm.state IN ('accepted', 'on_scene')
                     ORDER BY alarm.opened_at DESC
                     LIMIT 1) AS owner_name_en
              FROM senior
              JOIN assignment ON assignment.senior_id = senior.id AND assignment.to_at IS NULL
              JOIN device ON device.id = assignment.device_id AND device.kind = 'button'
             ORDER BY senior.id
            """
        )
        return await cur.fetchall()


@dataclass(frozen=True, slots=True)
class StageRoomRow:
    id: str
    name: str
    name_en: str
    camera_id: str | None


async def read_rooms(conn: StageConnection) -> list[StageRoomRow]:
    """The rooms, each with its camera."""
    async with conn.cursor(row_factory=class_row(StageRoomRow)) as cur:
        await cur.execute(
            """
            SELECT room.id, room.name, room.name_en, camera.device_id AS camera_id
              FROM room
              LEFT JOIN (SELECT assignment.room_id, min(device.id) AS device_id
                           FROM device
                           JOIN assignment ON assignment.device_id = device.id AND assignment.to_at IS NULL
                          WHERE device.kind = 'camera'
                          GROUP BY assignment.room_id) AS camera ON camera.room_id = room.id
             ORDER BY room.plan_row, room.plan_column
            """
        )
        return await cur.fetchall()


async def senior_of(conn: StageConnection, account_id: str) -> str | None:
    """Whose relative an account is."""
    cursor = await conn.execute(
        "SELECT senior_id FROM relation WHERE account_id = %(id)s AND blocked_at IS NULL ORDER BY id LIMIT 1",
        {"id": account_id},
    )
    row = await cursor.fetchone()
    return row[0] if row else None
