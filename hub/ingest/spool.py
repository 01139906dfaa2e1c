"""Where is a press kept while the database cannot commit? In a file of its own, synced before its sender is answered.

The file is preallocated, so that a full disk takes no place from it, and lies outside the database's folder.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from hub.ingest.spool_records import ALIGNMENT, encode_record, number_records, read_records
from hub.mqtt.model import Inbound

FILE_NAME: Final = "alarm-lane.spool"
SPOOL_BYTES: Final = 16 * 1024 * 1024
"""Some 30,000 presses, or 700 of the largest packets."""


class SpoolFull(Exception):
    """There is no room for more: what does not fit stays unanswered, and its device repeats it."""


@dataclass(slots=True)
class Spool:
    """The file of the alarm lane, open for this process alone. `waiting` is what stood in it when it was opened."""

    waiting: Sequence[Inbound]
    _descriptor: int
    _size: int
    _end: int
    _next: int
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def open(cls, folder: Path, size: int = SPOOL_BYTES) -> Self:
        """Open the file or make it, and read what it holds. Raises OSError, also when the disk is full."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
            os.fsync(descriptor)
            _sync_folder(folder)
            records = read_records(os.pread(descriptor, size, 0))
        except BaseException:
            os.close(descriptor)
            raise
        end = sum(len(encode_record(record)) for record in records)
        # Numbers of microseconds: higher than whatever an earlier run has left in the file.
        following = records[-1].seq + 1 if records else time.time_ns() // 1000
        return cls([record.inbound for record in records], descriptor, size, end, following)

    async def append(self, messages: Sequence[tuple[str, Inbound]]) -> None:
        """Write messages with their devices, and sync. Raises SpoolFull, and OSError when the disk fails."""
        async with self._writing:
            records = number_records(messages, self._next)
            content = b"".join(map(encode_record, records))
            if self._end + len(content) + ALIGNMENT > self._size:
                raise SpoolFull(f"the spool of {self._size} bytes is full")
            # The zeros behind end the records: what an earlier run left there is committed.
            await asyncio.to_thread(self._write, content + bytes(ALIGNMENT), self._end)
            self._end += len(content)
            self._next += len(records)

    async def clear(self) -> None:
        """All of it is committed: the file begins anew. Raises OSError."""
        async with self._writing:
            await asyncio.to_thread(self._write, bytes(ALIGNMENT), 0)
            self._end = 0

    def close(self) -> None:
        """Close the file; what it holds stays."""
        os.close(self._descriptor)

    def _write(self, content: bytes, at: int) -> None:
        written = 0
        while written < len(content):
            written += os.pwrite(self._descriptor, content[written:], at + written)
        os.fdatasync(self._descriptor)


def _sync_folder(folder: Path) -> None:
    """Make the file's name in its folder as durable as the file."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
