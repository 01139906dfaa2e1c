"""The pages: web, live streams, video's grants and leases, charts, and housekeeping.

`python -m hub.processes.pages`. What it writes about alarms and the care chain it writes within a second, or the server
undoes it: pages that stand still hold up no press. Its end ends pictures and streams; both come back by themselves.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import uvicorn

from extension.pages import MountedPages
from hub.access.retention import AccessRetention
from hub.access.service import Access
from hub.attendance.closing import Closing
from hub.embedded.simulation import read_invitation
from hub.fleet.decisions import DEVICE_RETURNS, end_device_off
from hub.kit.changes import Changes
from hub.kit.clock import Clock
from hub.kit.db import Database, Login
from hub.kit.every import Housekeeping
from hub.kit.http import Databases, Services
from hub.kit.origins import read_url_origin
from hub.kit.proxy_protocol import read_networks
from hub.kit.urls import format_url_host
from hub.kit.watchdog import write_pulse
from hub.notices.jobs import DueJobs
from hub.notices.model import NoticeCode
from hub.notices.refusals import RefusalReports
from hub.notices.reports import TaskReports
from hub.notices.watch import NoticeWatch
from hub.people.model import CONSENT_ENDS, VETO_ENDS
from hub.people.service import end_consent, end_veto
from hub.processes.running import RULES_EVERY_SECONDS, run_process
from hub.rules.service import Rules
from hub.settings import Settings
from hub.video.remote import MediaProcess
from hub.video.service import Video
from hub.video.store import sessions_of_open_viewings
from hub.web.app import build_app
from hub.web.live import Live
from hub.web.mounting import MountMaker, load_page_mount
from hub.web.ready import OtherProcesses
from hub.web.routers import list_routers
from hub.web.security import WebRules
from hub.web.serving import PageServer, Proxies
from hub.web.static import STATIC, Pages

WRITES_WITHIN: Final = timedelta(seconds=1)
"""The longest that pages hold an alarm or the head of the ledger: no press waits longer for pages that stand still."""


@dataclass(frozen=True, slots=True)
class _PagePools:
    """Connections: what people do, what pages read, what judges pictures, and housekeeping, which may take longer."""

    writing: Database
    reading: Database
    video: Database
    housekeeping: Database


@dataclass(frozen=True, slots=True)
class _PagesProcess:
    """What the tasks of this process share."""

    settings: Settings
    clock: Clock
    pools: _PagePools
    changes: Changes
    rules: Rules
    media: MediaProcess
    video: Video
    access: Access
    live: Live
    others: OtherProcesses


async def serve_pages(settings: Settings, clock: Clock, databases: Mapping[Login, str]) -> None:
    """Serve the pages until cancelled. Raises psycopg.OperationalError when the database cannot be reached."""
    changes = Changes(databases[Login.PAGES_READ])
    async with AsyncExitStack() as stack:
        pools = await stack.enter_async_context(_open_pools(databases[Login.PAGES_READ], databases[Login.PAGES_WRITE]))
        pages = _build_process(settings, clock, pools, changes)
        await pages.rules.load_files()
        built = Pages(STATIC)
        mounted = await _open_mounted(pages, built, stack)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(changes.run())
            await changes.ready()
            tasks.create_task(pages.live.run())
            tasks.create_task(pages.media.run())
            tasks.create_task(pages.video.run())
            _start_housekeeping(pages, tasks)
            tasks.create_task(_serve_web(pages, built, mounted))
            tasks.create_task(write_pulse())


@asynccontextmanager
async def _open_pools(reads: str, writes: str) -> AsyncIterator[_PagePools]:
    async with (
        Database.open(writes, size=10, name="anling pages", ends_within=WRITES_WITHIN) as writing,
        Database.open(reads, size=8, name="anling web") as reading,
        Database.open(writes, size=4, name="anling video", ends_within=WRITES_WITHIN) as video,
        Database.open(writes, size=2, name="anling housekeeping") as housekeeping,
    ):
        yield _PagePools(writing, reading, video, housekeeping)


def _build_process(settings: Settings, clock: Clock, pools: _PagePools, changes: Changes) -> _PagesProcess:
    access = Access(
        pools.writing, https=settings.origin.startswith("https://"), simulated=settings.simulation is not None
    )
    others = OtherProcesses(pools.housekeeping)
    media = MediaProcess(settings.media_socket_path)
    return _PagesProcess(
        settings=settings,
        clock=clock,
        pools=pools,
        changes=changes,
        rules=Rules([settings.rules_dir] if settings.rules_dir else [], clock, settings.kept_rules, keeps=False),
        media=media,
        video=Video(pools.video, media, changes, clock),
        access=access,
        live=Live(changes, access, clock, alarm_path_lives=others.alarm_path_lives),
        others=others,
    )


def _start_housekeeping(pages: _PagesProcess, tasks: asyncio.TaskGroup) -> None:
    database, clock = pages.pools.housekeeping, pages.clock
    housekeeping = Housekeeping(TaskReports(database, clock).report)
    every = housekeeping.every
    retention = AccessRetention(database, clock, sessions_of_open_viewings)
    tasks.create_task(every(AccessRetention.EVERY_SECONDS, retention.delete_expired, "retention"))
    refused = RefusalReports(pages.pools.writing, clock, pages.access.refusals, NoticeCode.WRONG_PASSWORDS)
    tasks.create_task(every(RefusalReports.EVERY_SECONDS, refused.write, "refused-people"))
    tasks.create_task(every(NoticeWatch.EVERY_SECONDS, NoticeWatch(database, clock).clear_expired, "quiet-notices"))
    tasks.create_task(
        every(Closing.EVERY_SECONDS, Closing(pages.pools.writing, clock).notice_open_visits, "visits-left-open")
    )
    # What is due writes into the care chain, so it is short, as what people do.
    works = {CONSENT_ENDS: end_consent, VETO_ENDS: end_veto, DEVICE_RETURNS: end_device_off}
    due_jobs = DueJobs(pages.pools.writing, pages.changes, clock, works)
    tasks.create_task(due_jobs.run(housekeeping))
    tasks.create_task(every(RULES_EVERY_SECONDS, pages.rules.load_if_changed, "rule-files-of-pages"))


async def _open_mounted(pages: _PagesProcess, built: Pages, stack: AsyncExitStack) -> MountedPages | None:
    """The pages of the package whose simulated centre is served; a real centre has none."""
    settings = pages.settings
    if settings.simulation is None:
        return None
    maker = MountMaker(pages.pools.writing, pages.clock, pages.access, built)
    point = maker.make(settings.simulation_urls, *read_invitation(settings))
    return await stack.enter_async_context(load_page_mount(settings.simulation).mount(point))


async def _serve_web(pages: _PagesProcess, built: Pages, mounted: MountedPages | None) -> None:
    """Serve the pages until cancelled."""
    settings = pages.settings
    things = [pages.access, pages.live, pages.video, pages.rules, pages.others, built]
    services = Services(pages.clock, Databases(pages.pools.writing, pages.pools.reading), things)
    app = build_app(services, web_rules(settings, mounted), list_routers([] if mounted is None else [mounted.router]))
    if mounted is not None:
        app.add_middleware(mounted.wrap)
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        host=settings.http_host,
        port=settings.http_port,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        proxy_headers=settings.public_url is not None,
        forwarded_allow_ips=settings.proxy_hosts,
        server_header=False,
        date_header=True,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=2,
        lifespan="off",
    )
    proxies = Proxies(
        named=read_networks(settings.proxy_hosts if settings.public_url is not None else ""),
        with_header=read_networks(settings.proxy_protocol or ""),
    )
    await PageServer(config, proxies=proxies).serve(_inherited_sockets(settings))
    raise RuntimeError("the web server ended by itself")


def _inherited_sockets(settings: Settings) -> list[socket.socket] | None:
    """The sockets that the supervisor listens with: who knocks while these pages are replaced waits in one of them."""
    return [socket.socket(fileno=descriptor) for descriptor in settings.http_fds] or None


def web_rules(settings: Settings, mounted: MountedPages | None = None) -> WebRules:
    """What requests must prove, for the names under which this hub is reached."""
    names = ["localhost", "127.0.0.1", "::1", settings.http_host, *(settings.media_hosts if settings.lan else ())]
    public = read_url_origin(settings.origin)
    known = [read_url_origin(f"http://{format_url_host(name)}") for name in names]
    return WebRules(
        hosts=frozenset(one.host for one in (public, *known) if one is not None),
        https=settings.origin.startswith("https://"),
        public=public,
        framed=mounted is not None,
        framed_origins=() if mounted is None else mounted.origins,
    )


if __name__ == "__main__":
    sys.exit(run_process("pages", (Login.PAGES_READ, Login.PAGES_WRITE), serve_pages))
