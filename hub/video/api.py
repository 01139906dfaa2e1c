"""How do pages ask for a picture? Open a viewing, then WHEP (draft-ietf-wish-whep) with its ticket."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from hub.access.may import Action
from hub.access.needs import Caller, Callers, Needs, NeedsAny
from hub.kit.http import provide_service
from hub.kit.ids import DeviceId, ViewingId
from hub.video.errors import BadTicket
from hub.video.model import LARGEST_SDP
from hub.video.policy import LONGEST_REASON
from hub.video.service import Asker, OpenedViewing, Video

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"

_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""No description has them, and each becomes six bytes in what is said to the media process."""

router = APIRouter()


class FamilyWish(BaseModel):
    """Which camera a family member wants to see."""

    camera_id: DeviceId


class StaffWish(BaseModel):
    """Which camera somebody of the staff wants to see, and why; empty for her accepted alarm of that room."""

    camera_id: DeviceId
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""


class IceServer(BaseModel):
    """A STUN or TURN server for the page, as RTCConfiguration takes it."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class Ticket(BaseModel):
    """A viewing that may start within 15 s: post an offer to `whep` with the ticket as a bearer token."""

    viewing_id: ViewingId
    ticket: str
    whep: str
    ice_servers: list[IceServer] = []


class Frames(BaseModel):
    """What the page has decoded so far."""

    decoded: Annotated[int, Field(ge=0)]
    width: Annotated[int, Field(ge=0)] = 0
    height: Annotated[int, Field(ge=0)] = 0


FamilyCaller = Annotated[Caller, Depends(Needs(Action.WATCH_SENIOR))]
StaffCaller = Annotated[Caller, Depends(Needs(Action.WATCH_ROOM))]
PlayCallers = Annotated[Callers, Depends(NeedsAny(Action.PLAY))]
TheVideo = Annotated[Video, provide_service(Video)]


@router.post("/api/family/viewings", status_code=201)
async def open_for_family(wish: FamilyWish, caller: FamilyCaller, video: TheVideo) -> Ticket:
    """Open a viewing of the room a senior of the caller's is in."""
    return _build_ticket(
        await video.open_viewing(_build_asker(caller), wish.camera_id, for_family=True), wish.camera_id
    )


@router.post("/api/viewings", status_code=201)
async def open_for_staff(wish: StaffWish, caller: StaffCaller, video: TheVideo) -> Ticket:
    """Open a viewing for a stated reason, or for the caller's accepted alarm."""
    opened = await video.open_viewing(_build_asker(caller), wish.camera_id, for_family=False, reason=wish.reason)
    return _build_ticket(opened, wish.camera_id)


@router.post("/api/cameras/{camera_id}/whep", status_code=201)
async def play_viewing(camera_id: DeviceId, request: Request, callers: PlayCallers, video: TheVideo) -> Response:
    """WHEP: the viewer's offer in, the answer out. The ticket works once, for 15 s, in the session that opened it."""
    scheme, _, ticket = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not ticket:
        raise BadTicket
    offer = await _read_text(request, SDP)
    playing = await video.play(ticket.strip(), _session_ids(callers), camera_id, offer)
    return Response(
        playing.answer,
        status_code=201,
        media_type=SDP,
        headers={
            "Location": f"/api/viewings/{playing.viewing_id}/session",
            "ETag": f'"{playing.viewing_id}"',
            "Accept-Patch": FRAGMENT,
            "Cache-Control": "no-store",
        },
    )


@router.patch("/api/viewings/{viewing_id}/session", status_code=204)
async def add_candidates(viewing_id: ViewingId, request: Request, callers: PlayCallers, video: TheVideo) -> None:
    """WHEP: more of the viewer's addresses (RFC 8840)."""
    await video.add_candidates(viewing_id, _session_ids(callers), await _read_text(request, FRAGMENT))


@router.delete("/api/viewings/{viewing_id}/session", status_code=200)
async def end_viewing(viewing_id: ViewingId, callers: PlayCallers, video: TheVideo) -> None:
    """WHEP: the viewer has seen enough."""
    await video.end(viewing_id, _session_ids(callers))


@router.post("/api/viewings/{viewing_id}/frames", status_code=204)
async def report_frames(viewing_id: ViewingId, frames: Frames, callers: PlayCallers, video: TheVideo) -> None:
    """A page that is connected has not yet a picture: it counts what it decoded and says so."""
    await video.report(viewing_id, _session_ids(callers), frames.decoded)


def _build_asker(caller: Caller) -> Asker:
    return Asker(caller.account_id, caller.centre_id, caller.session_id)


def _session_ids(callers: Callers) -> list[bytes]:
    return [caller.session_id for caller in callers]


def _build_ticket(opened: OpenedViewing, camera_id: DeviceId) -> Ticket:
    return Ticket(viewing_id=opened.viewing_id, ticket=opened.ticket, whep=f"/api/cameras/{camera_id}/whep")


async def _read_text(request: Request, media_type: str) -> str:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
        raise HTTPException(415)
    body = await request.body()
    if len(body) > LARGEST_SDP:
        raise HTTPException(413)
    if _CONTROL.search(body):
        raise HTTPException(400)
    return body.decode("utf-8", "replace")
