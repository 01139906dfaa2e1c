"""How does a command do its work? In one transaction of the installation's database, whether the hub runs or not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import psycopg

from hub.centre.service import find_centre
from hub.centre.shown import ShownCentre, read_shown_centre
from hub.commands.terminal import exit_with_error, read_settings_or_exit
from hub.embedded import importing
from hub.embedded.data_folder import NoDataFolder
from hub.embedded.postgres import PostgresRefused
from hub.embedded.processes import AlreadyRunning
from hub.kit.clock import clock_from
from hub.kit.db import Conn, Database, describe_outage
from hub.kit.ids import CentreId
from hub.kit.migrate import MigrationRefused
from hub.ledger.edit import COMMAND_LINE, Edit, open_edit
from hub.settings import Settings

Result = TypeVar("Result")


class CannotDo(Exception):
    """The command cannot do what was asked; the text is one line that says why and what to do. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a command works with: one edit in one transaction, the centre of this hub, and the settings."""

    edit: Edit
    centre: ShownCentre
    settings: Settings

    @property
    def conn(self) -> Conn:
        return self.edit.conn

    @property
    def now(self) -> datetime:
        return self.edit.now

    @property
    def centre_id(self) -> CentreId:
        return self.centre.id

    @property
    def zone(self) -> ZoneInfo:
        """Where the centre's clock stands."""
        return ZoneInfo(self.centre.timezone)

    def local(self, at: datetime) -> str:
        """A moment as the centre's clock shows it, to the minute."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"


CommandBody: TypeAlias = Callable[[Work], Awaitable[Result]]


def run_in_edit(do: CommandBody[Result]) -> Result:
    """Do it in one transaction and give what came of it; what makes it impossible ends the command in one line."""
    settings = read_settings_or_exit()
    try:
        return asyncio.run(_with_database(settings, do))
    except psycopg.OperationalError as error:
        exit_with_error(describe_outage(error))
    except (AlreadyRunning, CannotDo, MigrationRefused, NoDataFolder, PostgresRefused) as error:
        exit_with_error(str(error))


async def _with_database(settings: Settings, do: CommandBody[Result]) -> Result:
    now = clock_from(settings.clock_file).now()
    async with (
        importing.database_of(settings.data_dir.absolute(), settings.database_url) as url,
        Database.open(url, size=1, name="anling command") as database,
    ):
        try:
            return await _in_transaction(database, settings, now, do)
        except psycopg.errors.DeadlockDetected:
            # PostgreSQL ended a deadlock with the running hub, which has gone on by now: see DECISIONS 37.
            return await _in_transaction(database, settings, now, do)


async def _in_transaction(database: Database, settings: Settings, now: datetime, do: CommandBody[Result]) -> Result:
    async with open_edit(database, COMMAND_LINE, now) as editing:
        centre_id = await find_centre(editing.conn)
        if centre_id is None:
            raise CannotDo("there is no centre yet: write its file and run ./anling import centre.yaml")
        return await do(Work(editing, await read_shown_centre(editing.conn, centre_id), settings))
