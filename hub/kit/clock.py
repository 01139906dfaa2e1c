"""What time it is. The only place that asks the machine; everything else is given a clock."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Wall time for what people read, monotonic time for how long something took."""

    def now(self) -> datetime:
        """The wall time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class FileClock:
    """The machine's clock, moved by the seconds that a file holds.

    A test winds every process of a centre by writing one file (`ANLING_CLOCK_FILE`). A missing or unreadable file
    moves nothing. Winding moves the monotonic time too: a centre that slept for an hour has waited an hour.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written_ns = -1
        self._offset = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._seconds())

    def monotonic(self) -> float:
        return time.monotonic() + self._seconds()

    def _seconds(self) -> float:
        try:
            written_ns = self._path.stat().st_mtime_ns
            if written_ns != self._written_ns:
                self._offset = float(self._path.read_text() or 0)
                self._written_ns = written_ns
        except (OSError, ValueError):
            return self._offset
        return self._offset


class SetClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        """Let `by` pass."""
        self._now += by
        self._monotonic += by.total_seconds()


def clock_from(file: Path | None) -> Clock:
    """The clock of this process: the machine's, or the one that `file` winds."""
    return FileClock(file) if file else SystemClock()
