"""Backups: their names, which are kept, when the next is due, and what opens them."""

import io
import os
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.embedded import sealed_files
from hub.embedded.backup_files import (
    BackupFile,
    choose_kept,
    is_backup_due,
    list_backups,
    list_following,
    name_backup,
    next_segment,
    parse_backup_name,
)
from hub.embedded.key_sheet import render_key_sheet
from hub.embedded.sealed_files import DamagedBackup, WrongKey

NIGHT = datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
MOMENTS = st.lists(st.integers(0, 400), min_size=1, unique=True).map(
    lambda days: [name_backup(Path("/b"), NIGHT - timedelta(days=one)) for one in days]
)


def test_a_backup_is_named_by_its_moment_and_what_is_unfinished_is_none(tmp_path: Path) -> None:
    made = name_backup(tmp_path, NIGHT)
    for name in (made.file.name, f".{made.file.name}.unfinished", "anling-20261399T000000Z.age", "other.age"):
        (tmp_path / name).touch()

    assert list_backups(tmp_path) == [made]
    assert made.file.name == "anling-20261201T023000Z.age"
    assert made.changes == tmp_path / "anling-20261201T023000Z.wal"
    assert parse_backup_name(Path("anling-20261399T000000Z.age")) is None


@given(MOMENTS)
def test_the_newest_is_always_kept_with_a_week_of_days_and_a_month_of_weeks(backups: list[BackupFile]) -> None:
    kept = choose_kept(backups)

    assert set(sorted(backups)[-7:]) <= kept <= set(backups)
    assert len(kept) <= 11


@pytest.mark.parametrize(
    ("age_hours", "hour", "due"),
    [(None, 12, True), (1, 3, False), (13, 3, True), (13, 12, False), (26, 12, True), (-1, 12, True)],
)
def test_a_backup_is_due_at_night_and_at_once_when_a_night_passed_without(
    age_hours: int | None, hour: int, *, due: bool
) -> None:
    newest = None if age_hours is None else NIGHT - timedelta(hours=age_hours)

    assert is_backup_due(newest, NIGHT, hour) is due


def test_segments_follow_each_other_without_a_gap() -> None:
    assert next_segment("0000000100000000000000FF") == "000000010000000100000000"
    there = {"000000010000000000000002", "000000010000000000000003", "000000010000000000000005"}
    assert list_following("000000010000000000000002", there) == sorted(there)[:2]
    assert list_following("000000010000000000000001", there) == []


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[Path, str]:
    """A backup's file of some size, and its key."""
    key, folder = sealed_files.make_key(), tmp_path / "cluster"
    folder.mkdir()
    (folder / "base").write_bytes(os.urandom(400_000))
    file = tmp_path / "b.age"
    sealed_files.seal_files([("cluster", folder)], file, key.recipient)
    return file, key.secret


def test_what_was_sealed_is_opened_with_its_key_for_this_account_alone(
    sealed: tuple[Path, str], tmp_path: Path
) -> None:
    file, secret = sealed
    opened = tmp_path / "opened"
    opened.mkdir()

    sealed_files.open_files(file, f" {secret}\n", opened)

    assert (opened / "cluster" / "base").read_bytes() == (tmp_path / "cluster" / "base").read_bytes()
    assert (opened / "cluster").stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o600
    assert secret.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    "secret", ["", "age1nonsense", sealed_files.make_key().secret], ids=["none", "no key", "another"]
)
def test_another_key_opens_nothing(sealed: tuple[Path, str], tmp_path: Path, secret: str) -> None:
    with pytest.raises(WrongKey):
        sealed_files.open_files(sealed[0], secret, tmp_path / "opened")


@pytest.mark.parametrize("at", [0, 1, 100, 70_000, 131_300, -1000, -1])
def test_a_file_that_is_cut_off_is_damaged(sealed: tuple[Path, str], tmp_path: Path, at: int) -> None:
    file, secret = sealed
    file.write_bytes(file.read_bytes()[:at])

    with pytest.raises(DamagedBackup):
        sealed_files.open_files(file, secret, tmp_path / "opened")


@pytest.mark.parametrize("at", [0, 300, 100_000, -1])
def test_a_file_of_which_one_bit_was_changed_is_damaged(sealed: tuple[Path, str], tmp_path: Path, at: int) -> None:
    file, secret = sealed
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)

    with pytest.raises(DamagedBackup):
        sealed_files.open_files(file, secret, tmp_path / "opened")


def test_a_made_up_backup_writes_nothing_outside_its_folder(tmp_path: Path) -> None:
    key, packed = sealed_files.make_key(), io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../outside"), io.BytesIO())
    file = tmp_path / "s.age"
    sealed_files.seal_bytes(packed.getvalue(), file, key.recipient)

    with pytest.raises(DamagedBackup):
        sealed_files.open_files(file, key.secret, tmp_path / "opened")

    assert not (tmp_path / "outside").exists()


def test_what_cannot_be_packed_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sealed_files.seal_files([("x", tmp_path / "nothing")], tmp_path / "b.age", sealed_files.make_key().recipient)

    assert list(tmp_path.iterdir()) == []


def test_a_segment_is_opened_with_its_key_and_damaged_without_its_end(tmp_path: Path) -> None:
    key = sealed_files.make_key()
    file = tmp_path / "s.age"
    sealed_files.seal_bytes(b"changes" * 1000, file, key.recipient)

    assert sealed_files.open_bytes(file, key.secret) == b"changes" * 1000
    with pytest.raises(WrongKey):
        sealed_files.open_bytes(file, sealed_files.make_key().secret)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DamagedBackup):
        sealed_files.open_bytes(file, key.secret)


def test_the_sheet_has_the_key_as_text_and_as_a_picture_in_both_languages() -> None:
    key = sealed_files.make_key()

    page = render_key_sheet(key.secret, key.recipient, NIGHT)

    assert page.count(key.secret) == 1
    assert "<svg" in page
    assert "安铃备份密钥" in page
    assert "To restore" in page
