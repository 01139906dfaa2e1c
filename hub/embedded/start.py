"""How `./anling demo` and `./anling run` come up: database, tables, the hub's processes, the simulated centre."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress

import httpx
from pydantic import TypeAdapter, ValidationError

from hub.embedded import data_folder, importing, logins, mosquitto, ports, postgres, secret_files, simulation
from hub.embedded.children import client_of, processes_of
from hub.embedded.place import CannotStart, Place, place_of, refuse_media_socket, take_ports
from hub.embedded.processes import Processes
from hub.embedded.screen import Screen, ScreenAccount
from hub.importing.existing_centre import find_contradiction
from hub.kit.clock import clock_from
from hub.kit.db import Login
from hub.kit.ids import DeviceId
from hub.settings import BrokerChoice, Settings, format_url_host

NEEDED_BYTES = 300_000_000
"""Less than this on the disk of the data folder, and nothing is started."""
_OBSERVER = DeviceId("observer")
STEPS_BEFORE_PROCESSES = 2
_ACCOUNTS = TypeAdapter(list[ScreenAccount])


def steps_of(settings: Settings) -> int:
    """How many steps a start has."""
    return STEPS_BEFORE_PROCESSES + (8 if settings.demo else 4) + (settings.broker is BrokerChoice.MOSQUITTO)


async def run_installation(settings: Settings, screen: Screen) -> None:
    """Start everything, say where it is, and keep it running until told to stop (SIGINT, SIGTERM, SIGHUP).

    Raises NoMosquitto, CannotStart, NoDataFolder, AlreadyRunning, PortTaken, PostgresRefused, MigrationRefused or
    NotReady before anything is served; what was started is stopped again.
    """
    program = mosquitto.find_program() if settings.broker is BrokerChoice.MOSQUITTO else None
    usable = data_folder.open_data_folder(settings.data_dir, needed_bytes=NEEDED_BYTES)
    with suppress(asyncio.CancelledError), _cancel_on_signals(), usable:
        refuse_media_socket(settings)
        async with AsyncExitStack() as opened:
            processes = await opened.enter_async_context(Processes.open(settings.data_dir, screen.heard))
            # Before the database: an occupied port leaves nothing half done.
            taken = take_ports(settings)
            listening = opened.enter_context(ports.open_listening_sockets(settings.http_host, taken.http))
            url = await opened.enter_async_context(_open_database(settings, screen))
            try:
                with screen.step("the tables"):
                    databases = await logins.set_up(url, settings.data_dir)
                place = place_of(settings, taken, databases, tuple(one.fileno() for one in listening))
                changes = databases[Login.PAGES_WRITE]
                if why := find_contradiction(await importing.find_held_centre(changes), None, demo=settings.demo):
                    raise CannotStart(why)
                if place.simulation is not None:
                    with screen.step("forty seniors and their centre"):
                        now = clock_from(settings.clock_file).now()
                        await simulation.import_centre(changes, settings.data_dir, place.simulation, now)
                if program is not None and place.broker_files is not None:
                    with screen.step("Mosquitto"):
                        await mosquitto.write_files(databases[Login.ALARMS], settings.data_dir, place.broker_files)
                        await processes.start(mosquitto.child_of(program, place.broker_files))
                for group in processes_of(place):
                    begun = [(child.name, processes.begin(child)) for child in group]
                    for name, until_ready in begun:
                        with screen.step(_WHAT[name]):
                            await until_ready()
                await _show_addresses(settings, place, screen)
                if place.broker_files is not None:
                    files, devices = place.broker_files, databases[Login.ALARMS]
                    await mosquitto.sync_files(devices, settings.data_dir, files, _make_reload(processes))
                await asyncio.Event().wait()
            finally:
                screen.say("Stopping…")
                # Before the database, which everything else needs to the end.
                await processes.stop()


_WHAT = {
    "media": "the media process",
    "alarm-path": "the alarm path: broker, alarms, and whom they reach",
    "telemetry": "telemetry: readings and the centre's rules",
    "pages": "the pages",
    "cameras": "six simulated cameras",
    "phones": "the organisation's phones",
    "centre": "the simulated centre: its devices, and a day in it",
}


def _make_reload(processes: Processes) -> Callable[[], None]:
    """Lets Mosquitto read its passwords and ACL again."""

    def reload() -> None:
        if (pid := processes.pid_of("mosquitto")) is not None:
            os.kill(pid, signal.SIGHUP)

    return reload


@contextmanager
def _cancel_on_signals() -> Iterator[None]:
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


@asynccontextmanager
async def _open_database(settings: Settings, screen: Screen) -> AsyncIterator[str]:
    """The database: the one that was named, or one of our own; as its administrator, for set-up."""
    if settings.database_url is not None:
        with screen.step("the database that ANLING_DATABASE_URL names"):
            await asyncio.to_thread(postgres.refuse_unsafe, settings.database_url)
        yield settings.database_url
        return
    async with AsyncExitStack() as own:
        with screen.step("an own PostgreSQL"):
            url = await own.enter_async_context(postgres.run_postgres(settings.data_dir / "database"))
        yield url


async def _demo_accounts(place: Place) -> list[ScreenAccount]:
    try:
        async with client_of(place) as client:
            return _ACCOUNTS.validate_json((await client.get("/api/demo/accounts")).content)
    except (httpx.TransportError, ValidationError):
        return []


async def _show_addresses(settings: Settings, place: Place, screen: Screen) -> None:
    pages = [("staff", f"{place.url}/"), ("family", f"{place.url}/family")]
    if settings.demo:
        pages.insert(0, ("the stage", f"{place.url}/demo"))
    if place.simulation is not None:
        pages.append(("the organisation's phones", place.simulation.phones))
    if place.is_broker_ours:
        pages.append(("devices", f"mqtt://{format_url_host(place.settings.mqtt_host)}:{place.settings.mqtt_port}"))
        here = ports.reached_at(settings.mqtt_host)
        if observing := secret_files.write_observer(settings.data_dir, _OBSERVER, here, place.settings.mqtt_port):
            pages.append(("all that they say", f"XDG_CONFIG_HOME={observing} mosquitto_sub -v -t 'anling/#'"))
    screen.addresses([*pages, ("data", str(settings.data_dir)), ("logs", str(settings.data_dir / "logs"))])
    if settings.demo:
        screen.accounts(await _demo_accounts(place), _daughter_url(place))
        if settings.lan:
            screen.code(
                "Scan this with a phone on the same network (plain HTTP, demo data only):", _daughter_url(place)
            )
    else:
        await _show_first_steps(settings, place, screen)
    screen.say("\nCtrl-C stops it; the data stays.")


def _daughter_url(place: Place) -> str:
    """The address that signs the daughter's phone in."""
    _, token = (secret_files.folder_of(place.settings.data_dir) / "demo-invitation").read_text("ascii").split()
    return f"{place.url}/family#i/{token}"


async def _show_first_steps(settings: Settings, place: Place, screen: Screen) -> None:
    """What a new installation still needs: a centre, and somebody who administers it."""
    now = clock_from(settings.clock_file).now()
    held = await importing.find_held_centre(place.databases[Login.PAGES_WRITE])
    token = await importing.administrator_token(place.databases[Login.PAGES_WRITE], now)
    if held is None:
        screen.say("\nThere is no centre yet. Write its file (simulators/centre.yaml is an example), then:")
        screen.say("  ./anling import centre.yaml")
    if token is not None:
        then = "Then open" if held is None else "Nobody administers this centre yet. Open"
        screen.say(f"{then} this link, which makes the first administrator and works once, for a day:")
        screen.say(f"  {place.url}/#first/{token}")
