"""How the hub is put together: settings, then pools, then services, then two groups of tasks that live together.

`python -m hub.app` is the hub's process. Its settings come from the environment; the supervisor or a container starts
it again when it ends. One group carries the alarm path, the other everything else; a mistake of ours in either ends
the process, and nothing it had promised is lost by that: what was answered is committed.
"""

import asyncio
import gc
import logging
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import httpx
import psycopg
import uvicorn
import uvloop

from hub.access.forgetting import Forgetting
from hub.access.service import Access
from hub.alarms import service as alarms
from hub.alarms.watch import Watch
from hub.attendance.closing import Closing
from hub.centre.service import only_centre
from hub.embedded import postgres
from hub.fleet.decisions import Returning
from hub.fleet.deliver import Deliver as DeliverToDevices
from hub.fleet.gatekeeper import Gatekeeper
from hub.fleet.watch import BrokerWatch
from hub.ingest.intake import HEARD_SECONDS, Intake
from hub.ingest.model import Neighbours
from hub.kit import log as logs
from hub.kit.changes import Changes
from hub.kit.clock import Clock, clock_from
from hub.kit.db import Database, Login, away, forget_libpq_environment
from hub.kit.every import Housekeeping
from hub.kit.http import Databases, Services
from hub.kit.ids import CentreId, OrganisationId
from hub.kit.migrate import MigrationRefused, refuse_unmigrated
from hub.mqtt.broker import Broker, listening_socket
from hub.mqtt.client import Address, ExternalBroker
from hub.mqtt.model import Receivers, Transport
from hub.mqtt.recheck import recheck_changed
from hub.notices.reports import TaskReports
from hub.notices.watch import Watch as NoticeWatch
from hub.notifications.channels import Channel
from hub.notifications.channels.email import EmailChannel, mailserver
from hub.notifications.channels.webhook import WebhookChannel
from hub.notifications.deliver import Deliver as DeliverToPeople
from hub.rules.service import Rules
from hub.settings import BadSettings, Settings, read_settings
from hub.telemetry.keeper import Keeper
from hub.telemetry.service import Telemetry
from hub.video.remote import MediaProcess
from hub.video.service import Video
from hub.video.store import sessions_of_open_viewings
from hub.web.app import build
from hub.web.live import Live
from hub.web.ready import Parts
from hub.web.routers import routers
from hub.web.security import Rules as WebRules
from hub.web.serving import PageServer
from hub.web.stage.api import NoteCharts
from hub.web.stage.service import Addresses, Theatre
from hub.web.static import STATIC, Pages

log = logging.getLogger(__name__)

KEEP_READINGS_FOR: Final = timedelta(days=730)
_CENTRE_EVERY: Final = 1.0
_RULES_EVERY: Final = 2.0
"""Seconds between two looks: for the first import, and for rule files that changed."""


@dataclass(frozen=True, slots=True)
class Pools:
    """Connections, divided so that no part of the hub waits for another's; each part is a login of its own."""

    alarms: Database
    devices: Database
    """The alarm path, too: what stands beside the lane of presses."""
    telemetry: Database
    hub: Database
    """What people change."""
    web: Database


@dataclass(frozen=True, slots=True)
class Hub:
    """What the tasks of one process share."""

    settings: Settings
    clock: Clock
    pools: Pools
    changes: Changes
    rules: Rules
    telemetry: Telemetry
    video: Video
    access: Access
    live: Live
    parts: Parts
    housekeeping: Housekeeping


