"""Reads what is around messages: the devices, rooms and seniors they speak of, and where the seniors are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from hub.attendance.model import Whereabouts
from hub.attendance.service import locate_seniors
from hub.kit.db import Conn
from hub.kit.ids import DeviceId, RoomId, SeniorId
from hub.rules import store
from hub.rules.context import CentreFacts, Context, DeviceFacts, Names, RoomFacts, SeniorFacts


@dataclass(frozen=True, slots=True)
class About:
    """Of whom a message speaks: its device, and whose that was."""

    device_id: DeviceId
    senior_id: SeniorId | None
    room_id: RoomId | None


async def load_contexts(conn: Conn, wanted: Collection[About], now: datetime) -> dict[About, Context]:
    """The context of each of `wanted` at `now`; one whose device does not exist is not in the answer.

    At most four queries, however many messages.
    """
    senior_ids = sorted({about.senior_id for about in wanted if about.senior_id is not None})
    devices = {row.id: row for row in await store.read_devices(conn, {about.device_id for about in wanted}, now)}
    found = await locate_seniors(conn, senior_ids, now)
    rooms = await _load_rooms(conn, wanted, found.values())
    seniors = {row.id: row for row in await store.read_seniors(conn, senior_ids)}
    return {
        about: Context(
            centre=_centre_facts(devices[about.device_id]),
            device=_device_facts(devices[about.device_id]),
            room=rooms.get(about.room_id) if about.room_id is not None else None,
            senior=_senior_facts(seniors[about.senior_id], found[about.senior_id], rooms)
            if about.senior_id is not None and about.senior_id in seniors
            else None,
        )
        for about in wanted
        if about.device_id in devices
    }


async def load_device_contexts(conn: Conn, device_ids: Collection[DeviceId], now: datetime) -> dict[DeviceId, Context]:
    """The context of each of these devices with whoever it is assigned to at `now`."""
    whose = [About(row.id, row.senior_id, row.room_id) for row in await store.read_devices(conn, device_ids, now)]
    return {about.device_id: context for about, context in (await load_contexts(conn, whose, now)).items()}


async def _load_rooms(conn: Conn, wanted: Collection[About], found: Collection[Whereabouts]) -> dict[RoomId, RoomFacts]:
    room_ids = {about.room_id for about in wanted if about.room_id is not None}
    room_ids |= {place.room_id for place in found if place.room_id is not None}
    rows = await store.read_rooms(conn, room_ids) if room_ids else []
    return {row.id: RoomFacts(row.id, row.type, _build_names(row.name, row.name_en)) for row in rows}


def _centre_facts(row: store.DeviceContextRow) -> CentreFacts:
    return CentreFacts(row.centre_id, row.timezone, row.opens, row.closes)


def _device_facts(row: store.DeviceContextRow) -> DeviceFacts:
    return DeviceFacts(row.id, row.kind, _build_names(row.name, row.name_en), row.heartbeat, row.enabled, row.off_until)


def _senior_facts(row: store.SeniorRow, place: Whereabouts, rooms: dict[RoomId, RoomFacts]) -> SeniorFacts:
    return SeniorFacts(
        id=row.id,
        address_as=_build_names(row.address_as, row.address_as_en),
        categories=tuple(row.categories),
        present=place.present,
        room=rooms.get(place.room_id) if place.room_id is not None else None,
        sure=place.sure,
    )


def _build_names(name: str, name_en: str) -> Names:
    return {"zh-CN": name, "en": name_en}
