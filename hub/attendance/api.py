"""The routes of who is here, for staff."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from hub.access.may import Action, OfCentre
from hub.access.needs import Caller, Needs
from hub.attendance import service, store
from hub.attendance.errors import WhereaboutsChanged
from hub.attendance.model import AttendanceAction, Evidence, PersonHere, Tapped
from hub.kit.errors import ChangedMeanwhile
from hub.kit.etags import etag_of
from hub.kit.http import HubDatabase, IfMatch, Now, RetriedRoute, WebDatabase
from hub.kit.ids import AccountId, RoomId, SeniorId

router = APIRouter(route_class=RetriedRoute)

ShortIdText = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]


class PresenceAuthor(BaseModel):
    """A member of staff who said where a senior is."""

    id: AccountId
    name: str
    name_en: str


class PresenceChange(BaseModel):
    """The last change of where a senior is: when, by which evidence, and who said so when staff did."""

    at: datetime
    how: Evidence
    by: PresenceAuthor | None


class SeniorHere(BaseModel):
    """A senior, and where the hub has her. `since`: in that room, or where none is known in the centre.

    `etag` goes into `If-Match` of a change, as it stands; `changed` is null when it never was.
    """

    id: SeniorId
    name: str
    address_as: str
    address_as_en: str
    present: bool
    room_id: RoomId | None
    since: datetime | None
    etag: str
    changed: PresenceChange | None


class PresenceTapped(BaseModel):
    """Staff say where a senior is; `enter` needs the room, `leave` without one leaves the centre."""

    model_config = ConfigDict(extra="forbid")

    senior_id: Annotated[SeniorId, ShortIdText]
    what: AttendanceAction
    room_id: Annotated[RoomId, ShortIdText] | None = None


@router.get("/api/seniors")
async def list_seniors(
    caller: Annotated[Caller, Depends(Needs(Action.SEE_SENIORS))], web: WebDatabase
) -> list[SeniorHere]:
    """Every senior of the centre, those present first."""
    caller.require(OfCentre(caller.centre_id))
    async with web.transaction_as(caller.account_id) as conn:
        found = await store.read_people(conn, caller.centre_id)
    return [_build_senior(person) for person in found]


@router.post("/api/presence", status_code=204)
async def record_presence(
    tapped: PresenceTapped,
    caller: Annotated[Caller, Depends(Needs(Action.RECORD_PRESENCE))],
    hub: HubDatabase,
    now: Now,
    answer: Response,
    if_match: IfMatch = None,
) -> None:
    """Write where a senior is, if she is still where `If-Match` has her; the ETag is that of the row afterwards.

    404 `no-such-senior`, `no-such-room`; 422 `room-missing`; 412 `changed-meanwhile`, with the row that stands as
    `current`, unless it says already what was tapped.
    """
    caller.require(OfCentre(caller.centre_id))
    said = Tapped(
        caller.centre_id, tapped.senior_id, tapped.what, tapped.room_id, account_id=caller.account_id, if_match=if_match
    )
    try:
        async with hub.transaction() as conn:
            answer.headers["ETag"] = etag_of(await service.record_presence(conn, said, now))
    except WhereaboutsChanged as changed:
        current = _build_senior(changed.stands)
        raise ChangedMeanwhile(current.etag, current.model_dump(mode="json")) from changed


def _build_senior(person: PersonHere) -> SeniorHere:
    return SeniorHere(
        id=person.id,
        name=person.name,
        address_as=person.address_as,
        address_as_en=person.address_as_en,
        present=person.present,
        room_id=person.room_id,
        since=person.since,
        etag=etag_of(person.version),
        changed=_last_change(person),
    )


def _last_change(person: PersonHere) -> PresenceChange | None:
    if person.changed_at is None or person.changed_how is None:
        return None
    by = None
    if person.changed_by is not None and person.changed_by_name is not None and person.changed_by_name_en is not None:
        by = PresenceAuthor(id=person.changed_by, name=person.changed_by_name, name_en=person.changed_by_name_en)
    return PresenceChange(at=person.changed_at, how=Evidence(person.changed_how), by=by)
