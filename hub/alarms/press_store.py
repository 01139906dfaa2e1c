"""Which presses belong to which alarm. One function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from hub.kit.db import Conn
from hub.kit.ids import AlarmId, DeviceId, PressId


async def link_press(
    conn: Conn, alarm_id: AlarmId, press_id: PressId, device_id: DeviceId | None, pressed_at: datetime
) -> bool:
    """Link a press to its alarm, unless it has one; whether it is linked now for the first time."""
    cursor = await conn.execute(
        """
        INSERT INTO alarm_press (press_id, alarm_id, device_id, pressed_at)
        VALUES (%(press_id)s, %(alarm_id)s, %(device_id)s, %(pressed_at)s)
            ON CONFLICT (press_id) DO NOTHING
        RETURNING press_id
        """,
        {"press_id": press_id, "alarm_id": alarm_id, "device_id": device_id, "pressed_at": pressed_at},
    )
    return await cursor.fetchone() is not None


async def alarm_of_press(conn: Conn, press_id: PressId, key: str) -> AlarmId | None:
    """The alarm with this key that the press is linked to already."""
    cursor = await conn.execute(
        """
        SELECT alarm.id
          FROM alarm_press
          JOIN alarm ON alarm.id = alarm_press.alarm_id
         WHERE alarm_press.press_id = %(press_id)s AND alarm.key = %(key)s
        """,
        {"press_id": press_id, "key": key},
    )
    row = await cursor.fetchone()
    return AlarmId(row[0]) if row else None


async def alarms_of_presses(conn: Conn, press_ids: Sequence[PressId]) -> list[tuple[AlarmId, str]]:
    """The alarms that these presses belong to, each once with its key."""
    if not press_ids:
        return []
    cursor = await conn.execute(
        """
        SELECT DISTINCT alarm.id, alarm.key
          FROM alarm_press
          JOIN alarm ON alarm.id = alarm_press.alarm_id
         WHERE alarm_press.press_id = ANY(%(press_ids)s)
         ORDER BY alarm.id
        """,
        {"press_ids": list(press_ids)},
    )
    return [(AlarmId(alarm_id), key) for alarm_id, key in await cursor.fetchall()]


async def presses_of(conn: Conn, alarm_id: AlarmId) -> list[datetime]:
    """When the presses of this alarm were."""
    cursor = await conn.execute(
        "SELECT pressed_at FROM alarm_press WHERE alarm_id = %(alarm_id)s ORDER BY pressed_at", {"alarm_id": alarm_id}
    )
    return [pressed_at for (pressed_at,) in await cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Presser:
    """A device from which an alarm was pressed, and the language it speaks."""

    device_id: DeviceId
    language: str


async def pressers_of(conn: Conn, alarm_id: AlarmId) -> list[Presser]:
    """The devices from which this alarm was pressed."""
    async with conn.cursor(row_factory=class_row(Presser)) as cur:
        await cur.execute(
            """
            SELECT DISTINCT alarm_press.device_id, coalesce(senior.language, 'zh-CN') AS language
              FROM alarm_press
              JOIN alarm ON alarm.id = alarm_press.alarm_id
              LEFT JOIN senior ON senior.id = alarm.senior_id
             WHERE alarm_press.alarm_id = %(alarm_id)s AND alarm_press.device_id IS NOT NULL
            """,
            {"alarm_id": alarm_id},
        )
        return await cur.fetchall()
