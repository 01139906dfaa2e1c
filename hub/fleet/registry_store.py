"""The rows of devices as they are registered, and of whose they are. One function, one statement."""

from collections.abc import Collection
from datetime import datetime

from hub.centre.model import RoomType
from hub.fleet.model import Assigned, DeviceKind, DeviceRecord, SourceKind, SourceRecord
from hub.kit.db import Conn
from hub.kit.ids import DeviceId, RoomId


async def upsert_device(conn: Conn, record: DeviceRecord) -> bool | None:
    """Write a device where it differs: whether it is new, None when nothing changed."""
    cursor = await conn.execute(
        """
        INSERT INTO device AS held (id, centre_id, kind, name, name_en, heartbeat)
        VALUES (%(id)s, %(centre_id)s, %(kind)s, %(name)s, %(name_en)s, %(heartbeat)s)
            ON CONFLICT (id) DO UPDATE
           SET kind = excluded.kind, name = excluded.name, name_en = excluded.name_en,
               heartbeat = excluded.heartbeat
         WHERE (held.kind, held.name, held.name_en, held.heartbeat)
               IS DISTINCT FROM (excluded.kind, excluded.name, excluded.name_en, excluded.heartbeat)
        RETURNING xmax = 0
        """,
        {
            "id": record.id,
            "centre_id": record.centre_id,
            "kind": record.kind,
            "name": record.name,
            "name_en": record.name_en,
            "heartbeat": record.heartbeat,
        },
    )
    row = await cursor.fetchone()
    return None if row is None else bool(row[0])


async def delete_other_sources(conn: Conn, device_id: DeviceId, kinds: Collection[SourceKind]) -> bool:
    """Delete the device's sources of kinds other than these; whether there were any."""
    cursor = await conn.execute(
        """
        DELETE FROM camera_source
         WHERE device_id = %(device_id)s AND kind <> ALL (%(kinds)s::text[])
        """,
        {"device_id": device_id, "kinds": sorted(kinds)},
    )
    return cursor.rowcount > 0


async def upsert_source(conn: Conn, device_id: DeviceId, source: SourceRecord) -> bool:
    """Write a source of the device where it differs; whether it was written."""
    cursor = await conn.execute(
        """
        INSERT INTO camera_source AS held (device_id, kind, protocol, address)
        VALUES (%(device_id)s, %(kind)s, %(protocol)s, %(address)s)
            ON CONFLICT (device_id, kind) DO UPDATE
           SET protocol = excluded.protocol, address = excluded.address
         WHERE held.address <> excluded.address
        """,
        {"device_id": device_id, "kind": source.kind, "protocol": source.protocol, "address": source.address},
    )
    return cursor.rowcount > 0


async def set_missing_credential(conn: Conn, device_id: DeviceId, credential_hash: bytes) -> bool:
    """What is kept of a device's password, unless it has one; whether it was written."""
    cursor = await conn.execute(
        """
        UPDATE device
           SET credential_hash = %(hash)s
         WHERE id = %(id)s AND credential_hash IS NULL
        """,
        {"id": device_id, "hash": credential_hash},
    )
    return cursor.rowcount > 0


async def end_other_assignment(conn: Conn, device_id: DeviceId, assigned: Assigned, now: datetime) -> bool:
    """End whose the device is, where that is somebody else; whether it ended."""
    cursor = await conn.execute(
        """
        UPDATE assignment
           SET to_at = %(now)s
         WHERE device_id = %(device_id)s AND to_at IS NULL
           AND (senior_id, room_id) IS DISTINCT FROM (%(senior_id)s::text, %(room_id)s::text)
        """,
        {"device_id": device_id, "senior_id": assigned.senior_id, "room_id": assigned.room_id, "now": now},
    )
    return cursor.rowcount > 0


async def insert_assignment(
    conn: Conn, assignment_id: str, device_id: DeviceId, assigned: Assigned, now: datetime
) -> bool:
    """Whose the device is from now on, unless it is somebody's or is to be nobody's; whether it was written."""
    cursor = await conn.execute(
        """
        INSERT INTO assignment (id, device_id, senior_id, room_id, from_at)
        SELECT %(id)s, %(device_id)s, %(senior_id)s, %(room_id)s, %(now)s
         WHERE (%(senior_id)s::text IS NOT NULL OR %(room_id)s::text IS NOT NULL)
           AND NOT EXISTS (SELECT FROM assignment WHERE device_id = %(device_id)s AND to_at IS NULL)
        """,
        {
            "id": assignment_id,
            "device_id": device_id,
            "senior_id": assigned.senior_id,
            "room_id": assigned.room_id,
            "now": now,
        },
    )
    return cursor.rowcount > 0


async def cameras_in(conn: Conn, types: Collection[RoomType]) -> list[tuple[DeviceId, RoomId]]:
    """Each camera that stands in a room of one of these types, with the room."""
    cursor = await conn.execute(
        """
        SELECT device.id, room.id
          FROM device
          JOIN assignment ON assignment.device_id = device.id AND assignment.to_at IS NULL
          JOIN room ON room.id = assignment.room_id
         WHERE device.kind = %(camera)s AND room.type = ANY(%(types)s)
         ORDER BY device.id
        """,
        {"camera": DeviceKind.CAMERA, "types": sorted(types)},
    )
    return [(DeviceId(device_id), RoomId(room_id)) for device_id, room_id in await cursor.fetchall()]
