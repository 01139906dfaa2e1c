"""What do all processes of the hub have in common? Settings, tables, what a signal means, and what an end says."""

import asyncio
import gc
import logging
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

import psycopg
import uvloop

from hub.centre.service import find_centre
from hub.embedded import postgres
from hub.kit import log as logs
from hub.kit.clock import Clock, clock_from
from hub.kit.db import Database, Login, describe_outage, forget_libpq_environment
from hub.kit.descriptors import raise_descriptor_limit
from hub.kit.heartbeats import Process, write_beats
from hub.kit.ids import CentreId
from hub.kit.migrate import MigrationRefused, refuse_unmigrated
from hub.mqtt.broker_session import BrokerAddress
from hub.settings import BadSettings, Settings, read_settings

log = logging.getLogger(__name__)

RULES_EVERY_SECONDS: Final = 2.0
"""Between two looks for rule files that changed."""
_CENTRE_EVERY: Final = 1.0
"""Seconds between two looks for the first import."""

Serve: TypeAlias = Callable[[Settings, Clock, Mapping[Login, str]], Awaitable[None]]
"""Runs a process until it is cancelled: with its settings, its clock, and the conninfo string of each of its logins."""


def run_process(name: str, own: Collection[Login], serve: Serve) -> int:
    """Be the process `name` with these logins.

    2 for wrong settings, 1 for a database that is down or no use, 0 when it was told to stop.
    """
    raise_descriptor_limit()
    forget_libpq_environment()
    logs.set_up_logging(name)
    gc.freeze()  # what was imported stays: looking through it each time stopped the hub for 35 ms and more
    try:
        settings = read_settings()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run_until_signal(lambda: _serve_with_logins(settings, own, serve)))
    except BadSettings as error:
        sys.stderr.write("".join(f"{line}\n" for line in error.lines))
        return 2
    except psycopg.OperationalError as error:
        sys.stderr.write(f"{describe_outage(error)}\n")
        return 1
    except (MigrationRefused, postgres.PostgresRefused) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def wait_for_centre(database: Database, process: Process) -> CentreId:
    """The centre of this hub; waits for the first import, and says meanwhile that `process` works."""
    async with asyncio.TaskGroup() as waiting:
        beating = waiting.create_task(write_beats(database, process, lambda: True))
        centre_id = await _imported_centre(database)
        beating.cancel()
    return centre_id


async def _imported_centre(database: Database) -> CentreId:
    said = False
    while True:
        async with database.transaction() as conn:
            centre_id = await find_centre(conn)
        if centre_id is not None:
            return centre_id
        if not said:
            log.info("no centre yet: write its file and run ./anling import centre.yaml")
            said = True
        await asyncio.sleep(_CENTRE_EVERY)


def broker_address(url: str, centre_id: CentreId) -> BrokerAddress:
    """`mqtt://user:password@host:1883` or `mqtts://…` as an address; its sessions bear the centre's name for ever."""
    parts = urlsplit(url)
    secure = parts.scheme == "mqtts"
    return BrokerAddress(
        host=parts.hostname or "localhost",
        port=parts.port or (8883 if secure else 1883),
        client_id=f"hub-{centre_id}",
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=ssl.create_default_context() if secure else None,
    )


async def _serve_with_logins(settings: Settings, own: Collection[Login], serve: Serve) -> None:
    databases = databases_of(settings, own)
    for conninfo in databases.values():
        await asyncio.to_thread(postgres.refuse_unsafe, conninfo)
        await asyncio.to_thread(refuse_unmigrated, conninfo)
    await serve(settings, clock_from(settings.clock_file), databases)


def databases_of(settings: Settings, own: Collection[Login]) -> Mapping[Login, str]:
    """The conninfo string of each of these logins. Raises BadSettings when one is missing."""
    given = {
        Login.ALARMS: settings.alarms_database,
        Login.TELEMETRY: settings.telemetry_database,
        Login.PAGES_READ: settings.pages_read_database,
        Login.PAGES_WRITE: settings.pages_write_database,
    }
    known = {login: given[login] for login in own}
    if missing := [login.variable for login, conninfo in known.items() if conninfo is None]:
        names = ", ".join(missing)
        raise BadSettings([f"not set: {names}; start it with ./anling, which knows the logins of the database"])
    return {login: conninfo.get_secret_value() for login, conninfo in known.items() if conninfo is not None}


async def _run_until_signal(work: Callable[[], Awaitable[None]]) -> None:
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
