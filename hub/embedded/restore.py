"""How does a backup become an installation again, on an empty machine, and what must not be sent as if it were new?"""

import asyncio
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg

from hub.access import accounts
from hub.centre.service import find_centre
from hub.embedded import backup_files, data_folder, logins, postgres, sealed_files
from hub.embedded.backup import read_manifest
from hub.embedded.sealed_files import DamagedBackup, WrongKey
from hub.kit.db import Database
from hub.kit.ids import CentreId
from hub.ledger.edit import RESTORE, Edit, open_edit
from hub.ledger.model import Chain
from hub.notices import service as notices
from hub.notices.model import NoticeCode, Raised
from hub.notifications import service as notifications

_NEEDED_BYTES: Final = 1_000_000_000
_UNFINISHED: Final = "restore-unfinished"
_RECOVERED_WITHIN: Final = 600.0  # seconds


class CannotRestore(Exception):
    """Nothing was restored; one line says why and what to do."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: until when, with how many segments of changes, and what is not used of them."""

    until: datetime
    segments: int
    unusable: str | None
    withdrawn: int
    settings_file: Path


async def restore_installation(file: Path, secret: str, data_dir: Path, now: datetime) -> Restored:
    """Make the data folder `data_dir`, which is empty or not there, from a backup and the changes beside it.

    Raises CannotRestore, NoDataFolder, PostgresRefused, OSError; the data folder is as it was then.
    """
    _refuse_used_folder(data_dir)
    if not file.is_file():
        raise CannotRestore(f"{file}: there is no such file; backups are called anling-DATE.age")
    work = data_dir / _UNFINISHED
    with data_folder.open_data_folder(data_dir, needed_bytes=_NEEDED_BYTES):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        try:
            return await _restore_into(file, secret, data_dir, work, now)
        except BaseException:
            for name in ("database", "secrets"):
                shutil.rmtree(data_dir / name, ignore_errors=True)
            raise
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _refuse_used_folder(data_dir: Path) -> None:
    for name in ("database", "secrets"):
        if (data_dir / name).exists():
            raise CannotRestore(
                f"{data_dir} is in use (it has {name}), and a restore overwrites nothing: "
                "set ANLING_DATA_DIR to a new folder"
            )


async def _restore_into(file: Path, secret: str, data_dir: Path, work: Path, now: datetime) -> Restored:
    await asyncio.to_thread(_unpack_backup, file, secret, work)
    manifest = read_manifest(work / "manifest.json")
    await _verify_copy(work)
    segments, unusable = await asyncio.to_thread(_unpack_changes, file, secret, manifest.first_segment, work / "wal")
    database = data_dir / "database"
    database.mkdir(mode=0o700)
    (work / "cluster").rename(database / "cluster")
    (work / "superuser-password").rename(database / "superuser-password")
    (work / "secrets").rename(data_dir / "secrets")
    if segments:
        _recover_from(work / "wal", database / "cluster")
    async with postgres.run_postgres(database) as url:
        await _wait_until_recovered(url)
        last_change = await asyncio.to_thread(_end_recovery, url)
        until = manifest.made_at if last_change is None else max(manifest.made_at, last_change)
        await logins.set_up(url, data_dir)
        withdrawn = await _note_restore(url, until, now)
    for name in ("rules-in-force.json", "rules", "settings.env"):
        if (work / name).exists():
            (work / name).rename(data_dir / ("restored-rules" if name == "rules" else name))
    return Restored(until, segments, unusable, withdrawn, data_dir / "settings.env")


def _unpack_backup(file: Path, secret: str, work: Path) -> None:
    try:
        sealed_files.open_files(file, secret, work)
    except WrongKey as error:
        raise CannotRestore(
            f"{file}: this key does not open it ({error}): take the sheet that was printed for this hub before "
            f"{file.name}, and copy the whole line AGE-SECRET-KEY-1…"
        ) from error
    except DamagedBackup as error:
        raise CannotRestore(_describe_damage(file, error)) from error


def _describe_damage(file: Path, error: Exception) -> str:
    return f"{file} is cut off or was altered ({error}): copy it again, or take the backup of the day before"


async def _verify_copy(work: Path) -> None:
    if not (work / "cluster" / "PG_VERSION").exists():
        raise CannotRestore(_describe_damage(work, DamagedBackup("it holds no database")))
    status, said = await postgres.run_program(
        *(postgres.find_program("pg_verifybackup"), "--no-parse-wal", "--exit-on-error", work / "cluster"),
        cwd=work,
        within=_RECOVERED_WITHIN,
    )
    if status:
        raise CannotRestore(_describe_damage(work, DamagedBackup(said.splitlines()[-1] if said else str(status))))


def _unpack_changes(file: Path, secret: str, first: str, folder: Path) -> tuple[int, str | None]:
    """The segments that follow the backup, up to the first that is missing or damaged; how many, and which is."""
    folder.mkdir(mode=0o700)
    changes = file.with_suffix(".wal")
    there = {one.stem for one in changes.glob("*.age")} if changes.is_dir() else set()
    for number, name in enumerate(backup_files.list_following(first, there)):
        try:
            (folder / name).write_bytes(sealed_files.open_bytes(changes / f"{name}.age", secret))
        except (WrongKey, DamagedBackup):
            return number, name
    return len(list(folder.iterdir())), None


def _recover_from(segments: Path, cluster: Path) -> None:
    """Let the server read these segments at its start, to their end."""
    source = str(segments.resolve()).replace("'", "''").replace("%", "%%")
    with (cluster / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write(f'restore_command = \'cp "{source}/%f" "%p"\'\n')
    (cluster / "recovery.signal").touch()


async def _wait_until_recovered(url: str) -> None:
    """PostgreSQL tells nobody that it has recovered: it is asked."""
    async with asyncio.timeout(_RECOVERED_WITHIN):
        while await asyncio.to_thread(_is_recovering, url):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def _is_recovering(url: str) -> bool:
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute("SELECT pg_is_in_recovery()").fetchone()
    return row is not None and bool(row[0])


def _end_recovery(url: str) -> datetime | None:
    """Forget where the changes were read from; gives when the last of them was committed, if there was any."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("ALTER SYSTEM RESET restore_command")
        row = conn.execute("SELECT pg_last_xact_replay_timestamp()").fetchone()
    return None if row is None else row[0]


async def _note_restore(url: str, until: datetime, now: datetime) -> int:
    """Withdraw what waited, end sessions and links, and say that it was restored; gives how many were withdrawn."""
    async with (
        Database.open(url, size=1, name="anling restore") as database,
        open_edit(database, RESTORE, now) as edit,
    ):
        centre_id = await find_centre(edit.conn)
        if centre_id is None:
            return 0
        withdrawn = await notifications.withdraw_after_restore(edit.conn, now)
        await accounts.end_all_sign_ins(edit, centre_id)
        await _say_restored(edit, centre_id, until, withdrawn)
    return withdrawn


async def _say_restored(edit: Edit, centre_id: CentreId, until: datetime, withdrawn: int) -> None:
    at = until.isoformat(timespec="minutes")
    await notices.raise_notice(edit.conn, Raised(centre_id, NoticeCode.RESTORED, "hub", params={"until": at}), edit.now)
    edit.note_entry(centre_id, Chain.CARE, "hub.restored", until=at, withdrawn=withdrawn)