async def serve(settings: Settings, clock: Clock) -> None:
    """Run the hub until cancelled. Raises psycopg.OperationalError when the database cannot be reached at the start."""
    databases = _databases(settings)
    for conninfo in databases.values():
        await asyncio.to_thread(postgres.refuse_unsafe, conninfo)
    await asyncio.to_thread(refuse_unmigrated, databases[Login.ALARMS])
    async with AsyncExitStack() as stack:
        pools = await stack.enter_async_context(_pools(databases))
        hub = _hub(settings, clock, pools, Changes(databases[Login.PAGES_READ]))
        await hub.rules.load()
        theatre = await _theatre(hub, stack)
        async with asyncio.TaskGroup() as rest:
            rest.create_task(hub.changes.run())
            await hub.changes.ready()
            rest.create_task(hub.live.run())
            rest.create_task(hub.video.run())
            every = hub.housekeeping.every
            forgetting = Forgetting(pools.hub, clock, sessions_of_open_viewings)
            rest.create_task(every(Forgetting.EVERY_SECONDS, forgetting.forget, "forgetting"))
            rest.create_task(every(NoticeWatch.EVERY_SECONDS, NoticeWatch(pools.hub, clock).look, "quiet-notices"))
            rest.create_task(every(_RULES_EVERY, hub.rules.load_if_changed, "rule-files"))
            rest.create_task(_web(hub, theatre))
            centre_id = await _first_centre(hub, rest)
            await _with_centre(hub, centre_id, rest)


def _databases(settings: Settings) -> Mapping[Login, str]:
    """The conninfo string of each login. Raises BadSettings when one is missing."""
    given = {
        Login.ALARMS: settings.alarms_database,
        Login.TELEMETRY: settings.telemetry_database,
        Login.PAGES_READ: settings.pages_read_database,
        Login.PAGES_WRITE: settings.pages_write_database,
    }
    if missing := [login.variable for login, conninfo in given.items() if conninfo is None]:
        names = ", ".join(missing)
        raise BadSettings([f"not set: {names}; start it with anling hub, which knows the logins of the database"])
    return {login: conninfo.get_secret_value() for login, conninfo in given.items() if conninfo is not None}


@asynccontextmanager
async def _pools(databases: Mapping[Login, str]) -> AsyncIterator[Pools]:
    async with (
        Database.open(databases[Login.ALARMS], size=6, name="anling alarms") as alarm_pool,
        Database.open(databases[Login.ALARMS], size=4, name="anling devices") as device_pool,
        Database.open(databases[Login.TELEMETRY], size=2, name="anling telemetry") as telemetry_pool,
        Database.open(databases[Login.PAGES_WRITE], size=8, name="anling hub") as hub_pool,
        Database.open(databases[Login.PAGES_READ], size=8, name="anling web") as web_pool,
    ):
        yield Pools(alarm_pool, device_pool, telemetry_pool, hub_pool, web_pool)


def _hub(settings: Settings, clock: Clock, pools: Pools, changes: Changes) -> Hub:
    access = Access(pools.hub, https=settings.origin.startswith("https://"), demo=settings.demo)
    media = MediaProcess(settings.media_socket_path)
    return Hub(
        settings=settings,
        clock=clock,
        pools=pools,
        changes=changes,
        rules=Rules([settings.rules_dir] if settings.rules_dir else [], clock, settings.kept_rules),
        telemetry=Telemetry(),
        video=Video(pools.hub, media, changes, clock),
        access=access,
        live=Live(changes, access, clock),
        parts=Parts("broker"),
        housekeeping=Housekeeping(TaskReports(pools.hub, clock).report),
    )


async def _first_centre(hub: Hub, rest: asyncio.TaskGroup) -> CentreId:
    """The centre of this hub; waits for the first import."""
    found: asyncio.Future[CentreId] = asyncio.get_running_loop().create_future()

    async def look() -> None:
        async with hub.pools.hub.transaction() as conn:
            centre_id = await only_centre(conn)
        if centre_id is None:
            hub.parts.set("broker", works=True)  # nothing to serve yet is not a fault
        elif not found.done():
            found.set_result(centre_id)

    looking = rest.create_task(hub.housekeeping.every(_CENTRE_EVERY, look, "first-centre"))
    await asyncio.wait([found], timeout=_CENTRE_EVERY)
    if not found.done():
        log.info("no centre yet: write its file and run ./anling import centre.yaml")
    centre_id = await found
    looking.cancel()
    return centre_id


