"""`./anling backup`, `./anling restore FILE`: all that the hub keeps, encrypted, on another disk, and back."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, TypeVar

import psycopg
import typer

from hub.centre.service import find_centre
from hub.commands.terminal import exit_with_error, print_line, read_settings_or_exit
from hub.embedded import backup, importing, sealed_files, secret_files
from hub.embedded.backing_up import NEEDS_ALL
from hub.embedded.backup import CannotBackUp
from hub.embedded.data_folder import NoDataFolder
from hub.embedded.key_sheet import render_key_sheet
from hub.embedded.postgres import PostgresRefused
from hub.embedded.processes import AlreadyRunning
from hub.embedded.restore import CannotRestore, Restored, restore_installation
from hub.kit.clock import clock_from
from hub.kit.db import Database, describe_outage
from hub.kit.files import replace_private
from hub.kit.migrate import MigrationRefused
from hub.notices import service as notices
from hub.notices.model import NoticeCode, Raised
from hub.settings import Settings

Outcome = TypeVar("Outcome")
_KEY: Final = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]+")
"""A key within whatever else stands in a file, such as the sheet itself."""
_FAILURES = (AlreadyRunning, CannotBackUp, MigrationRefused, NoDataFolder, OSError, PostgresRefused)


def back_up(
    *,
    to: Annotated[Path | None, typer.Option(help="The folder, in place of ANLING_BACKUP_DIR.")] = None,
) -> None:
    """Write everything into one encrypted file in ANLING_BACKUP_DIR; while the hub runs or not."""
    settings, folder = _read_where(to)
    made = _do_or_notice(settings, lambda now: backup.back_up(settings, folder, now))
    print_line(f"{made.file} ({made.file.stat().st_size // 1000} kB)")


def back_up_changes() -> None:
    """Add what has changed since the newest backup to it; ends with 3 when a backup of everything is needed first."""
    settings, folder = _read_where(None)
    added = _do_or_notice(settings, lambda _: backup.back_up_changes(settings, folder))
    if added is None:
        raise typer.Exit(NEEDS_ALL)
    print_line(f"{added} new files of changes in {folder}")


def make_key_sheet(
    sheet: Annotated[Path, typer.Argument(help="The page that is written, to be printed and then deleted.")],
    *,
    new: Annotated[
        bool, typer.Option("--new", help="Though there is a key: older backups need their own sheet.")
    ] = False,
) -> None:
    """Make the key that opens the backups, once, as a page to print; the hub itself keeps no copy of it."""
    settings = read_settings_or_exit()
    recipient = backup.recipient_file(settings.data_dir.absolute())
    if recipient.exists() and not new:
        exit_with_error(f"there is a key already: its sheet opens the backups; --new makes another ({recipient})")
    if sheet.exists():
        exit_with_error(f"{sheet} is there already: name a file that is not")
    made = sealed_files.make_key()
    try:
        secret_files.folder_of(settings.data_dir.absolute())
        replace_private(sheet, render_key_sheet(made.secret, made.recipient, clock_from(settings.clock_file).now()))
        secret_files.write_secret(recipient, f"{made.recipient}\n")
    except OSError as error:
        exit_with_error(f"{error.filename}: should be a file that this account can write ({error.strerror})")
    print_line(f"Print {sheet} twice, keep the sheets in two places, and delete the file: the hub has no copy of it.")


def restore_file(
    file: Annotated[Path, typer.Argument(help="The backup, such as /mnt/backup/anling-20261201T020000Z.age.")],
    key_file: Annotated[Path | None, typer.Option(help="A file with the key; without it, it is asked for.")] = None,
) -> None:
    """Make an empty data folder the installation that a backup holds; then ./anling run starts it."""
    settings = read_settings_or_exit()
    if settings.database_url is not None:
        exit_with_error("ANLING_DATABASE_URL names a database of yours: restore it with its server's own tools")
    secret = _read_key(key_file)
    now = clock_from(settings.clock_file).now()
    try:
        restored = asyncio.run(restore_installation(file.absolute(), secret, settings.data_dir.absolute(), now))
    except psycopg.OperationalError as error:
        exit_with_error(describe_outage(error))
    except (AlreadyRunning, CannotRestore, MigrationRefused, NoDataFolder, OSError, PostgresRefused) as error:
        exit_with_error(str(error))
    _show_restored(settings, restored)


def _show_restored(settings: Settings, restored: Restored) -> None:
    print_line(f"{settings.data_dir} is as it was at {restored.until.astimezone():%Y-%m-%d %H:%M}.")
    if restored.unusable:
        print_line(f"Changes from {restored.unusable} on could not be read and are missing.")
    print_line(f"{restored.withdrawn} messages that waited then are not sent; open alarms go on from now.")
    print_line("Everybody signs in again; ./anling invite WHO makes links for families and staff without a password.")
    print_line(
        "Passwords, consents and devices that were changed or revoked since then are as they were: look at them."
    )
    print_line(f"Settings were: {restored.settings_file}. Never start the old machine again. Then: ./anling run")


def _read_where(to: Path | None) -> tuple[Settings, Path]:
    settings = read_settings_or_exit()
    folder = to or settings.backup_dir
    if folder is None:
        exit_with_error("where to? Set ANLING_BACKUP_DIR to a folder on another disk, or give --to FOLDER")
    return settings, folder.absolute()


def _read_key(file: Path | None) -> str:
    if file is None:
        typed: str = typer.prompt("AGE-SECRET-KEY", hide_input=True)
        return typed
    try:
        written = _KEY.search(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        exit_with_error(f"{file} cannot be read: {error}")
    return "" if written is None else written[0]


def _do_or_notice(settings: Settings, do: Callable[[datetime], Awaitable[Outcome]]) -> Outcome:
    """Do it. That it failed is a notice until one succeeds, and that it was restored until it has a backup again."""
    now = clock_from(settings.clock_file).now()

    async def run() -> Outcome:
        return await do(now)

    try:
        done = asyncio.run(run())
    except psycopg.OperationalError as error:
        _note_outcome(settings, now, "database")
        exit_with_error(describe_outage(error))
    except _FAILURES as error:
        _note_outcome(settings, now, type(error).__name__)
        exit_with_error(str(error))
    _note_outcome(settings, now, None)
    return done


def _note_outcome(settings: Settings, now: datetime, reason: str | None) -> None:
    """Raise or clear the notices; where the database is down too, the terminal and the log say it alone."""
    try:
        asyncio.run(_write_notices(settings, now, reason))
    except (psycopg.OperationalError, AlreadyRunning, MigrationRefused, NoDataFolder, OSError, PostgresRefused):
        if os.isatty(2):
            print_line("The board could not be told of it: the database does not answer.")


async def _write_notices(settings: Settings, now: datetime, reason: str | None) -> None:
    async with (
        importing.database_of(settings.data_dir.absolute(), settings.database_url) as url,
        Database.open(url, size=1, name="anling backup") as database,
        database.transaction() as conn,
    ):
        centre_id = await find_centre(conn)
        if centre_id is None:
            return
        if reason is None:
            for code in (NoticeCode.BACKUP_FAILED, NoticeCode.RESTORED):
                await notices.clear_notice(conn, centre_id, code, "hub", now)
            return
        failed = Raised(centre_id, NoticeCode.BACKUP_FAILED, "hub", params={"reason": reason})
        await notices.raise_notice(conn, failed, now)
