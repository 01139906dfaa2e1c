"""The real web application for tests: over ASGI for single answers, over a real socket for streams."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from fastapi import APIRouter, FastAPI

from extension.pages import MountedPages
from hub.access.model import SessionKind
from hub.access.service import Access, open_session
from hub.kit.changes import Changes
from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.kit.http import Databases, Services
from hub.kit.ids import AccountId
from hub.web.app import build_app
from hub.web.live import Live
from hub.web.mounting import MountMaker, load_page_mount
from hub.web.places import Limits
from hub.web.ready import OtherProcesses
from hub.web.routers import list_routers
from hub.web.security import WebRules
from hub.web.serving import PageServer, Proxies
from hub.web.static import Pages

HOSTS = frozenset({"localhost", "127.0.0.1"})
ORIGIN = "http://localhost"
NOWHERE = "http://127.0.0.1:9"
"""The port of the discard protocol, at which nobody listens."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a site stands on."""

    url: str
    hub: Database
    web: Database
    clock: Clock


@dataclass(frozen=True, slots=True)
class Site:
    """The application and its authentication."""

    app: FastAPI
    access: Access
    live: Live
    changes: Changes
    others: OtherProcesses
    place: Place

    def browser(self, *, address: str = "127.0.0.1", **cookies: str) -> httpx.AsyncClient:
        """A page of ours in a browser at this address."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, client=(address, 50000)),
            base_url=ORIGIN,
            headers=page_headers(ORIGIN),
            cookies=cookies,
        )

    async def cookies_of(self, account_id: str, kind: SessionKind = SessionKind.STAFF) -> dict[str, str]:
        """The cookies of a browser in which this account is signed in."""
        async with self.place.hub.transaction() as conn:
            opened = await open_session(conn, AccountId(account_id), kind, self.place.clock.now())
        return {self.access.cookie_name(kind): opened.token}

    async def signed_in(self, account_id: str, kind: SessionKind = SessionKind.STAFF) -> httpx.AsyncClient:
        """A browser in which this account is signed in."""
        return self.browser(**await self.cookies_of(account_id, kind))


def page_headers(origin: str) -> dict[str, str]:
    """What a page of ours sends with each request."""
    return {"Origin": origin, "X-Anling": "1", "Sec-Fetch-Site": "same-origin"}


async def _lives() -> bool:
    return True


def make_site(
    place: Place,
    *,
    mounted: MountedPages | None = None,
    https: bool = False,
    more: Iterable[APIRouter] = (),
    things: Iterable[object] = (),
    static: Path = Path("/nonexistent"),
    beat_seconds: float = 0.2,
    alarm_path_lives: Callable[[], Awaitable[bool]] = _lives,
) -> Site:
    """The application over this database, with all its routers, `more`, and what a package mounts."""
    access = Access(place.hub, https=https, simulated=mounted is not None)
    changes = Changes(place.url)
    live = Live(changes, access, place.clock, alarm_path_lives=alarm_path_lives, beat_seconds=beat_seconds)
    others = OtherProcesses(place.hub)
    services = Services(place.clock, Databases(place.hub, place.web), [access, live, others, Pages(static), *things])
    rules = WebRules(
        HOSTS,
        https=https,
        framed=mounted is not None,
        framed_origins=() if mounted is None else mounted.origins,
    )
    app = build_app(services, rules, [*more, *list_routers([] if mounted is None else [mounted.router])])
    if mounted is not None:
        app.add_middleware(mounted.wrap)
    return Site(app, access, live, changes, others, place)


@asynccontextmanager
async def demo_site(
    place: Place, *, invited: str = "nobody", things: Iterable[object] = (), static: Path = Path("/nonexistent")
) -> AsyncIterator[Site]:
    """The same in the demo: with the stage, which is mounted as the pages process mounts it. Its centre is away."""
    maker = MountMaker(place.hub, place.clock, Access(place.hub, https=False, simulated=True), Pages(static))
    point = maker.make((NOWHERE, NOWHERE), invited, "x")
    async with load_page_mount("demo").mount(point) as mounted:
        yield make_site(place, mounted=mounted, things=things, static=static)


@asynccontextmanager
async def served(
    site: Site,
    limits: Limits | None = None,
    certificate: tuple[Path, Path] | None = None,
    proxies: Proxies | None = None,
) -> AsyncIterator[str]:
    """Serve the site on a free port, with its live pages running; gives its address."""
    cert_file, key_file = certificate or (None, None)
    with socket.socket() as listening:
        # Its connections have the same: an answer that nobody reads fills it after 200 requests, not after 10,000.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        config = uvicorn.Config(
            site.app,
            http="h11",
            ws="none",
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=2,
            ssl_certfile=cert_file,
            ssl_keyfile=key_file,
        )
        server = PageServer(config, limits, proxies or Proxies())
        async with asyncio.TaskGroup() as group:
            hearing = group.create_task(site.changes.run())
            living = group.create_task(site.live.run())
            serving = group.create_task(server.serve(sockets=[listening]))
            await site.changes.ready()
            while not server.started:
                await asyncio.sleep(0.01)
            try:
                yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
            finally:
                living.cancel()
                hearing.cancel()
                server.should_exit = True
                await serving
