"""How is everything that the hub keeps written to another disk? One encrypted file, and then its changes."""

import asyncio
import fcntl
import json
import logging
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import TypeAdapter, ValidationError

from hub.embedded import backup_files, data_folder, postgres, sealed_files
from hub.embedded.backup_files import BackupFile
from hub.embedded.environment import hub_environment
from hub.settings import PREFIX, Settings

log = logging.getLogger(__name__)

FORMAT: Final = "anling-backup/1"
_COPY_WITHIN: Final = 3600.0  # seconds
_UNFINISHED: Final = "backup-unfinished"


class CannotBackUp(Exception):
    """No backup could be made; one line says why and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `first_segment` is the first WAL segment that its own copy needs."""

    format: str
    made_at: datetime
    first_segment: str


MANIFEST = TypeAdapter(Manifest)


def recipient_file(data_dir: Path) -> Path:
    """What backups are encrypted to; it opens none of them."""
    return data_dir / "secrets" / "backup-recipient"


async def back_up(settings: Settings, folder: Path, now: datetime) -> BackupFile:
    """Write database, secrets, settings and rules into a new file in `folder`, and delete what is not kept any more.

    Raises CannotBackUp, PostgresRefused, AlreadyRunning, OSError, psycopg.OperationalError.
    """
    recipient = _read_recipient(settings)
    _make_folder(folder)
    async with _lock_backups(settings.data_dir.absolute()):
        return await _back_up_alone(settings, folder, recipient, now)


async def _back_up_alone(settings: Settings, folder: Path, recipient: str, now: datetime) -> BackupFile:
    data_dir = settings.data_dir.absolute()
    backup = backup_files.name_backup(folder, now)
    work = data_dir / _UNFINISHED
    shutil.rmtree(work, ignore_errors=True)
    try:
        with data_folder.open_data_folder(data_dir, needed_bytes=2 * _size_of(data_dir / "database" / "cluster")):
            work.mkdir(mode=0o700)
            async with _open_superuser(data_dir) as url:
                await _copy_cluster(url, work)
            manifest = Manifest(FORMAT, backup.made_at, _first_segment(work / "cluster"))
            (work / "manifest.json").write_bytes(MANIFEST.dump_json(manifest))
            (work / "settings.env").write_text(_describe_settings(settings), "utf-8")
            parts = _parts_of(settings, data_dir, work)
            await asyncio.to_thread(sealed_files.seal_files, parts, backup.file, recipient)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    backup.changes.mkdir(mode=0o700, exist_ok=True)
    (backup.changes / "first-segment").write_text(f"{manifest.first_segment}\n", "ascii")
    _delete_old(folder)
    return backup


async def back_up_changes(settings: Settings, folder: Path) -> int | None:
    """Add the database's changes since the newest backup to it; how many segments, None when a new one is needed.

    Raises CannotBackUp, OSError, psycopg.OperationalError.
    """
    recipient = _read_recipient(settings)
    async with _lock_backups(settings.data_dir.absolute()):
        return await _add_changes(settings.data_dir.absolute(), folder, recipient)


async def _add_changes(data_dir: Path, folder: Path, recipient: str) -> int | None:
    backups = backup_files.list_backups(folder)
    url = postgres.superuser_url_of_running(data_dir / "database")
    if not backups or url is None:
        return None
    first_file = backups[-1].changes / "first-segment"
    if not first_file.exists():
        return None
    current = await asyncio.to_thread(_switch_segment, url)
    there = {file.name for file in (data_dir / "database" / "cluster" / "pg_wal").iterdir()}
    kept = {file.stem for file in backups[-1].changes.glob("*.age")}
    wanted = first_file.read_text("ascii").strip()
    while wanted in kept:
        wanted = backup_files.next_segment(wanted)
    if wanted[:8] != current[:8] or wanted not in there:
        return None
    new = [name for name in backup_files.list_following(wanted, there) if name < current]
    for name in new:
        content = await asyncio.to_thread((data_dir / "database" / "cluster" / "pg_wal" / name).read_bytes)
        file = backups[-1].changes / f"{name}.age"
        await asyncio.to_thread(sealed_files.seal_bytes, content, file, recipient)
    return len(new)


def _read_recipient(settings: Settings) -> str:
    if settings.database_url is not None:
        raise CannotBackUp(
            "ANLING_DATABASE_URL names a database of yours: back it up with its server's own tools (pg_basebackup and "
            "an archive of WAL), and the folder secrets of the data folder with it"
        )
    file = recipient_file(settings.data_dir.absolute())
    if not file.exists():
        raise CannotBackUp("there is no key yet: run ./anling backup-key, print the sheet, and keep it elsewhere")
    return file.read_text("ascii").strip()


