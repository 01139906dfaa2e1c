"""The web application: which routers it has, what stands before them, and that none of their routes is undeclared."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException

from hub.access.errors import NotAllowed
from hub.access.may import Action
from hub.access.needs import declared_action
from hub.kit.http import Services, answer_with_problems
from hub.web.security import Guard, WebRules
from hub.web.static import answer_http_error


@dataclass(frozen=True, slots=True)
class Route:
    """One way into the application: `GET /api/me`, and the action it declares."""

    methods: frozenset[str]
    path: str
    action: Action | None


def build_app(services: Services, rules: WebRules, routers: Iterable[APIRouter]) -> FastAPI:
    """The application that answers with `services` under `rules`. The pages' own routes come last in `routers`.

    A route that declares no action answers 403, whoever asks. Raises ValueError for something in a router that could
    not be guarded so: a mounted application or a WebSocket.
    """
    app = FastAPI(
        title="Anling",
        version="0.1.0",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(_refuse_undeclared)],
        # One address for each thing.
        redirect_slashes=False,
    )
    app.state.services = services
    for router in routers:
        app.include_router(router)
    answer_with_problems(app)
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_middleware(Guard, rules=rules)
    if unguarded := [route for route in _walk_routes(app) if route is None]:
        raise ValueError(f"{len(unguarded)} routes are not API routes and would not be guarded")
    return app


def list_routes(app: FastAPI) -> list[Route]:
    """Every way into the application, with what it declares."""
    return [route for route in _walk_routes(app) if route is not None]


def list_undeclared_routes(app: FastAPI) -> list[str]:
    """The paths of routes that declare no action: this list is empty, a test says so."""
    return [route.path for route in list_routes(app) if route.action is None]


def _walk_routes(app: FastAPI) -> Iterator[Route | None]:
    for context in iter_route_contexts(app.routes):
        original = context.original_route
        if not isinstance(original, APIRoute):
            yield None
        else:
            yield Route(frozenset(original.methods or ()), context.path or "", declared_action(original.dependant))


async def _refuse_undeclared(request: Request) -> None:
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or declared_action(route.dependant) is None:
        raise NotAllowed("undeclared-route")
