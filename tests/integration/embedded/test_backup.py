"""Backup and restore with a real PostgreSQL, without a hub: what is refused, in which words, and what is left."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from hub.embedded import backup, logins, postgres, sealed_files
from hub.embedded.backup import CannotBackUp
from hub.embedded.restore import CannotRestore, restore_installation
from hub.settings import Settings
from tests.fakes.folders import quick_folder

NOW = datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
KEY = sealed_files.make_key()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A backup of an installation without a centre, with the changes of two moments after it."""
    with quick_folder(tmp_path_factory, "backup") as folder:
        asyncio.run(make_backup(folder))
        (file,) = (folder / "disk").glob("*.age")
        yield file


async def make_backup(folder: Path) -> None:
    settings = Settings(data_dir=folder / "data")
    async with postgres.run_postgres(folder / "data" / "database") as url:
        await logins.set_up(url, folder / "data")
        backup.recipient_file(folder / "data").write_text(KEY.recipient, "ascii")
        write_note(url, "before")
        await backup.back_up(settings, folder / "disk", NOW)
        for note, added in (("one", 2), ("two", 1)):  # the first time with the segment that the backup itself is in
            write_note(url, note)
            assert await backup.back_up_changes(settings, folder / "disk") == added


def write_note(url: str, note: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS noted (note text)")
        conn.execute("INSERT INTO noted VALUES (%s)", (note,))


async def notes_of(data_dir: Path) -> list[str]:
    async with postgres.run_postgres(data_dir / "database") as url:
        with psycopg.connect(url) as conn:
            return [str(note) for (note,) in conn.execute("SELECT note FROM noted ORDER BY ctid").fetchall()]


def copied(file: Path, to: Path) -> Path:
    """The backup with its changes, copied to another disk."""
    to.mkdir()
    shutil.copytree(file.with_suffix(".wal"), to / file.with_suffix(".wal").name)
    return Path(shutil.copy(file, to))


async def test_a_restore_has_the_backup_and_each_change_after_it(made: Path, tmp_path: Path) -> None:
    restored = await restore_installation(made, KEY.secret, tmp_path / "data", NOW)

    assert (restored.segments, restored.unusable) == (3, None)
    assert await notes_of(tmp_path / "data") == ["before", "one", "two"]
    assert (tmp_path / "data" / "secrets").stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "data" / "restore-unfinished").exists()


async def test_a_damaged_change_ends_what_is_restored_and_is_said(made: Path, tmp_path: Path) -> None:
    file = copied(made, tmp_path / "disk")
    last = max(file.with_suffix(".wal").glob("*.age"))
    last.write_bytes(last.read_bytes()[:-10])

    restored = await restore_installation(file, KEY.secret, tmp_path / "data", NOW)

    assert (restored.segments, restored.unusable) == (2, last.stem)
    assert await notes_of(tmp_path / "data") == ["before", "one"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [("cut", "cut off or was altered"), ("altered", "cut off or was altered"), ("other", "cut off or was altered")],
)
async def test_a_file_that_is_no_whole_backup_is_refused_and_leaves_nothing(
    made: Path, tmp_path: Path, spoil: str, said: str
) -> None:
    file = copied(made, tmp_path / "disk")
    content = file.read_bytes()
    middle = len(content) // 2
    file.write_bytes(
        {
            "cut": content[:middle],
            "altered": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "other": b"PK" + content,
        }[spoil]
    )

    with pytest.raises(CannotRestore, match=said):
        await restore_installation(file, KEY.secret, tmp_path / "data", NOW)

    assert list((tmp_path / "data").iterdir()) == []


async def test_another_key_is_refused_with_what_to_do(made: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotRestore, match="take the sheet that was printed"):
        await restore_installation(made, sealed_files.make_key().secret, tmp_path / "data", NOW)

    assert list((tmp_path / "data").iterdir()) == []


async def test_a_folder_in_use_is_not_touched(made: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "secrets").mkdir(parents=True)
    (tmp_path / "data" / "secrets" / "mine").touch()

    with pytest.raises(CannotRestore, match="a restore overwrites nothing"):
        await restore_installation(made, KEY.secret, tmp_path / "data", NOW)

    assert (tmp_path / "data" / "secrets" / "mine").exists()


async def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotRestore, match="there is no such file"):
        await restore_installation(tmp_path / "anling-x.age", KEY.secret, tmp_path / "data", NOW)


async def test_what_cannot_be_backed_up_is_said_with_what_to_do(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    with pytest.raises(CannotBackUp, match="there is no key yet"):
        await backup.back_up(settings, tmp_path / "disk", NOW)
    assert not (tmp_path / "data").exists()
    (tmp_path / "data" / "secrets").mkdir(parents=True)
    backup.recipient_file(tmp_path / "data").write_text(KEY.recipient, "ascii")
    with pytest.raises(CannotBackUp, match="is the disk connected"):
        await backup.back_up(settings, tmp_path / "gone" / "disk", NOW)
    with pytest.raises(CannotBackUp, match="there is nothing to back up"):
        await backup.back_up(settings, tmp_path / "disk", NOW)
    theirs = settings.model_copy(update={"database_url": "postgresql://db/anling"})
    with pytest.raises(CannotBackUp, match="its server's own tools"):
        await backup.back_up(theirs, tmp_path / "disk", NOW)

    assert list((tmp_path / "disk").iterdir()) == []
    assert await asyncio.to_thread(lambda: list(tmp_path.rglob("backup-unfinished"))) == []
