"""How any route reaches its services, and how any failure becomes an answer (RFC 9457) that carries codes, not prose.

A route asks for what it needs by type; what there is, is told once by `web/app`:

    @router.post("/api/alarms/{alarm_id}/accept")
    async def accept(alarm_id: AlarmId, hub: HubDatabase, now: Now) -> AlarmCard:
        async with hub.transaction() as conn: ...

and `Annotated[Roster, served(Roster)]` gives the roster that `web/app` was given.
"""

import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, TypeAlias, TypeVar

import psycopg
from fastapi import Depends, FastAPI, Header, Request, params
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, JsonValue
from starlette.exceptions import HTTPException
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.responses import Response

from hub.kit.clock import Clock
from hub.kit.db import Database, TookTooLong
from hub.kit.errors import ChangedMeanwhile, DomainError, ProblemCode

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_BODY_BYTES = 64 * 1024


class SessionOfConnection:
    """Whether a request of this connection had a session that holds: such a connection is not shed for a stranger's."""

    NAME = "session_of_connection"
    """Under which it is in the state of each request's scope, where the server has put it there."""

    def __init__(self) -> None:
        self.is_signed_in = False


def note_signed_in(request: Request) -> None:
    """The session of this request holds."""
    state = request.scope.get("state", {})
    session = state.get(SessionOfConnection.NAME)
    if isinstance(session, SessionOfConnection):
        session.is_signed_in = True


class RetriedRoute(APIRoute):
    """A route whose work is retried once when PostgreSQL ended it for a deadlock, or because it took too long.

    For a router (`APIRouter(route_class=TriedAgain)`) whose routes write in one transaction, which is undone by then.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[object, object, Response]]:
        handle = super().get_route_handler()

        async def handle_again(request: Request) -> Response:
            try:
                return await handle(request)
            except (psycopg.errors.DeadlockDetected, TookTooLong) as error:
                log.warning("%s is retried: %s", request.scope["route"].path, error)
                return await handle(request)

        return handle_again


@dataclass(frozen=True, slots=True)
class Databases:
    """`hub` acts for the centre; `web` acts for one signed-in account and sees only her rows."""

    hub: Database
    web: Database


class Services:
    """Everything routes may ask for: the clock, the databases, and one thing of each type."""

    def __init__(self, clock: Clock, databases: Databases, things: Iterable[object]) -> None:
        self.clock = clock
        self.databases = databases
        self._things: dict[type, object] = {type(thing): thing for thing in things}

    def get(self, kind: type[T]) -> T:
        """The thing of this type. Raises LookupError when `web/app` was given none."""
        thing = self._things.get(kind)
        if not isinstance(thing, kind):
            raise LookupError(f"no {kind.__qualname__} was given to the web application")
        return thing


def services_of(request: Request) -> Services:
    """What `web/app` was given."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


def get_service(request: Request, kind: type[T]) -> T:
    """The service of this type."""
    return services_of(request).get(kind)


def provide_service(kind: type[T]) -> params.Depends:
    """For a parameter of a route: `Annotated[Roster, served(Roster)]`."""

    async def find(request: Request) -> T:
        return get_service(request, kind)

    return params.Depends(find)


async def _read_now(request: Request) -> datetime:
    return services_of(request).clock.now()


async def _hub_database(request: Request) -> Database:
    return services_of(request).databases.hub


async def _web_database(request: Request) -> Database:
    return services_of(request).databases.web


Now: TypeAlias = Annotated[datetime, Depends(_read_now)]
HubDatabase: TypeAlias = Annotated[Database, Depends(_hub_database)]
WebDatabase: TypeAlias = Annotated[Database, Depends(_web_database)]
IfMatch: TypeAlias = Annotated[str | None, Header(alias="If-Match", max_length=200)]
"""For a route that changes a row: the entity tag of the row as the page knows it; None from who compares nothing."""


class Problem(BaseModel):
    """A failure as every route answers it, `application/problem+json`. Pages have the words for `code`."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    params: dict[str, str | int] = {}


class ConflictProblem(Problem):
    """A change that was made to what no longer stands, with what does: 412 `changed-meanwhile` (RFC 9457, 3.2)."""

    current: dict[str, JsonValue]


class ProblemResponse(JSONResponse):
    """An answer of RFC 9457."""

    media_type = "application/problem+json"


def problem_response(
    status: int,
    code: str,
    params: Mapping[str, str | int] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """The answer for one failure. Never stored by a cache."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, code=code, params=dict(params or {}))
    return ProblemResponse(body.model_dump(), status, headers={"Cache-Control": "no-store", **(headers or {})})


def answer_with_problems(app: FastAPI) -> None:
    """Let every failure of `app` be answered as a problem; what is our own mistake is also logged by the server.

    What has to stand around these answers as well is added to `app` afterwards.
    """
    app.add_exception_handler(DomainError, _answer_domain_error)
    app.add_exception_handler(ChangedMeanwhile, _changed_meanwhile)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, answer_http_exception)
    app.add_exception_handler(psycopg.DataError, _answer_not_storable)
    app.add_exception_handler(UnicodeEncodeError, _answer_not_storable)
    app.add_exception_handler(psycopg.OperationalError, _answer_database_outage)
    # A handler of Exception would answer from outside of all middleware, without the headers of every other answer.
    app.add_middleware(ServerErrorMiddleware, handler=_answer_internal_error)


async def _answer_domain_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    seconds = error.params.get("seconds")
    headers = {"Retry-After": str(seconds)} if error.status in {429, 503} and seconds is not None else None
    return problem_response(error.status, error.code, error.params, headers)


async def _changed_meanwhile(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ChangedMeanwhile)
    title = HTTPStatus(error.status).phrase
    body = ConflictProblem(title=title, status=error.status, code=error.code, current=dict(error.current))
    headers = {"Cache-Control": "no-store", "ETag": error.etag}
    return ProblemResponse(body.model_dump(), error.status, headers=headers)


async def _answer_invalid(_request: Request, error: Exception) -> Response:
    """Names the first field that is wrong and the rule it broke; never its value, which may be a password."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part)[:64] for part in first["loc"][:6])
    return problem_response(422, ProblemCode.INVALID, {"field": field, "rule": str(first["type"])})


async def _answer_not_storable(request: Request, error: Exception) -> Response:
    """A value that no column can hold: text with U+0000 or half a surrogate pair, a number out of all bounds."""
    log.info("%s was asked with what cannot be stored: %s", request.scope["route"].path, type(error).__name__)
    return problem_response(422, ProblemCode.INVALID)


_CODES = {
    400: ProblemCode.BAD_REQUEST,
    403: ProblemCode.NOT_ALLOWED,
    404: ProblemCode.NOT_FOUND,
    405: ProblemCode.METHOD_NOT_ALLOWED,
    413: ProblemCode.TOO_LARGE,
}


async def answer_http_exception(_request: Request, error: Exception) -> Response:
    """An HTTPException as a problem."""
    assert isinstance(error, HTTPException)
    return problem_response(
        error.status_code, _CODES.get(error.status_code, ProblemCode.NOT_POSSIBLE), headers=error.headers
    )


async def _answer_database_outage(request: Request, error: Exception) -> Response:
    log.warning("%s could not be answered, the database is down: %s", request.scope["route"].path, error)
    return problem_response(503, ProblemCode.DATABASE_AWAY, {"seconds": 2}, {"Retry-After": "2"})


async def _answer_internal_error(_request: Request, _error: Exception) -> Response:
    return problem_response(500, ProblemCode.OUR_MISTAKE)