async def _with_centre(hub: Hub, centre_id: CentreId, rest: asyncio.TaskGroup) -> None:
    """Everything that needs a centre: the alarm path in a group of its own, what serves it beside it."""
    now = hub.clock.now()
    async with hub.pools.devices.transaction() as conn:
        await hub.rules.start(conn, now)
    intake = Intake(hub.pools.alarms, hub.pools.telemetry, hub.clock, _neighbours(hub, centre_id))
    transport = _transport(hub, centre_id, intake.receivers)
    async with AsyncExitStack() as stack:
        channels = await _channels(hub, stack)
        rest.create_task(intake.run_telemetry(transport))
        every = hub.housekeeping.every
        keep_house = Keeper(hub.pools.telemetry, hub.telemetry, hub.clock, KEEP_READINGS_FOR).keep_house
        rest.create_task(every(HEARD_SECONDS, intake.tell_who_was_heard, "who-was-heard"))
        rest.create_task(every(Closing.EVERY_SECONDS, Closing(hub.pools.hub, hub.clock).look, "visits-left-open"))
        rest.create_task(every(Keeper.EVERY_SECONDS, keep_house, "readings"))
        rest.create_task(every(Returning.EVERY_SECONDS, Returning(hub.pools.hub, hub.clock).look, "devices-returning"))
        if isinstance(transport, Broker):
            rest.create_task(recheck_changed(hub.changes, transport))
        if isinstance(transport, ExternalBroker):
            look = BrokerWatch(hub.pools.devices, hub.clock, centre_id, transport).look
            rest.create_task(every(BrokerWatch.EVERY_SECONDS, look, "broker-away"))
        async with asyncio.TaskGroup() as alarm_path:
            alarm_path.create_task(intake.run_alarms(transport))
            alarm_path.create_task(transport.run())
            watch = Watch(hub.pools.alarms, hub.changes, hub.clock, hub.rules, hears=_hears(transport))
            alarm_path.create_task(watch.run())
            alarm_path.create_task(DeliverToDevices(hub.pools.alarms, hub.changes, transport, hub.clock).run())
            alarm_path.create_task(
                DeliverToPeople(hub.pools.alarms, hub.changes, channels, hub.clock, hub.settings.origin).run()
            )
            hub.parts.ask("broker", _hears(transport))


def _hears(transport: Transport) -> Callable[[], bool]:
    """Whether devices can reach the hub: at its own broker always, at another's while that is there."""
    return (lambda: transport.is_up) if isinstance(transport, ExternalBroker) else (lambda: True)


def _neighbours(hub: Hub, centre_id: CentreId) -> Neighbours:
    return Neighbours(
        rules=hub.rules,
        conclude=alarms.conclude,
        conclude_apart=alarms.conclude_apart,
        keep_readings=hub.telemetry.keep,
        centre_id=centre_id,
    )


def _transport(hub: Hub, centre_id: CentreId, receivers: Receivers) -> Transport:
    """The built-in broker, or the one that ANLING_MQTT_URL names."""
    settings = hub.settings
    if settings.mqtt_url is not None:
        return ExternalBroker(broker_address(settings.mqtt_url, centre_id), receivers=receivers, clock=hub.clock)
    listening = listening_socket(settings.mqtt_host, settings.mqtt_port)
    gatekeeper = Gatekeeper(hub.pools.devices, hub.clock, centre_id)
    return Broker(listening, gatekeeper=gatekeeper, receivers=receivers, clock=hub.clock)


def broker_address(url: str, centre_id: CentreId) -> Address:
    """`mqtt://user:password@host:1883` or `mqtts://…` as an address; its sessions bear the centre's name for ever."""
    parts = urlsplit(url)
    secure = parts.scheme == "mqtts"
    return Address(
        host=parts.hostname or "localhost",
        port=parts.port or (8883 if secure else 1883),
        client_id=f"hub-{centre_id}",
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=ssl.create_default_context() if secure else None,
    )


