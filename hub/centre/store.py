"""The rows of the organisation, the centre and its rooms. One function, one statement."""

from dataclasses import asdict

from hub.centre.model import CentreRecord, OrganisationRecord, RoomRecord, RoomType
from hub.kit.db import Conn
from hub.kit.ids import CentreId, RoomId


async def find_centre(conn: Conn) -> CentreId | None:
    """The one centre that the database holds; None before the first import."""
    cursor = await conn.execute("SELECT id FROM centre")
    row = await cursor.fetchone()
    return None if row is None else CentreId(row[0])


async def knows_timezone(conn: Conn, name: str) -> bool:
    """Whether the database can tell the local time of this zone; its list and Python's differ with their versions."""
    cursor = await conn.execute("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = %(name)s)", {"name": name})
    return await cursor.fetchone() == (True,)


async def find_room_type(conn: Conn, room_id: RoomId) -> RoomType | None:
    """What the room is for; None when there is no such room."""
    cursor = await conn.execute("SELECT type FROM room WHERE id = %(id)s", {"id": room_id})
    row = await cursor.fetchone()
    return None if row is None else RoomType(row[0])


async def upsert_organisation(conn: Conn, record: OrganisationRecord) -> bool | None:
    """Write the organisation where it differs: whether it is new, None when nothing changed."""
    cursor = await conn.execute(
        """
        INSERT INTO organisation AS held (id, name, name_en)
        VALUES (%(id)s, %(name)s, %(name_en)s)
            ON CONFLICT (id) DO UPDATE
           SET name = excluded.name, name_en = excluded.name_en
         WHERE (held.name, held.name_en) IS DISTINCT FROM (excluded.name, excluded.name_en)
        RETURNING xmax = 0
        """,
        asdict(record),
    )
    row = await cursor.fetchone()
    return None if row is None else bool(row[0])


async def upsert_centre(conn: Conn, record: CentreRecord) -> bool | None:
    """Write the building and its hours where they differ: whether it is new, None when nothing changed."""
    cursor = await conn.execute(
        """
        INSERT INTO centre AS held (id, organisation_id, name, name_en, address, phone, timezone, opens, closes)
        VALUES (%(id)s, %(organisation_id)s, %(name)s, %(name_en)s, %(address)s, %(phone)s, %(timezone)s, %(opens)s,
                %(closes)s)
            ON CONFLICT (id) DO UPDATE
           SET organisation_id = excluded.organisation_id, name = excluded.name, name_en = excluded.name_en,
               address = excluded.address, phone = excluded.phone, timezone = excluded.timezone,
               opens = excluded.opens, closes = excluded.closes
         WHERE (held.organisation_id, held.name, held.name_en, held.address, held.phone, held.timezone, held.opens,
                held.closes)
               IS DISTINCT FROM
               (excluded.organisation_id, excluded.name, excluded.name_en, excluded.address, excluded.phone,
                excluded.timezone, excluded.opens, excluded.closes)
        RETURNING xmax = 0
        """,
        asdict(record),
    )
    row = await cursor.fetchone()
    return None if row is None else bool(row[0])


async def upsert_room(conn: Conn, record: RoomRecord) -> bool | None:
    """Write a room and its place on the floor plan where they differ: whether it is new, None when nothing changed."""
    cursor = await conn.execute(
        """
        INSERT INTO room AS held (id, centre_id, name, name_en, type, plan_column, plan_row, plan_width, plan_height)
        VALUES (%(id)s, %(centre_id)s, %(name)s, %(name_en)s, %(type)s, %(plan_column)s, %(plan_row)s,
                %(plan_width)s, %(plan_height)s)
            ON CONFLICT (id) DO UPDATE
           SET name = excluded.name, name_en = excluded.name_en, type = excluded.type,
               plan_column = excluded.plan_column, plan_row = excluded.plan_row,
               plan_width = excluded.plan_width, plan_height = excluded.plan_height
         WHERE (held.name, held.name_en, held.type, held.plan_column, held.plan_row, held.plan_width,
                held.plan_height)
               IS DISTINCT FROM
               (excluded.name, excluded.name_en, excluded.type, excluded.plan_column, excluded.plan_row,
                excluded.plan_width, excluded.plan_height)
        RETURNING xmax = 0
        """,
        asdict(record),
    )
    row = await cursor.fetchone()
    return None if row is None else bool(row[0])
