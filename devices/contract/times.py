"""What time is it at the device side?

A device has two clocks: the wall clock, which may be wrong or jump, and a monotonic one that never does.
Everything under `devices` and `simulators` asks one of these and nothing else.
"""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class DeviceClock(Protocol):
    """Both clocks of one device."""

    def now(self) -> datetime:
        """The wall clock: an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment of this boot; never goes back."""
        ...


class DeviceSystemClock:
    """The clocks of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the device side's one place that reads the wall clock

    def monotonic(self) -> float:
        return time.monotonic()


class DeviceFileClock:
    """The machine's clocks, both wound by the seconds written in a file; no file moves nothing.

    A press that a button has kept while its centre was wound by an hour is an hour old.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_mtime_ns: int | None = None
        self._moved = timedelta()
        self._system = DeviceSystemClock()

    def now(self) -> datetime:
        return self._system.now() + self._shift()

    def monotonic(self) -> float:
        return self._system.monotonic() + self._shift().total_seconds()

    def _shift(self) -> timedelta:
        try:
            written = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return timedelta()
        if written != self._read_mtime_ns:
            numbers = self._path.read_text().split()  # a second one sets the wall clock of the hub's machine alone
            self._moved = timedelta(seconds=float(numbers[0])) if numbers else timedelta()
            self._read_mtime_ns = written
        return self._moved


class DeviceSetClock:
    """A clock that stands still until somebody winds it."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, by: timedelta) -> None:
        """Let `by` pass on both clocks."""
        self._now += by
        self._monotonic += by.total_seconds()

    def jump(self, by: timedelta) -> None:
        """Set the wall clock only, as somebody who corrects it does."""
        self._now += by


def clock_of(environment: Mapping[str, str] = os.environ) -> DeviceClock:
    """The clock this process was told to use: `ANLING_CLOCK_FILE` moves it, otherwise the machine's."""
    path = environment.get("ANLING_CLOCK_FILE")
    return DeviceFileClock(Path(path)) if path else DeviceSystemClock()
