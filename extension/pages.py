"""What are a package's pages and routes given that are mounted beside the hub's own, and what do they give?

The entry point in the group `anling.pages` has the name of the simulation that the hub was started with; without one
nothing is mounted.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response, params
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from starlette.types import ASGIApp

PAGES: Final = "anling.pages"
"""The group of the entry points; each is a `PageMount`."""


@dataclass(frozen=True, slots=True)
class SimulatedAccount:
    """A member of the staff of a simulated centre, whose password everybody may know."""

    id: str
    name: str
    name_en: str
    role: str


@dataclass(frozen=True, slots=True)
class MountPoint:
    """What the hub gives.

    `transaction` opens one that ends within a second, whatever becomes of it. `public` are the dependencies of a route
    that everybody may ask; one without them is refused to everybody. `serve_page` answers with a built page of the
    dashboard. `urls` are those of the `SimulatedCentre`; `invitation` is the token of the account `invited`.
    """

    transaction: Callable[[], AbstractAsyncContextManager[AsyncConnection[TupleRow]]]
    now: Callable[[], datetime]
    public: Sequence[params.Depends]
    serve_page: Callable[[Request, str], Response]
    list_accounts: Callable[[], Awaitable[list[SimulatedAccount]]]
    urls: tuple[str, ...]
    invited: str
    invitation: str


@dataclass(frozen=True, slots=True)
class MountedPages:
    """What the hub serves with its own. `wrap` is put around the application.

    Every page may then stand in frames of its own origin, and may show `origins` in frames and ask them. `codes` are
    those of the problems that the routes answer with.
    """

    router: APIRouter
    wrap: Callable[[ASGIApp], ASGIApp]
    origins: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageMount:
    """How a package's pages are mounted: open for as long as they are served."""

    mount: Callable[[MountPoint], AbstractAsyncContextManager[MountedPages]]
