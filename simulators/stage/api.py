"""The stage's routes: its page, what it shows and as it happens, its switches, and the accounts to try."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable
from http import HTTPStatus
from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from extension.pages import MountPoint
from simulators.stage.installation import PASSWORD
from simulators.stage.model import Stage
from simulators.stage.service import NoSuchSwitch, SimulatorsAway, StageService

AWAY: Final = "simulators-away"
NOT_FOUND: Final = "not-found"
"""As the hub answers an id that nothing has."""
Id: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
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


class DemoAccount(BaseModel):
    """An account a stranger may try."""

    id: str
    name: str
    name_en: str
    role: str
    password: str


class StageRoutes:
    """What each route of the stage answers."""

    def __init__(self, hub: MountPoint, service: StageService) -> None:
        self._hub = hub
        self._service = service

    async def show_page(self, request: Request) -> Response:
        """The stage's page."""
        return self._hub.serve_page(request, "stage.html")

    async def leave_slash_out(self) -> RedirectResponse:
        """One address for each page."""
        return RedirectResponse("/demo", 308)

    async def list_accounts(self) -> list[DemoAccount]:
        """The demo's staff accounts with their password."""
        return [
            DemoAccount(id=one.id, name=one.name, name_en=one.name_en, role=one.role, password=PASSWORD)
            for one in await self._hub.list_accounts()
        ]

    async def read_stage(self) -> Stage:
        """Everything the stage shows, now."""
        return await self._service.stage()

    async def stream_stage(self, request: Request) -> StreamingResponse:
        """The stage whenever it changes, as server-sent events named `stage`."""

        async def events() -> AsyncIterator[bytes]:
            shown = b""
            while not await request.is_disconnected():
                now = (await self._service.stage()).model_dump_json().encode()
                if now != shown:
                    shown = now
                    yield b"event: stage\ndata: " + now + b"\n\n"
                else:
                    yield b": still here\n\n"
                await asyncio.sleep(_EVERY)

        return StreamingResponse(events(), media_type="text/event-stream")

    async def press_button(self, asked: StagePress) -> Response:
        """Press a senior's button. 404 `not-found`, 503 `simulators-away`."""
        return await _answer_switched(self._service.press(asked.device_id))

    async def heat_room(self, asked: StageHot) -> Response:
        """Heat a room, or let it cool. 404 `not-found`, 503 `simulators-away`."""
        return await _answer_switched(self._service.hot(asked.room_id, on=asked.on))

    async def cover_camera(self, asked: StageDark) -> Response:
        """Cover a camera, or uncover it. 404 `not-found`, 503 `simulators-away`."""
        return await _answer_switched(self._service.dark(asked.camera_id, on=asked.on))

    async def cut_line(self, asked: StageLine) -> Response:
        """Cut the line between the devices and the hub, or mend it. 503 `simulators-away`."""
        return await _answer_switched(self._service.cut(on=asked.cut))

    async def restart_tour(self) -> None:
        """Begin the tour anew."""
        self._service.restart()


def build_router(hub: MountPoint, service: StageService) -> APIRouter:
    """The stage's routes; everybody may ask them, as long as there is a demo."""
    router, routes, everybody = APIRouter(), StageRoutes(hub, service), list(hub.public)
    for path, page in (("/demo", routes.show_page), ("/demo/", routes.leave_slash_out)):
        router.add_api_route(
            path, page, methods=["GET", "HEAD"], dependencies=everybody, include_in_schema=False, response_model=None
        )
    router.add_api_route("/api/demo/accounts", routes.list_accounts, dependencies=everybody)
    router.add_api_route("/api/demo/stage", routes.read_stage, dependencies=everybody)
    router.add_api_route(
        "/api/demo/live", routes.stream_stage, dependencies=everybody, response_class=StreamingResponse
    )
    for path, switch in (
        ("/api/demo/press", routes.press_button),
        ("/api/demo/hot", routes.heat_room),
        ("/api/demo/dark", routes.cover_camera),
        ("/api/demo/line", routes.cut_line),
        ("/api/demo/restart", routes.restart_tour),
    ):
        router.add_api_route(path, switch, methods=["POST"], dependencies=everybody, status_code=204)
    return router


async def _answer_switched(switched: Awaitable[None]) -> Response:
    """Done, or a problem as the hub answers one (RFC 9457)."""
    try:
        await switched
    except NoSuchSwitch:
        return _answer_problem(HTTPStatus.NOT_FOUND, NOT_FOUND)
    except SimulatorsAway:
        return _answer_problem(HTTPStatus.SERVICE_UNAVAILABLE, AWAY)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _answer_problem(status: HTTPStatus, code: str) -> Response:
    problem = {"type": "about:blank", "title": status.phrase, "status": status, "code": code, "params": {}}
    return JSONResponse(problem, status, media_type="application/problem+json")


class NoteCharts:
    """Tells the service when a room's day was shown: the tour's last step."""

    def __init__(self, app: ASGIApp, service: StageService) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_day = scope["type"] == "http" and _DAY.fullmatch(scope["path"]) is not None

        async def noting(message: Message) -> None:
            if is_day and message["type"] == "http.response.start" and message["status"] == 200:
                self._service.charted()
            await send(message)

        await self._app(scope, receive, noting)
