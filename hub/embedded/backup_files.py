"""How are backups named, which of them are kept, and when is the next one due?"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"anling-(\d{8}T\d{6})Z\.age")
_SEGMENT: Final = re.compile(r"[0-9A-F]{24}")
_SEGMENTS_OF_A_LOG: Final = 256  # of 16 MB, PostgreSQL's default
_DAILY: Final = 7
_WEEKLY: Final = 4
_NIGHT: Final = range(2, 5)
"""Hours of the building's own time in which few are there."""
LONGEST_AGE: Final = timedelta(hours=26)
"""An older newest backup is stale: a night has passed without one."""


@dataclass(frozen=True, slots=True, order=True)
class BackupFile:
    """A backup of everything, made at this moment; the changes after it are in a folder beside it."""

    made_at: datetime
    file: Path

    @property
    def changes(self) -> Path:
        """The folder of the database's changes (WAL segments) since this backup."""
        return self.file.with_suffix(".wal")


def name_backup(folder: Path, made_at: datetime) -> BackupFile:
    """The file for a backup that is made at `made_at`."""
    second = made_at.astimezone(UTC).replace(microsecond=0)
    return BackupFile(second, folder / f"anling-{second:%Y%m%dT%H%M%S}Z.age")


def parse_backup_name(file: Path) -> BackupFile | None:
    """What a file's name says; None when it is no backup of ours."""
    match = _NAME.fullmatch(file.name)
    if match is None:
        return None
    try:
        return BackupFile(datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC), file)
    except ValueError:
        return None


def list_backups(folder: Path) -> list[BackupFile]:
    """The backups in a folder, the oldest first; what is unfinished is none."""
    return sorted(one for file in folder.glob("anling-*.age") if (one := parse_backup_name(file)) is not None)


def choose_kept(backups: Collection[BackupFile]) -> set[BackupFile]:
    """The newest seven, and of the newest four weeks that have any, the last one each."""
    newest = sorted(backups, reverse=True)
    by_week = {one.made_at.isocalendar()[:2]: one for one in sorted(backups)}
    weekly = [by_week[week] for week in sorted(by_week, reverse=True)[:_WEEKLY]]
    return {*newest[:_DAILY], *weekly}


def is_backup_due(newest: datetime | None, now: datetime, hour: int) -> bool:
    """Whether a backup of everything is to be made; `hour` is that of the building's clock.

    Each night, at once where there is none or none since last night, and where the newest is of a time to come.
    """
    if newest is None or newest > now:
        return True
    age = now - newest
    return age >= LONGEST_AGE or (hour in _NIGHT and age >= timedelta(hours=12))


def is_segment(name: str) -> bool:
    """Whether a file of `pg_wal` is a segment."""
    return _SEGMENT.fullmatch(name) is not None


def next_segment(name: str) -> str:
    """The segment that follows on the same timeline."""
    number = int(name[8:16], 16) * _SEGMENTS_OF_A_LOG + int(name[16:], 16) + 1
    return f"{name[:8]}{number // _SEGMENTS_OF_A_LOG:08X}{number % _SEGMENTS_OF_A_LOG:08X}"


def list_following(first: str, there: Collection[str]) -> list[str]:
    """`first` and what follows it without a gap, as far as it is there."""
    found, name = [], first
    while name in there:
        found.append(name)
        name = next_segment(name)
    return found
