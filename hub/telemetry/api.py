"""GET /api/rooms/{id}/day: temperature, occupancy and motion of a room over one day."""

from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel

from hub.access.may import Action, OfCentre
from hub.access.needs import Caller, Needs
from hub.centre.errors import NoSuchRoom
from hub.kit.http import HubDatabase, Now
from hub.kit.ids import RoomId
from hub.telemetry import service, store
from hub.telemetry.days import bucket_starts, build_series

router = APIRouter()

EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)
NAMES = ("temperature", "occupancy", "motion")


class RoomOfDay(BaseModel):
    """Whose day it is."""

    id: RoomId
    name: str
    name_en: str


class RoomDay(BaseModel):
    """Columns of equal length, one value for each bucket. `at` is where the bucket begins, in seconds since 1970;
    None where nothing was measured. Temperature in °C and motion are means, occupancy is the highest count.
    """

    room: RoomOfDay
    date: date
    bucket_seconds: int
    at: list[float]
    temperature: list[float | None]
    occupancy: list[float | None]
    motion: list[float | None]


@router.get("/api/rooms/{room_id}/day")
async def read_room_day(
    room_id: Annotated[RoomId, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")],
    caller: Annotated[Caller, Depends(Needs(Action.SEE_ROOM_DAY))],
    hub: HubDatabase,
    now: Now,
    on: Annotated[date | None, Query(alias="date", ge=EARLIEST, le=LATEST, description="Today without one.")] = None,
) -> RoomDay:
    """What the devices measured that were in the room at the time. 404 `no-such-room`."""
    async with hub.transaction() as conn:
        room = await store.read_room(conn, room_id)
        if room is None:
            raise NoSuchRoom
        caller.require(OfCentre(room.centre_id))
        wanted = on or now.astimezone(ZoneInfo(room.timezone)).date()
        span, buckets = await service.load_room_day(conn, room.id, wanted, room.timezone, NAMES)
    return RoomDay(
        room=RoomOfDay(id=room.id, name=room.name, name_en=room.name_en),
        date=wanted,
        bucket_seconds=span.bucket // timedelta(seconds=1),
        at=bucket_starts(span),
        temperature=build_series(span, buckets, "temperature"),
        occupancy=build_series(span, buckets, "occupancy", highest=True),
        motion=build_series(span, buckets, "motion"),
    )
