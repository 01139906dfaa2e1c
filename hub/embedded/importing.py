"""How a centre's file gets into this installation's database, and what the person who imports is told."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from extension.simulation import SimulatedCentre
from hub.access import service as access
from hub.access import store as account_rows
from hub.access.model import Role as AccountRole
from hub.access.passwords import Passwords
from hub.access.store import AccountRow
from hub.embedded import data_folder, logins, postgres, secret_files
from hub.importing.existing_centre import read_held_centre
from hub.importing.file import parse_centre_file
from hub.importing.model import HeldCentre, SimulatedAccounts
from hub.importing.parts import CentreFile
from hub.importing.service import LoadedCentre, load_centre
from hub.kit.db import Database, Login
from hub.kit.ids import AccountId, CentreId, OrganisationId
from hub.kit.named_hosts import parse_named_host
from hub.kit.urls import format_url_host
from hub.ledger.edit import IMPORT, open_edit
from hub.notifications.destinations import Outbound
from hub.notifications.model import ChannelName

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. Links are shown once, to whoever imports; passwords of devices are in a file."""

    centre_id: CentreId
    families: frozenset[AccountId]
    new_devices: int
    invitations: Mapping[AccountId, str]
    devices_file: Path
    webhook_file: Path


async def import_real(url: str, data_dir: Path, centre: CentreFile, now: datetime) -> Imported:
    """Import a real centre. Raises CannotLoad, psycopg.OperationalError; then nothing has changed."""
    return await _import_centre(url, data_dir, centre, None, now)


async def import_simulated(url: str, data_dir: Path, simulated: SimulatedCentre, now: datetime) -> Imported:
    """Import a simulated centre: its cameras and phones are elsewhere at each start."""
    accounts = SimulatedAccounts(await Passwords().hash(simulated.password), AccountId(simulated.invited))
    return await _import_centre(url, data_dir, parse_centre_file(simulated.centre_file), accounts, now)


async def _import_centre(
    url: str, data_dir: Path, centre: CentreFile, simulated: SimulatedAccounts | None, now: datetime
) -> Imported:
    """Import; once more when PostgreSQL ended a deadlock with the running hub, which has gone on by then."""
    async with Database.open(url, size=1, name="anling import") as database:
        try:
            return await _try_import(database, data_dir, centre, simulated, now)
        except psycopg.errors.DeadlockDetected as error:
            log.warning("a deadlock ended the import, which is retried: %s", error.diag.message_primary)
            return await _try_import(database, data_dir, centre, simulated, now)


async def _try_import(
    database: Database, data_dir: Path, centre: CentreFile, simulated: SimulatedAccounts | None, now: datetime
) -> Imported:
    async with open_edit(database, IMPORT, now) as editing:
        loaded = await load_centre(editing, centre, simulated)
        # Before the commit: a password that is in the database and nowhere else would be lost. And before the end of
        # the edit, which locks the ledger's head: presses wait for that.
        await asyncio.to_thread(secret_files.add_devices, data_dir, loaded.credentials)
        webhook_file = secret_files.webhook_file(data_dir, OrganisationId(centre.organisation.id))
    return _summarise_import(centre, loaded, data_dir, webhook_file)


def _summarise_import(centre: CentreFile, loaded: LoadedCentre, data_dir: Path, webhook_file: Path) -> Imported:
    return Imported(
        centre_id=loaded.centre_id,
        families=frozenset(AccountId(account.id) for account in centre.accounts if account.role is AccountRole.FAMILY),
        new_devices=len(loaded.credentials),
        invitations=loaded.invitations,
        devices_file=secret_files.devices_file(data_dir),
        webhook_file=webhook_file,
    )


def explain_unreachable_responders(centre: CentreFile, *, has_mailserver: bool) -> str | None:
    """What to do when no contact of this file leads to a person who answers alarms; None when one does.

    A webhook's secret is made by the import, a mailserver is named by ANLING_SMTP_URL.
    """
    channels = {
        contact.channel for account in centre.accounts if account.role.may_respond for contact in account.contacts
    }
    not_set_up = set() if has_mailserver else {ChannelName.EMAIL}
    if channels - not_set_up:
        return None
    to_do = "Contacts are by e-mail alone: set ANLING_SMTP_URL." if channels else "Give accounts contacts in the file."
    return f"No phone channel is set up: at night nobody will be woken. {to_do}"


def explain_webhooks_not_sent(centre: CentreFile, webhook_hosts: Sequence[str]) -> str | None:
    """What to do about webhooks of this file that lead to plain HTTP where no setting names the host; None: nothing."""
    outbound = Outbound(named=tuple(map(parse_named_host, webhook_hosts)))
    places = {
        (parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        for account in centre.accounts
        for contact in account.contacts
        if contact.channel is ChannelName.WEBHOOK
        for parts in [urlsplit(contact.address)]
    }
    unnamed = sorted(
        {f"{format_url_host(host)}:{port}" for scheme, host, port in places if not outbound.may_ask(scheme, host, port)}
    )
    if not unnamed:
        return None
    return (
        f"Nothing is sent to webhooks without HTTPS: {', '.join(unnamed)}. Write https:// in the file, or name hosts "
        f"in the building that you trust: ANLING_WEBHOOK_HOSTS={','.join([*webhook_hosts, *unnamed])}"
    )


async def administrator_token(url: str, now: datetime) -> str | None:
    """A fresh link token for the first administrator; None once there is one who can sign in."""
    async with Database.open(url, size=1, name="anling import") as database, database.transaction() as conn:
        return await access.first_administrator_link(conn, now)


async def list_simulated_accounts(url: str) -> list[AccountRow]:
    """The accounts of a simulated centre that sign in with its password."""
    async with Database.open(url, size=1, name="anling import") as database, database.transaction() as conn:
        return await account_rows.list_simulated_accounts(conn)


async def find_held_centre(url: str) -> HeldCentre | None:
    """The centre of this installation, and whether it is a simulated one; None before the first import."""
    async with Database.open(url, size=1, name="anling import") as database, database.transaction() as conn:
        return await read_held_centre(conn)


@asynccontextmanager
async def database_of(data_dir: Path, given: str | None) -> AsyncIterator[str]:
    """What people's changes go through (Login.PAGES_WRITE) of the installation's database: the one that was named, the
    own one that runs now, or the own one just for this. What is not set up for this version is set up first.

    Raises NoDataFolder when an own one cannot be made there.
    """
    if given is not None:
        with data_folder.open_data_folder(data_dir):
            yield (await logins.set_up_if_needed(given, data_dir))[Login.PAGES_WRITE]
        return
    running = logins.load_login_urls(postgres.url_of_running(data_dir / "database"), data_dir)
    if running is not None and await asyncio.to_thread(_can_connect, running[Login.PAGES_WRITE]):
        yield running[Login.PAGES_WRITE]
        return
    with data_folder.open_data_folder(data_dir):
        async with postgres.run_postgres(data_dir / "database") as url:
            yield (await logins.set_up(url, data_dir))[Login.PAGES_WRITE]


def _can_connect(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
