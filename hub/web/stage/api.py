"""The stage's routes: what it shows, as it happens, and its switches. Mounted in the demo only."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.access.may import Action
from hub.access.needs import Public
from hub.kit.http import provide_service
from hub.web.stage.model import Stage
from hub.web.stage.service import Theatre

router = APIRouter()
_demo = [Depends(Public(Action.SEE_DEMO))]
Id: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
OfTheatre: TypeAlias = Annotated[Theatre, provide_service(Theatre)]
_EVERY = 0.5  # seconds; the page is open on a screen or two
_DAY = re.compile(r"/api/rooms/[^/]+/day")


class _StageRequest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StagePress(_StageRequest):
    device_id: Id


class StageHot(_StageRequest):
    room_id: Id
    on: bool


class StageDark(_StageRequest):
    camera_id: Id
    on: bool


class StageLine(_StageRequest):
    cut: bool


@router.get("/api/demo/stage", dependencies=_demo)
async def read_stage(theatre: OfTheatre) -> Stage:
    """Everything the stage shows, now."""
    return await theatre.stage()


@router.get("/api/demo/live", dependencies=_demo, response_class=StreamingResponse)
async def stream_stage(request: Request, theatre: OfTheatre) -> StreamingResponse:
    """The stage whenever it changes, as server-sent events named `stage`."""

    async def events() -> AsyncIterator[bytes]:
        shown = b""
        while not await request.is_disconnected():
            now = (await theatre.stage()).model_dump_json().encode()
            if now != shown:
                shown = now
                yield b"event: stage\ndata: " + now + b"\n\n"
            else:
                yield b": still here\n\n"
            await asyncio.sleep(_EVERY)

    return StreamingResponse(events(), media_type="text/event-stream")


@router.post("/api/demo/press", dependencies=_demo, status_code=204)
async def press_button(asked: StagePress, theatre: OfTheatre) -> None:
    """Press a senior's button. 503 `simulators-away`."""
    await theatre.press(asked.device_id)


@router.post("/api/demo/hot", dependencies=_demo, status_code=204)
async def heat_room(asked: StageHot, theatre: OfTheatre) -> None:
    """Heat a room, or let it cool. 503 `simulators-away`."""
    await theatre.hot(asked.room_id, on=asked.on)


@router.post("/api/demo/dark", dependencies=_demo, status_code=204)
async def cover_camera(asked: StageDark, theatre: OfTheatre) -> None:
    """Cover a camera, or uncover it. 503 `simulators-away`."""
    await theatre.dark(asked.camera_id, on=asked.on)


@router.post("/api/demo/line", dependencies=_demo, status_code=204)
async def cut_line(asked: StageLine, theatre: OfTheatre) -> None:
    """Cut the line between the devices and the hub, or mend it. 503 `simulators-away`."""
    await theatre.cut(on=asked.cut)


@router.post("/api/demo/restart", dependencies=_demo, status_code=204)
async def restart_tour(theatre: OfTheatre) -> None:
    """Begin the tour anew."""
    theatre.restart()


class NoteCharts:
    """Tells the theatre when a room's day was shown: the tour's last step."""

    def __init__(self, app: ASGIApp, theatre: Theatre) -> None:
        self._app = app
        self._theatre = theatre

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_day = scope["type"] == "http" and _DAY.fullmatch(scope["path"]) is not None

        async def noting(message: Message) -> None:
            if is_day and message["type"] == "http.response.start" and message["status"] == 200:
                self._theatre.charted()
            await send(message)

        await self._app(scope, receive, noting)
