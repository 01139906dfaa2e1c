"""How `./anling demo` and `./anling run` come up: database, tables, the hub's processes, the simulated centre."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from psycopg.conninfo import conninfo_to_dict
from pydantic import TypeAdapter, ValidationError

from hub.embedded import (
    data_folder,
    environment,
    importing,
    lan,
    logins,
    mosquitto,
    ports,
    postgres,
    secret_files,
    simulation,
)
from hub.embedded.lan import LOOPBACK
from hub.embedded.processes import Child, Processes
from hub.embedded.screen import Account, Screen
from hub.embedded.simulation import Simulation
from hub.importing.held import contradiction
from hub.kit.clock import clock_from
from hub.kit.db import Login
from hub.kit.ids import DeviceId
from hub.settings import in_url
from hub.video.model import LONGEST_SOCKET_PATH

NEEDED_BYTES = 300_000_000
"""Less than this on the disk of the data folder, and nothing is started."""


@dataclass(frozen=True, slots=True)
class _Readiness:
    """What `GET /readyz` answers."""

    parts: dict[str, bool]


_OBSERVER = DeviceId("observer")
STEPS_BEFORE_PROCESSES = 2
_ACCOUNTS = TypeAdapter(list[Account])
_READINESS = TypeAdapter(_Readiness)


class CannotStart(Exception):
    """The machine does not give what a start needs; one line says what and what to do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run, and where."""

    data_dir: Path
    http_host: str
    http_port: int
    mqtt_host: str
    mqtt_port: int
    https: bool
    database_url: str | None
    own_broker: bool
    media_hosts: tuple[str, ...]
    demo: bool
    clock_file: Path | None = None
    public_url: str | None = None
    lan: bool = False
    media_socket: Path | None = None
    """Where hub and media process meet; in the data folder when it is not said."""
    mosquitto: Path | None = None
    """The program that serves the devices, instead of the built-in broker."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where this start listens, and at which address the local network reaches it (None: not at all)."""

    http: int
    mqtt: int
    simulation: Simulation | None
    on_lan: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are, once the plan has met this machine."""

    data_dir: Path
    http_host: str
    http_port: int
    mqtt_host: str
    mqtt_port: int
    https: bool
    databases: Mapping[Login, str]
    """The conninfo string of each login."""
    media_hosts: tuple[str, ...]
    media_socket: Path
    simulation: Simulation | None
    own_broker: bool = True
    public_url: str | None = None
    lan: bool = False
    broker_files: mosquitto.Files | None = None

    @property
    def url(self) -> str:
        """How people reach the pages."""
        return self.public_url or self.local_url

    @property
    def local_url(self) -> str:
        """How a browser of this machine reaches the pages."""
        return self._url_at("localhost" if self._asked_at == LOOPBACK else self._asked_at)

    @property
    def asked_url(self) -> str:
        """Where this start itself asks: the very address that is listened on, which a name may not lead to."""
        return self._url_at(self._asked_at)

    @property
    def mqtt_url(self) -> str:
        """How a program of this machine reaches the broker of ours."""
        return f"mqtt://{in_url(ports.reached_at(self.mqtt_host))}:{self.mqtt_port}"

    @property
    def _asked_at(self) -> str:
        return ports.reached_at(self.http_host)

    def _url_at(self, host: str) -> str:
        return f"{'https' if self.https else 'http'}://{in_url(host)}:{self.http_port}"


def processes_of(place: Place) -> tuple[Child, ...]:
    """Every process beside the database, in the order in which they start."""
    media = ("hub.video.media", "--socket", str(place.media_socket), "--hosts", ",".join(place.media_hosts))
    own = (_python(place, "media", media), _python(place, "hub", ("hub.app",)))
    if place.simulation is None:
        return own
    mqtt_version = "5" if place.broker_files else "3.1.1"
    return (
        *simulation.before_the_hub(place.data_dir, (place.url, place.local_url), place.simulation),
        *own,
        *simulation.after_the_hub(place.data_dir, place.mqtt_url, mqtt_version, place.simulation),
    )


def steps_of(plan: Plan) -> int:
    """How many steps a start has."""
    return STEPS_BEFORE_PROCESSES + (6 if plan.demo else 2) + (1 if plan.mosquitto else 0)


async def serve(plan: Plan, screen: Screen) -> None:
    """Start everything, say where it is, and keep it running until told to stop (SIGINT, SIGTERM, SIGHUP).

    Raises CannotStart, NoDataFolder, AlreadyRunning, PortTaken, PostgresRefused, MigrationRefused or NotReady before
    anything is served; what was started is stopped again.
    """
    usable = data_folder.usable(plan.data_dir, needed_bytes=NEEDED_BYTES)
    with suppress(asyncio.CancelledError), _stopped_by_signals(), usable:
        _refuse_media_socket(plan)
        async with AsyncExitStack() as opened:
            processes = await opened.enter_async_context(Processes.open(plan.data_dir, screen.heard))
            # Before the database: an occupied port leaves nothing half done.
            taken = _ports(plan)
            url = await opened.enter_async_context(_database(plan, screen))
            try:
                with screen.step("the tables"):
                    databases = await logins.set_up(url, plan.data_dir)
                place = _place(plan, taken, databases)
                changes = databases[Login.PAGES_WRITE]
                if why := contradiction(await importing.held(changes), None, demo=plan.demo):
                    raise CannotStart(why)
                if place.simulation is not None:
                    with screen.step("forty seniors and their centre"):
                        now = clock_from(plan.clock_file).now()
                        await simulation.import_centre(changes, place.data_dir, place.simulation, now)
                if plan.mosquitto is not None and place.broker_files is not None:
                    with screen.step("Mosquitto"):
                        await mosquitto.write(databases[Login.ALARMS], place.data_dir, place.broker_files)
                        await processes.start(mosquitto.child_of(plan.mosquitto, place.broker_files))
                for child in processes_of(place):
                    with screen.step(_WHAT[child.name]):
                        await processes.start(child)
                await _show(plan, place, screen)
                if place.broker_files is not None:
                    files, devices = place.broker_files, databases[Login.ALARMS]
                    await mosquitto.keep_in_step(devices, place.data_dir, files, _reload(processes))
                await asyncio.Event().wait()
            finally:
                screen.say("Stopping…")
                # Before the database, which everything else needs to the end.
                await processes.stop()


_WHAT = {
    "hub": "the hub: broker, alarms, pages",
    "media": "the media process",
    "cameras": "six simulated cameras",
    "phones": "the organisation's phones",
    "centre": "the simulated centre: its devices, and a day in it",
}


def _reload(processes: Processes) -> Callable[[], None]:
    """Lets Mosquitto read its passwords and ACL again."""

    def reload() -> None:
        if (pid := processes.pid_of("mosquitto")) is not None:
            os.kill(pid, signal.SIGHUP)

    return reload


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Cancel this task on the first signal, so that everything is stopped in order.

    At a second one this process leaves at once, and the kernel tells the others (see child.py).
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is None:
        raise RuntimeError("serve runs in a task")

    def stop() -> None:
        if task.cancelling():
            os._exit(128 + signal.SIGINT)
        task.cancel()

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def _media_socket(plan: Plan) -> Path:
    return plan.media_socket or plan.data_dir.resolve() / "media.sock"


def _refuse_media_socket(plan: Plan) -> None:
    """Before anything is made: the media process would find out after the database."""
    socket = _media_socket(plan)
    wrong = None
    if len(os.fsencode(socket)) > LONGEST_SOCKET_PATH:
        wrong = f"a socket's path has at most {LONGEST_SOCKET_PATH} bytes: set it to a shorter one"
    elif plan.media_socket and not os.access(socket.parent, os.W_OK | os.X_OK):
        wrong = "should be in a folder that this account can write"
    if wrong:
        raise CannotStart(f"ANLING_MEDIA_SOCKET={str(socket)!r}: {wrong}")


@asynccontextmanager
async def _database(plan: Plan, screen: Screen) -> AsyncIterator[str]:
    """The database: the one that was named, or one of our own; as its administrator, for set-up."""
    if plan.database_url is not None:
        with screen.step("the database that ANLING_DATABASE_URL names"):
            await asyncio.to_thread(postgres.refuse_unsafe, plan.database_url)
        yield plan.database_url
        return
    async with AsyncExitStack() as own:
        with screen.step("an own PostgreSQL"):
            url = await own.enter_async_context(postgres.running(plan.data_dir / "database"))
        yield url


def _ports(plan: Plan) -> Ports:
    """Find the ports: in the demo others when they are taken, otherwise exactly those.

    Raises PortTaken, and NoNetwork when there is none to be reached from.
    """
    ports.begin()
    take = ports.take_near if plan.demo else ports.take
    return Ports(
        http=take(plan.http_host, plan.http_port, "ANLING_HTTP_PORT"),
        mqtt=take(plan.mqtt_host, plan.mqtt_port, "ANLING_MQTT_PORT") if plan.own_broker else plan.mqtt_port,
        simulation=simulation.take_ports() if plan.demo else None,
        on_lan=lan.chosen(plan.media_hosts) if plan.lan else None,
    )


def _place(plan: Plan, taken: Ports, databases: Mapping[Login, str]) -> Place:
    return Place(
        data_dir=plan.data_dir.resolve(),
        http_host=plan.http_host,
        http_port=taken.http,
        mqtt_host=plan.mqtt_host,
        mqtt_port=taken.mqtt,
        https=plan.https,
        databases=databases,
        media_hosts=(taken.on_lan, LOOPBACK) if taken.on_lan else plan.media_hosts,
        media_socket=_media_socket(plan),
        simulation=taken.simulation,
        own_broker=plan.own_broker,
        public_url=f"http://{in_url(taken.on_lan)}:{taken.http}" if taken.on_lan else plan.public_url,
        lan=plan.lan,
        broker_files=mosquitto.files_of(plan.data_dir, plan.mqtt_host, taken.mqtt) if plan.mosquitto else None,
    )


def _python(place: Place, name: str, module: tuple[str, ...]) -> Child:
    async def hub_is_ready() -> bool:
        return await _is_ready(place)

    async def media_listens() -> bool:
        return await _listens(place.media_socket)

    ready = {"hub": hub_is_ready, "media": media_listens}.get(name)
    program = (sys.executable, "-P", "-m", *module)
    if name == "media":
        told = {**environment.of_any(), "PYTHONUNBUFFERED": "1"}
        return Child(name, program, environment=told, ready=ready, without=_of_the_database(place))
    return Child(name, program, environment=_environment(place), ready=ready)


def _of_the_database(place: Place) -> tuple[Path, ...]:
    """The folders that lead to the database: its own, its passwords', and its socket's where that is elsewhere."""
    hosts = {str(conninfo_to_dict(conninfo).get("host", "")) for conninfo in place.databases.values()}
    sockets = (Path(host) for host in sorted(hosts) if host.startswith("/"))
    return (place.data_dir / "database", place.data_dir / "secrets", *sockets)


def _environment(place: Place) -> dict[str, str]:
    """What the hub is told; a password in it is in no command line."""
    return {
        **environment.of_the_hub(),
        "PYTHONUNBUFFERED": "1",
        "ANLING_DATA_DIR": str(place.data_dir),
        **logins.environment(place.databases, *Login),
        "ANLING_HTTP_PORT": str(place.http_port),
        "ANLING_MQTT_PORT": str(place.mqtt_port),
        "ANLING_BROKER": "",  # it is started already
        "ANLING_DEMO": "true" if place.simulation else "false",
        "ANLING_HTTP_HOST": place.http_host,
        "ANLING_MEDIA_HOSTS": ",".join(place.media_hosts),
        "ANLING_MEDIA_SOCKET": str(place.media_socket),
        "ANLING_LAN": "true" if place.lan else "false",
        **({"ANLING_PUBLIC_URL": place.public_url} if place.public_url else {}),
        **(simulation.environment(place.simulation) if place.simulation else {}),
        **(mosquitto.environment(place.data_dir, place.broker_files) if place.broker_files else {}),
    }


async def _is_ready(place: Place) -> bool:
    """Whether the hub works, as far as that is ours: for a broker of somebody else's it goes on waiting by itself."""
    try:
        async with _client(place) as client:
            readiness = _READINESS.validate_json((await client.get("/readyz")).content)
    except (httpx.TransportError, ValidationError):
        return False
    return all(works for part, works in readiness.parts.items() if part != "broker" or place.own_broker)


