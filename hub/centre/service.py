"""What can be written of the building: the organisation, the centre, its rooms; each with its entry in the ledger."""

from collections.abc import Iterable

from hub.centre import store
from hub.centre.errors import ClosesBeforeItOpens, NoSuchRoom, SecondCentre, UnknownTimezone
from hub.centre.model import CentreRecord, OrganisationRecord, RoomRecord, RoomType, are_in_order
from hub.kit.db import Conn
from hub.kit.ids import CentreId, RoomId
from hub.ledger.edit import Edit, written_kind
from hub.ledger.model import Chain


async def find_centre(conn: Conn) -> CentreId | None:
    """The one centre that this hub serves; None before the first import."""
    return await store.find_centre(conn)


async def require_room_type(conn: Conn, room_id: RoomId) -> RoomType:
    """What the room is for. Raises NoSuchRoom."""
    found = await store.find_room_type(conn, room_id)
    if found is None:
        raise NoSuchRoom(f"no room is called {room_id}")
    return found


async def write_centre(edit: Edit, organisation: OrganisationRecord, centre: CentreRecord) -> None:
    """Write the building and the organisation that runs it, where they differ.

    Raises ClosesBeforeItOpens, UnknownTimezone, and SecondCentre when the hub serves another one.
    """
    if not are_in_order(centre.opens, centre.closes):
        raise ClosesBeforeItOpens
    if not await store.knows_timezone(edit.conn, centre.timezone):
        raise UnknownTimezone(f"the time zone {centre.timezone} is unknown here: write another, such as Asia/Shanghai")
    if await store.find_centre(edit.conn) not in {None, centre.id}:
        raise SecondCentre
    is_new = await store.upsert_organisation(edit.conn, organisation)
    if is_new is not None:
        kind = written_kind("organisation", is_new=is_new)
        edit.note_entry(centre.id, Chain.CARE, kind, organisation=organisation.id)
    is_new = await store.upsert_centre(edit.conn, centre)
    if is_new is not None:
        edit.note_entry(centre.id, Chain.CARE, written_kind("centre", is_new=is_new), centre=centre.id)


async def write_rooms(edit: Edit, rooms: Iterable[RoomRecord]) -> None:
    """Write these rooms where they differ; others stay as they are.

    The database refuses, at the commit, a type that allows no camera for a room in which one stands.
    """
    for room in rooms:
        is_new = await store.upsert_room(edit.conn, room)
        if is_new is not None:
            kind = written_kind("room", is_new=is_new)
            edit.note_entry(room.centre_id, Chain.CARE, kind, room=room.id, type=room.type.value)