def _make_folder(folder: Path) -> None:
    """The folder for backups. It is made only where its own parent is: a disk that is not there is not replaced."""
    if not folder.parent.is_dir():
        raise CannotBackUp(f"{folder}: is the disk connected? {folder.parent} is not there")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CannotBackUp(f"{folder}: should be a folder that this account can write ({error.strerror})") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise CannotBackUp(f"{folder}: should be a folder that this account can write")


@asynccontextmanager
async def _lock_backups(data_dir: Path) -> AsyncIterator[None]:
    """One backup at a time: whoever comes second, the night's or a person's, waits for the first."""
    descriptor = os.open(data_dir / ".backup-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def _open_superuser(data_dir: Path) -> AsyncIterator[str]:
    """The superuser's URL of the own database: of the one that runs, or of one that runs just for this."""
    running = await asyncio.to_thread(postgres.superuser_url_of_running, data_dir / "database")
    if running is not None:
        yield running
        return
    if not (data_dir / "database" / "cluster").is_dir():
        raise CannotBackUp(f"there is nothing to back up in {data_dir}: is ANLING_DATA_DIR that of the hub?")
    async with postgres.run_postgres(data_dir / "database") as url:
        yield url


async def _copy_cluster(url: str, work: Path) -> None:
    """A consistent copy of the whole database in `work`/cluster, checked against its own manifest."""
    parts = conninfo_to_dict(url)
    status, said = await postgres.run_program(
        postgres.find_program("pg_basebackup"),
        *("--pgdata", work / "cluster", "--format", "plain", "--wal-method", "stream", "--checkpoint", "fast"),
        *("--host", str(parts["host"]), "--port", str(parts["port"])),
        *("--username", str(parts["user"]), "--no-password"),
        cwd=work,
        password=str(parts["password"]),
        within=_COPY_WITHIN,
    )
    if status:
        raise CannotBackUp(f"the database could not be copied: {said.splitlines()[-1] if said else status}")


def _first_segment(cluster: Path) -> str:
    """From `backup_label`: `START WAL LOCATION: 0/2000028 (file 000000010000000000000002)`."""
    label = (cluster / "backup_label").read_text("utf-8")
    return label.split("(file ", 1)[1].split(")", 1)[0]


def _describe_settings(settings: Settings) -> str:
    """The variables that are set, as lines for a person: they are compared after a restore, and not set by it."""
    told = {name: value for name, value in hub_environment(settings).items() if name.startswith(PREFIX)}
    return "".join(f"{name}={value}\n" for name, value in sorted(told.items()))


def _parts_of(settings: Settings, data_dir: Path, work: Path) -> Sequence[tuple[str, Path]]:
    parts = [(name, work / name) for name in ("manifest.json", "settings.env", "cluster")]
    parts += [("secrets", data_dir / "secrets"), ("superuser-password", data_dir / "database" / "superuser-password")]
    others = {"rules-in-force.json": settings.kept_rules, "rules": settings.rules_dir}
    return [*parts, *((name, path) for name, path in others.items() if path is not None and path.exists())]


def _switch_segment(url: str) -> str:
    """Let the database begin a new segment where the current one holds anything; gives the name of the current one."""
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as conn:
        conn.execute("SELECT pg_switch_wal()")
        row = conn.execute("SELECT pg_walfile_name(pg_current_wal_lsn())").fetchone()
    if row is None:
        raise CannotBackUp("the database does not say which segment it writes")
    return str(row[0])


def _delete_old(folder: Path) -> None:
    backups = backup_files.list_backups(folder)
    for old in set(backups) - backup_files.choose_kept(backups):
        old.file.unlink(missing_ok=True)
        shutil.rmtree(old.changes, ignore_errors=True)


def _size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else 0


def read_manifest(file: Path) -> Manifest:
    """Raises sealed_files.DamagedBackup for what is no backup of this format."""
    try:
        manifest = MANIFEST.validate_json(file.read_bytes())
    except (OSError, ValidationError, json.JSONDecodeError) as error:
        raise sealed_files.DamagedBackup("it is no backup of Anling") from error
    if manifest.format != FORMAT:
        raise sealed_files.DamagedBackup(f"it has the format {manifest.format}, and this version reads {FORMAT}")
    return manifest
