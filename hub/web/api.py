"""The routes of the live pages: the staff's board and a family's home, as events and as one answer."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel

from hub.access.api import renew_family_cookie
from hub.access.may import Action
from hub.access.needs import Caller, Needs
from hub.access.service import Access
from hub.alarms.card import AlarmCard
from hub.kit.http import Now, get_service, provide_service, services_of
from hub.web.board import Board
from hub.web.cards import Beat, NoticeCard, RoomCard, Snapshot
from hub.web.event_stream import EventStream
from hub.web.family import FamilyHome
from hub.web.home import Home
from hub.web.live import Live

router = APIRouter()

LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=64)]
HomeCaller = Annotated[Caller, Depends(Needs(Action.SEE_FAMILY_HOME))]


class FamilyEvents(BaseModel):
    """What `/api/family/live` sends: the name of an event, and the shape of its data."""

    home: Home
    beat: Beat


class StaffEvents(BaseModel):
    """What `/api/live` sends: the name of an event, and the shape of its data."""

    snapshot: Snapshot
    alarm: AlarmCard
    room: RoomCard
    notice: NoticeCard
    channels: bool
    beat: Beat


@router.get("/api/live", status_code=200, response_class=EventStream, responses={200: {"model": StaffEvents}})
async def stream_board(
    caller: Annotated[Caller, Depends(Needs(Action.SEE_BOARD))],
    request: Request,
    live: Annotated[Live, provide_service(Live)],
    last_event_id: LastEventId = None,
) -> EventStream:
    """The board as events: a snapshot, then what changes; a page that comes back with the id of the last event it
    heard gets what it missed. An alarm with state `closed` and a notice with `cleared_at` leave the board.
    """
    board = Board(caller.centre_id, caller.role, services_of(request).databases)
    return EventStream(live, board, caller, last_event_id)


@router.get("/api/family/home")
async def family_home(caller: HomeCaller, request: Request, response: Response, now: Now) -> Home:
    """A family member's first screen. 403 `relation-unconfirmed`, `relation-blocked`, `not-your-relative`."""
    renew_family_cookie(request, response, get_service(request, Access))
    return await _home_of(request, caller).home(caller, now)


@router.get("/api/family/live", status_code=200, response_class=EventStream, responses={200: {"model": FamilyEvents}})
async def family_live(
    caller: HomeCaller,
    request: Request,
    now: Now,
    live: Annotated[Live, provide_service(Live)],
    last_event_id: LastEventId = None,
) -> EventStream:
    """The same as events: `home` at once and whenever it changes, `beat` every five seconds."""
    source = _home_of(request, caller)
    await source.home(caller, now)
    stream = EventStream(live, source, caller, last_event_id)
    renew_family_cookie(request, stream, get_service(request, Access))
    return stream


def _home_of(request: Request, caller: Caller) -> FamilyHome:
    access = get_service(request, Access)
    databases = services_of(request).databases
    return FamilyHome(caller.account_id, databases, plain_http=not access.https)