async def _channels(hub: Hub, stack: AsyncExitStack) -> Mapping[str, Channel]:
    """The ways to reach people that this installation has."""
    channels: dict[str, Channel] = {}
    secrets = organisation_secrets(hub.settings.data_dir)
    channels["webhook"] = await stack.enter_async_context(WebhookChannel.open(secrets))
    if hub.settings.smtp_url is not None:
        channels["email"] = EmailChannel(mailserver(hub.settings.smtp_url.get_secret_value()))
    return channels


def organisation_secrets(data_dir: Path) -> dict[OrganisationId, str]:
    """The webhook secret of each organisation (`whsec_…`), from files `secrets/webhook-ORGANISATION` of mode 0600."""
    return {
        OrganisationId(file.name.removeprefix("webhook-")): file.read_text("ascii").strip()
        for file in sorted((data_dir / "secrets").glob("webhook-*"))
    }


async def _theatre(hub: Hub, stack: AsyncExitStack) -> Theatre | None:
    """The stage of the demo."""
    settings = hub.settings
    if not settings.demo or settings.stage_url is None or settings.organisation_url is None:
        return None
    client = await stack.enter_async_context(httpx.AsyncClient(timeout=3.0, trust_env=False))
    invitation = (settings.data_dir / "secrets" / "demo-invitation").read_text("ascii").split()
    addresses = Addresses(
        control=settings.stage_url,
        organisation=settings.organisation_url,
        family_invitation=f"/family#i/{invitation[1]}",
        daughter=invitation[0],
    )
    return Theatre(hub.pools.hub, hub.clock, client, addresses)


async def _web(hub: Hub, theatre: Theatre | None) -> None:
    """Serve the pages until cancelled."""
    settings = hub.settings
    things: list[object] = [hub.access, hub.live, hub.video, hub.rules, hub.telemetry, hub.parts]
    things.append(Pages(STATIC, demo=settings.demo))
    if theatre is not None:
        things.append(theatre)
    services = Services(hub.clock, Databases(hub.pools.hub, hub.pools.web), things)
    app = build(services, web_rules(settings), routers(demo=theatre is not None))
    if theatre is not None:
        app.add_middleware(NoteCharts, theatre=theatre)
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
    proxies = settings.proxy_hosts if settings.public_url is not None else ""
    await PageServer(config, proxies=proxies).serve()
    raise RuntimeError("the web server ended by itself")


def web_rules(settings: Settings) -> WebRules:
    """What requests must prove, for the names under which this hub is reached."""
    hosts = {"localhost", "127.0.0.1", "::1", settings.http_host, urlsplit(settings.origin).hostname or ""}
    if settings.lan:
        hosts |= set(settings.media_hosts)
    stage = (settings.organisation_url,) if settings.demo and settings.organisation_url else ()
    return WebRules(
        hosts=frozenset(hosts - {""}),
        https=settings.origin.startswith("https://"),
        demo=settings.demo,
        stage_origins=stage,
    )


def main() -> int:
    """The hub's process: 2 for wrong settings, 1 for a database that is away or no use, 0 when it was told to stop."""
    forget_libpq_environment()
    logs.set_up("hub")
    gc.freeze()  # what was imported stays: looking through it each time stopped the hub for 35 ms and more
    try:
        settings = read_settings()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_told(lambda: serve(settings, clock_from(settings.clock_file))))
    except BadSettings as error:
        sys.stderr.write("".join(f"{line}\n" for line in error.lines))
        return 2
    except psycopg.OperationalError as error:
        sys.stderr.write(f"{away(error)}\n")
        return 1
    except (MigrationRefused, postgres.PostgresRefused) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _until_told(work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` until SIGTERM or SIGINT, then cancel it and let it clean up."""
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await work()
    except asyncio.CancelledError:
        log.info("stopped")


if __name__ == "__main__":
    sys.exit(main())
