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
from hub.web.security import Guard, Rules
from hub.web.static import lost_or_problem


@dataclass(frozen=True, slots=True)
class Route:
    """One way into the application: `GET /api/me`, and the action it declares."""

    methods: frozenset[str]
    path: str
    action: Action | None


def build(services: Services, rules: Rules, routers: Iterable[APIRouter]) -> FastAPI:
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
    app.add_exception_handler(HTTPException, lost_or_problem)
    app.add_middleware(Guard, rules=rules)
    if strange := [route for route in _everything(app) if route is None]:
        raise ValueError(f"{len(strange)} routes are not API routes and would not be guarded")
    return app


def routes(app: FastAPI) -> list[Route]:
    """Every way into the application, with what it declares."""
    return [route for route in _everything(app) if route is not None]


def undeclared(app: FastAPI) -> list[str]:
    """The paths of routes that declare no action: this list is empty, a test says so."""
    return [route.path for route in routes(app) if route.action is None]


def _everything(app: FastAPI) -> Iterator[Route | None]:
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
