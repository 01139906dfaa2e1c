"""How is the simulated centre driven? Over HTTP that only this machine reaches, by the stage and by tests.

    GET  /state                 lights, hot rooms, dark cameras, the line, where everybody is
    POST /devices/{id}/press    {} or {"kind": "long_press"}
    POST /rooms/{id}/hot        {"on": true}
    POST /cameras/{id}/dark     {"on": true}
    POST /line/cut              {"on": true}
    POST /seniors/{id}/go       {"room": "gym"}
    POST /seniors/{id}/leave    {}

Writing wants `Content-Type: application/json` and a loopback `Host`, which a page of another site cannot send.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devices.contract.messages import AlarmKind
from simulators.camera_scenes import CamerasAway
from simulators.simulated_centre import CentreSimulation, NoSuch


class _ControlRequest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Press(_ControlRequest):
    kind: AlarmKind | None = None


class _On(_ControlRequest):
    on: bool


class _Go(_ControlRequest):
    room: str


class _Leave(_ControlRequest):
    pass


Wanted = TypeVar("Wanted", bound=_ControlRequest)


def build_app(house: CentreSimulation) -> Starlette:
    """The control of one simulated centre as a web application."""

    async def state(_request: Request) -> Response:
        return JSONResponse(state_of(house))

    async def press(request: Request, asked: _Press) -> dict[str, str]:
        return {"id": await house.press_button(request.path_params["id"], asked.kind)}

    async def hot(request: Request, asked: _On) -> None:
        house.heat_room(request.path_params["id"], on=asked.on)

    async def dark(request: Request, asked: _On) -> None:
        await house.darken_camera(request.path_params["id"], on=asked.on)

    async def cut(_request: Request, asked: _On) -> None:
        if asked.on:
            house.line.cut()
        else:
            house.line.mend()

    async def go(request: Request, asked: _Go) -> None:
        house.send_senior(request.path_params["id"], asked.room)

    async def leave(request: Request, _asked: _Leave) -> None:
        house.send_senior(request.path_params["id"], None)

    return Starlette(
        routes=[
            Route("/state", state),
            _switch_route(house, "/devices/{id}/press", _Press, press),
            _switch_route(house, "/rooms/{id}/hot", _On, hot),
            _switch_route(house, "/cameras/{id}/dark", _On, dark),
            _switch_route(house, "/line/cut", _On, cut),
            _switch_route(house, "/seniors/{id}/go", _Go, go),
            _switch_route(house, "/seniors/{id}/leave", _Leave, leave),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


def state_of(house: CentreSimulation) -> dict[str, object]:
    """Everything the stage shows of the simulated centre."""
    lights = {device_id: button.light for device_id, button in house.buttons.items()}
    return {
        "buttons": {device_id: {"light": light, "text": text} for device_id, (light, text) in lights.items()},
        "sirens": {device_id: siren.state for device_id, siren in house.sirens.items()},
        "hot": sorted(house.hot_since),
        "dark": sorted(house.dark),
        "line_cut": house.line.is_cut,
        "connected": sum(button.link.connected for button in house.buttons.values()),
        "seniors": house.locate_seniors(),
    }


def _switch_route(
    house: CentreSimulation,
    path: str,
    shape: type[Wanted],
    turn: Callable[[Request, Wanted], Awaitable[dict[str, str] | None]],
) -> Route:
    async def answer(request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("application/json"):
            return JSONResponse({"code": "json-only"}, 415)
        try:
            asked = shape.model_validate_json(await request.body() or b"{}")
        except ValidationError:
            return JSONResponse({"code": "bad-request"}, 422)
        house.end_scenario()
        try:
            return JSONResponse(await turn(request, asked) or {})
        except NoSuch:
            return JSONResponse({"code": "no-such"}, 404)
        except (CamerasAway, ValueError):
            return JSONResponse({"code": "cannot-now"}, 503)

    return Route(path, answer, methods=["POST"])
