"""How an installation comes up: database, tables, the hub's processes, and the simulated centre where there is one."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from shlex import quote

from extension.simulation import SimulatedCentre
from hub.embedded import (
    backing_up,
    data_folder,
    importing,
    logins,
    mosquitto,
    ports,
    postgres,
    secret_files,
    simulation,
)
from hub.embedded.channels import open_channels
from hub.embedded.children import is_hub_ready, processes_of
from hub.embedded.last_resort import LastResort, run_last_resort
from hub.embedded.place import CannotStart, Place, place_of, refuse_media_socket, take_ports
from hub.embedded.processes import Processes
from hub.embedded.screen import Screen, ScreenAccount
from hub.embedded.service_manager import ServiceManager
from hub.embedded.supervised import ChildEvent
from hub.importing.existing_centre import find_contradiction
from hub.kit.clock import clock_from
from hub.kit.db import Login
from hub.kit.descriptors import raise_descriptor_limit
from hub.kit.ids import DeviceId
from hub.kit.single_error import raise_single_error
from hub.kit.urls import format_url_host
from hub.settings import BrokerChoice, Settings

NEEDED_BYTES = 300_000_000
"""Less than this on the disk of the data folder, and nothing is started."""
_OBSERVER = DeviceId("observer")
STEPS_BEFORE_PROCESSES = 2


def steps_of(settings: Settings) -> int:
    """How many steps a start has."""
    simulating = simulation.simulation_of(settings)
    simulated = 0 if simulating is None else simulation.OWN_STEPS + len(simulating.steps)
    return STEPS_BEFORE_PROCESSES + len(_WHAT) + simulated + (settings.broker is BrokerChoice.MOSQUITTO)


async def run_installation(settings: Settings, screen: Screen) -> None:
    """Start everything, say where it is, and keep it running until told to stop (SIGINT, SIGTERM, SIGHUP).

    Raises NoMosquitto, CannotStart, NoDataFolder, AlreadyRunning, PortTaken, PostgresRefused, MigrationRefused or
    NotReady before anything is served; what was started is stopped again.
    """
    raise_descriptor_limit()
    simulating = simulation.simulation_of(settings)
    steps = _WHAT if simulating is None else {**_WHAT, **simulating.steps}
    program = mosquitto.find_program() if settings.broker is BrokerChoice.MOSQUITTO else None
    usable = data_folder.open_data_folder(settings.data_dir, needed_bytes=NEEDED_BYTES)
    with suppress(asyncio.CancelledError), _cancel_on_signals(), usable:
        refuse_media_socket(settings)
        async with AsyncExitStack() as opened:
            channels = await opened.enter_async_context(open_channels(settings))
            last_resort = LastResort(
                settings.data_dir,
                {} if simulating is not None else channels,  # nobody real is told of a simulated centre
                clock_from(settings.clock_file),
                screen.print_line,
            )
            await opened.enter_async_context(run_last_resort(last_resort))

            def hear_child(event: ChildEvent) -> None:
                screen.show_child_event(event)
                last_resort.hear_child(event)

            processes = await opened.enter_async_context(Processes.open(settings.data_dir, hear_child))
            # Before the database: an occupied port leaves nothing half done.
            taken = take_ports(settings)
            listening = opened.enter_context(ports.open_listening_sockets(settings.http_host, taken.http))
            url = await opened.enter_async_context(_open_database(settings, screen))
            try:
                with screen.show_step("the tables"):
                    databases = await logins.set_up(url, settings.data_dir)
                place = place_of(settings, taken, databases, tuple(one.fileno() for one in listening))
                changes = databases[Login.PAGES_WRITE]
                if why := find_contradiction(
                    await importing.find_held_centre(changes), None, simulated=simulating is not None
                ):
                    raise CannotStart(why)
                if simulating is not None and place.simulated is not None:
                    with screen.show_step(simulating.import_step):
                        now = clock_from(settings.clock_file).now()
                        await simulation.import_centre(changes, settings, place.simulated, now)
                if program is not None and place.broker_files is not None:
                    with screen.show_step("Mosquitto"):
                        await mosquitto.write_files(databases[Login.ALARMS], settings.data_dir, place.broker_files)
                        await processes.start(mosquitto.child_of(program, place.broker_files))
                last_resort.begin_asking(partial(is_hub_ready, place), changes)
                for group in processes_of(place):
                    begun = [(child.name, processes.begin(child)) for child in group]
                    for name, until_ready in begun:
                        with screen.show_step(steps[name]):
                            await until_ready()
                await _show_addresses(settings, place, screen)
                with raise_single_error():
                    async with ServiceManager(os.environ).notified(), asyncio.TaskGroup() as beside:
                        beside.create_task(_keep_backups(settings))
                        if place.broker_files is not None:
                            files, devices = place.broker_files, databases[Login.ALARMS]
                            await mosquitto.sync_files(devices, settings.data_dir, files, _make_reload(processes))
                        await asyncio.Event().wait()
            finally:
                screen.print_line("Stopping…")
                # Before the database, which everything else needs to the end.
                await processes.stop()


async def _keep_backups(settings: Settings) -> None:
    """Back up until cancelled, where a folder for that is named."""
    if settings.backup_dir is not None:
        clock = clock_from(settings.clock_file)
        await backing_up.keep_backups(settings, settings.backup_dir.absolute(), clock)


_WHAT = {
    "media": "the media process",
    "alarm-path": "the alarm path: broker, alarms, and whom they reach",
    "telemetry": "telemetry: readings and the centre's rules",
    "pages": "the pages",
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
        with screen.show_step("the database that ANLING_DATABASE_URL names"):
            await asyncio.to_thread(postgres.refuse_unsafe, settings.database_url)
        yield settings.database_url
        return
    async with AsyncExitStack() as own:
        with screen.show_step("an own PostgreSQL"):
            url = await own.enter_async_context(postgres.run_postgres(settings.data_dir / "database"))
        yield url


async def _show_addresses(settings: Settings, place: Place, screen: Screen) -> None:
    pages = [("staff", f"{place.url}/"), ("family", f"{place.url}/family")]
    simulating = simulation.simulation_of(settings)
    if simulating is not None and place.simulated is not None:
        pages = [(what, f"{place.url}{path}") for what, path in simulating.pages] + pages
        pages += place.simulated.addresses
    if place.is_broker_ours:
        pages.append(("devices", f"mqtt://{format_url_host(place.settings.mqtt_host)}:{place.settings.mqtt_port}"))
        here = ports.reached_at(settings.mqtt_host)
        if observing := secret_files.write_observer(settings.data_dir, _OBSERVER, here, place.settings.mqtt_port):
            pages.append(
                ("all that they say", f"XDG_CONFIG_HOME={quote(str(observing))} mosquitto_sub -v -t 'anling/#'")
            )
    screen.print_addresses([*pages, ("data", str(settings.data_dir)), ("logs", str(settings.data_dir / "logs"))])
    if place.simulated is not None:
        await _show_simulated_accounts(place, place.simulated, screen)
    else:
        await _show_first_steps(settings, place, screen)
    screen.print_line("\nCtrl-C stops it; the data stays.")


async def _show_simulated_accounts(place: Place, simulated: SimulatedCentre, screen: Screen) -> None:
    """Whom a stranger may be: one of the staff, by their password, or the family member who is invited."""
    name = place.settings.simulation
    listed = await importing.list_simulated_accounts(place.databases[Login.PAGES_WRITE])
    accounts = [ScreenAccount(one.id, one.name, one.role, simulated.password) for one in listed]
    _, token = simulation.read_invitation(place.settings)
    family_url = f"{place.url}/family#i/{token}"
    screen.print_accounts(f"Accounts of the {name}", accounts, family_url)
    if place.settings.lan:
        screen.print_qr_code(f"Scan this with a phone on the same network (plain HTTP, {name} data only):", family_url)


async def _show_first_steps(settings: Settings, place: Place, screen: Screen) -> None:
    """What a new installation still needs: a centre, and somebody who administers it."""
    now = clock_from(settings.clock_file).now()
    held = await importing.find_held_centre(place.databases[Login.PAGES_WRITE])
    token = await importing.administrator_token(place.databases[Login.PAGES_WRITE], now)
    if held is None:
        screen.print_line("\nThere is no centre yet. Write its file (simulators/centre.yaml is an example), then:")
        screen.print_line("  ./anling import centre.yaml")
    if token is not None:
        then = "Then open" if held is None else "Nobody administers this centre yet. Open"
        screen.print_line(f"{then} this link, which makes the first administrator and works once, for a day:")
        screen.print_line(f"  {place.url}/#first/{token}")