async def _listens(path: Path) -> bool:
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_unix_connection(path)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _demo_accounts(place: Place) -> list[Account]:
    try:
        async with _client(place) as client:
            return _ACCOUNTS.validate_json((await client.get("/api/demo/accounts")).content)
    except (httpx.TransportError, ValidationError):
        return []


def _client(place: Place) -> httpx.AsyncClient:
    # This machine asks itself: the certificate is made for the name that others use, and no proxy stands between.
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    return httpx.AsyncClient(base_url=place.asked_url, verify=unchecked, timeout=2.0, trust_env=False)


async def _show(plan: Plan, place: Place, screen: Screen) -> None:
    pages = [("staff", f"{place.url}/"), ("family", f"{place.url}/family")]
    if plan.demo:
        pages.insert(0, ("the stage", f"{place.url}/demo"))
    if place.simulation is not None:
        pages.append(("the organisation's phones", place.simulation.phones))
    if plan.own_broker:
        pages.append(("devices", f"mqtt://{in_url(plan.mqtt_host)}:{place.mqtt_port}"))
        here = ports.reached_at(plan.mqtt_host)
        if observing := secret_files.write_observer(place.data_dir, _OBSERVER, here, place.mqtt_port):
            pages.append(("all that they say", f"XDG_CONFIG_HOME={observing} mosquitto_sub -v -t 'anling/#'"))
    screen.addresses([*pages, ("data", str(place.data_dir)), ("logs", str(place.data_dir / "logs"))])
    if plan.demo:
        screen.accounts(await _demo_accounts(place), _daughter(place))
        if plan.lan:
            screen.code("Scan this with a phone on the same network (plain HTTP, demo data only):", _daughter(place))
    else:
        await _first_steps(plan, place, screen)
    screen.say("\nCtrl-C stops it; the data stays.")


def _daughter(place: Place) -> str:
    """The address that signs the daughter's phone in."""
    _, token = (secret_files.folder_of(place.data_dir) / "demo-invitation").read_text("ascii").split()
    return f"{place.url}/family#i/{token}"


async def _first_steps(plan: Plan, place: Place, screen: Screen) -> None:
    """What a new installation still needs: a centre, and somebody who administers it."""
    now = clock_from(plan.clock_file).now()
    held = await importing.held(place.databases[Login.PAGES_WRITE])
    token = await importing.administrator_token(place.databases[Login.PAGES_WRITE], now)
    if held is None:
        screen.say("\nThere is no centre yet. Write its file (simulators/centre.yaml is an example), then:")
        screen.say("  ./anling import centre.yaml")
    if token is not None:
        then = "Then open" if held is None else "Nobody administers this centre yet. Open"
        screen.say(f"{then} this link, which makes the first administrator and works once, for a day:")
        screen.say(f"  {place.url}/#first/{token}")
