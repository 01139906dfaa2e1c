"""Which devices does the centre have, and whose are they? Registers and assigns them, with the ledger's entries."""

from hub.centre import service as centre
from hub.centre.model import NEVER_A_CAMERA
from hub.fleet import registry_store
from hub.fleet.credentials import hash_of, new_password
from hub.fleet.errors import WrongPlacement
from hub.fleet.model import DeviceRecord
from hub.fleet.placement import Placement, find_misplacements
from hub.kit.db import Conn
from hub.kit.ids import DeviceId, RoomId, new_id
from hub.ledger.edit import Edit, written_kind
from hub.ledger.model import Chain
from hub.people import service as people


async def write_device(edit: Edit, record: DeviceRecord) -> str | None:
    """Register a device and assign it, where that differs; who had it before is kept.

    Returns its password when it had none: it is kept nowhere. Raises WrongPlacement, NoSuchRoom and NoSuchSenior.
    """
    await _require_allowed_placement(edit.conn, record)
    is_new = await registry_store.upsert_device(edit.conn, record)
    has_other_sources = await _write_sources(edit.conn, record)
    if is_new is not None or has_other_sources:
        kind = written_kind("device", is_new=bool(is_new))
        edit.note_entry(record.centre_id, Chain.CARE, kind, device=record.id, kind=record.kind.value)
    await _assign_device(edit, record)
    return await _missing_password(edit, record)


async def forbidden_cameras(conn: Conn) -> list[tuple[DeviceId, RoomId]]:
    """Cameras that stand, with what this transaction has written, in a room of a type where none is allowed."""
    return await registry_store.cameras_in(conn, NEVER_A_CAMERA)


async def _require_allowed_placement(conn: Conn, record: DeviceRecord) -> None:
    room_id = record.assigned.room_id
    room_type = None if room_id is None else await centre.require_room_type(conn, room_id)
    for why in find_misplacements(Placement(record.kind, record.has_main_source, record.assigned, room_type)):
        raise WrongPlacement(why)


async def _write_sources(conn: Conn, record: DeviceRecord) -> bool:
    """Where the device's pictures are from now on; whether that was different. No address is in the ledger."""
    ended = await registry_store.delete_other_sources(conn, record.id, [source.kind for source in record.sources])
    written = [await registry_store.upsert_source(conn, record.id, source) for source in record.sources]
    return ended or any(written)


async def _assign_device(edit: Edit, record: DeviceRecord) -> None:
    assigned = record.assigned
    senior = None if assigned.senior_id is None else str(await people.person_of(edit.conn, assigned.senior_id))
    has_ended = await registry_store.end_other_assignment(edit.conn, record.id, assigned, edit.now)
    assignment_id = new_id("g", edit.now)
    has_begun = await registry_store.insert_assignment(edit.conn, assignment_id, record.id, assigned, edit.now)
    if has_ended or has_begun:
        ids = {"device": record.id, "senior": senior, "room": assigned.room_id}
        edit.note_entry(record.centre_id, Chain.CARE, "device.assigned", **ids)


async def _missing_password(edit: Edit, record: DeviceRecord) -> str | None:
    password = new_password()
    if not await registry_store.set_missing_credential(edit.conn, record.id, hash_of(password)):
        return None
    edit.note_entry(record.centre_id, Chain.CARE, "device.password-made", device=record.id)
    return password
