"""The routes of who is here, for staff."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, StringConstraints

from hub.access.may import Action, OfCentre
from hub.access.needs import Caller, Needs
from hub.attendance import service, store
from hub.attendance.model import Tapped, What
from hub.kit.http import HubDatabase, Now, TriedAgain, WebDatabase
from hub.kit.ids import RoomId, SeniorId

router = APIRouter(route_class=TriedAgain)

IdText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class SeniorHere(BaseModel):
    """A senior, and where the hub has her. `since`: in that room, or where none is known in the centre."""

    id: SeniorId
    name: str
    address_as: str
    address_as_en: str
    present: bool
    room_id: RoomId | None
    since: datetime | None


class PresenceTapped(BaseModel):
    """Staff say where a senior is; `enter` needs the room, `leave` without one leaves the centre."""

    model_config = ConfigDict(extra="forbid")

    senior_id: Annotated[SeniorId, IdText]
    what: What
    room_id: Annotated[RoomId, IdText] | None = None


@router.get("/api/seniors")
async def seniors(caller: Annotated[Caller, Depends(Needs(Action.SEE_SENIORS))], web: WebDatabase) -> list[SeniorHere]:
    """Every senior of the centre, those present first."""
    caller.require(OfCentre(caller.centre_id))
    async with web.transaction_as(caller.account_id) as conn:
        found = await store.people(conn, caller.centre_id)
    return [
        SeniorHere(
            id=person.id,
            name=person.name,
            address_as=person.address_as,
            address_as_en=person.address_as_en,
            present=person.present,
            room_id=person.room_id,
            since=person.since,
        )
        for person in found
    ]


@router.post("/api/presence", status_code=204)
async def tap(
    tapped: PresenceTapped,
    caller: Annotated[Caller, Depends(Needs(Action.RECORD_PRESENCE))],
    hub: HubDatabase,
    now: Now,
) -> None:
    """Write where a senior is. 404 `no-such-senior`, `no-such-room`; 422 `room-missing`."""
    caller.require(OfCentre(caller.centre_id))
    async with hub.transaction() as conn:
        await service.tap(conn, Tapped(caller.centre_id, tapped.senior_id, tapped.what, tapped.room_id), now)
