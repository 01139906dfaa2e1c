"""Which sirens and lamps an alarm has on. One function, one statement."""

from collections.abc import Sequence
from datetime import datetime

from devices.contract.messages import Do
from hub.alarms.model import Sounder
from hub.kit.db import Conn
from hub.kit.ids import AlarmId, CentreId, DeviceId, RoomId


async def enabled_sounders(conn: Conn, centre_id: CentreId, now: datetime) -> list[Sounder]:
    """The enabled sirens and lamps of the centre, and the rooms they are in."""
    cursor = await conn.execute(
        """
        SELECT device.id, device.kind, room.id, room.type
          FROM device
          LEFT JOIN assignments_at(%(now)s) AS assignment ON assignment.device_id = device.id
          LEFT JOIN room ON room.id = assignment.room_id
         WHERE device.centre_id = %(centre_id)s AND device.enabled AND device.kind IN ('siren', 'lamp')
         ORDER BY device.id
        """,
        {"centre_id": centre_id, "now": now},
    )
    return [
        Sounder(DeviceId(device_id), Do(kind), None if room_id is None else RoomId(room_id), room_type)
        for device_id, kind, room_id, room_type in await cursor.fetchall()
    ]


async def lock_devices(conn: Conn) -> None:
    """Let nobody else turn sirens and lamps on or off until the transaction ends.

    One lock for all of them: whether one goes off depends on the rows of other alarms. After the alarms, before the
    messages to devices (DECISIONS 37).
    """
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('alarm devices', 0))")


async def set_devices_on(conn: Conn, alarm_id: AlarmId, device_ids: Sequence[DeviceId], now: datetime) -> None:
    """This alarm has these devices on."""
    async with conn.cursor() as cur:
        await cur.executemany(
            """
            INSERT INTO alarm_device (alarm_id, device_id, on_at)
            VALUES (%(alarm_id)s, %(device_id)s, %(now)s)
                ON CONFLICT (alarm_id, device_id) DO UPDATE SET off_at = NULL
            """,
            [{"alarm_id": alarm_id, "device_id": device_id, "now": now} for device_id in device_ids],
        )


async def devices_on(conn: Conn, alarm_id: AlarmId) -> list[DeviceId]:
    """What this alarm has turned on and not off again."""
    cursor = await conn.execute(
        "SELECT device_id FROM alarm_device WHERE alarm_id = %(alarm_id)s AND off_at IS NULL ORDER BY device_id",
        {"alarm_id": alarm_id},
    )
    return [DeviceId(device_id) for (device_id,) in await cursor.fetchall()]


async def set_devices_off(
    conn: Conn, alarm_id: AlarmId, kinds: Sequence[Do], now: datetime
) -> list[tuple[DeviceId, Do]]:
    """This alarm needs devices of these kinds no more. Returns those that it had on and that no other alarm still
    needs, with what they do."""
    cursor = await conn.execute(
        """
        WITH released AS (
          UPDATE alarm_device
             SET off_at = %(now)s
            FROM device
           WHERE alarm_device.alarm_id = %(alarm_id)s AND alarm_device.off_at IS NULL
             AND device.id = alarm_device.device_id AND device.kind = ANY(%(kinds)s)
          RETURNING device.id, device.kind
        )
        SELECT id, kind
          FROM released
         WHERE NOT EXISTS (
           SELECT FROM alarm_device AS other
            WHERE other.device_id = released.id AND other.alarm_id <> %(alarm_id)s AND other.off_at IS NULL)
         ORDER BY id
        """,
        {"alarm_id": alarm_id, "kinds": [kind.value for kind in kinds], "now": now},
    )
    return [(DeviceId(device_id), Do(kind)) for device_id, kind in await cursor.fetchall()]
