"""What time it is. The only place that asks the machine; everything else is given a clock."""

import math
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, Protocol, TypeAlias

if sys.platform == "linux":
    _ALSO_ASLEEP: Final = time.CLOCK_BOOTTIME  # its CLOCK_MONOTONIC stands still while the machine sleeps
else:
    _ALSO_ASLEEP: Final = time.CLOCK_MONOTONIC  # macOS: goes on while it sleeps

MAY_PART_BY: Final = timedelta(seconds=2)
_AT_ONE_MOMENT: Final = 0.1  # seconds; a process that was stopped between two looks saw two moments


@dataclass(frozen=True, slots=True)
class BothClocks:
    """What the machine's two clocks said at one moment.

    `wall` is the one that people and time servers set, `running_seconds` the one that nobody sets and that goes on
    while the machine sleeps. `boot` names the start of the machine since which the latter runs; "" where nobody knows.
    """

    wall: datetime
    running_seconds: float
    boot: str = ""

    def is_comparable_to(self, other: "BothClocks") -> bool:
        """Whether both were read between the same start of the machine and its end."""
        return self.boot != "" and self.boot == other.boot and math.isfinite(other.running_seconds)


def measure_clock_step(before: BothClocks, now: BothClocks) -> timedelta | None:
    """How far the wall clock was set forward (or, negative, back) between two looks; None while within 2 s.

    A machine that slept, and a hub that was not looked after, has waited: nothing was set.
    """
    by = now.wall - before.wall - timedelta(seconds=now.running_seconds - before.running_seconds)
    return by if abs(by) > MAY_PART_BY else None


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The wall clock was set forward or, negative, back; `since` is the first moment it can have shown after that.

    `wrong_from`: what it showed at the start, when it is known to have been behind then: what is older was told under
    the right time. None: whatever was told before is of the clock as it was.
    """

    by: timedelta
    since: datetime
    wrong_from: datetime | None = None

    @property
    def told_before(self) -> datetime | None:
        """Times told before this are of the clock as it was; None: they cannot be told apart, all are taken for it."""
        return self.since if self.by > timedelta() else None


ReadClock: TypeAlias = Callable[[], datetime]
"""Says what time it is, when it is asked: of a Clock, its `now`."""


class Clock(Protocol):
    """Wall time for what people read, monotonic time for how long something took."""

    def now(self) -> datetime:
        """The wall time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    def both(self) -> BothClocks:
        """The machine's own clocks, which no test winds: whether somebody set the one by the other."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def both(self) -> BothClocks:
        return _read_both_clocks()


class FileClock:
    """The machine's clock, moved by the seconds that a file holds.

    A test winds every process of a centre by writing one file (`ANLING_CLOCK_FILE`). A missing or unreadable file
    moves nothing. Winding moves the monotonic time too: a centre that slept for an hour has waited an hour. It sets
    neither of the machine's `both` clocks. A second number in the file sets the wall clock alone, as a time server
    does or a start without a battery: `0 -1020` is 17 minutes behind, `0 0` is set right. A third word says that the
    machine was started anew since the word was another: `0 -1020 monday`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written_ns = -1
        self._passed = 0.0
        self._set = 0.0
        self._boot = ""

    def now(self) -> datetime:
        self._read()
        return datetime.now(UTC) + timedelta(seconds=self._passed + self._set)

    def monotonic(self) -> float:
        self._read()
        return time.monotonic() + self._passed

    def both(self) -> BothClocks:
        self._read()
        machine = _read_both_clocks()
        return replace(machine, wall=machine.wall + timedelta(seconds=self._set), boot=machine.boot + self._boot)

    def _read(self) -> None:
        with suppress(OSError, ValueError):
            written_ns = self._path.stat().st_mtime_ns
            if written_ns != self._written_ns:
                passed, wall, boot = _fill_in_words(self._path.read_text().split())
                self._passed, self._set, self._boot, self._written_ns = float(passed), float(wall), boot, written_ns


class SetClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._monotonic = 1000.0
        self._boots = 1

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def both(self) -> BothClocks:
        return BothClocks(self._now, self._monotonic, f"boot {self._boots}")

    def reboot(self) -> None:
        """Let the machine be started anew: its monotonic time begins again."""
        self._boots += 1
        self._monotonic = 1.0

    def advance(self, by: timedelta) -> None:
        """Let `by` pass."""
        self._now += by
        self._monotonic += by.total_seconds()

    def set_wall(self, by: timedelta) -> None:
        """Let somebody set the wall clock `by` forward or back, while no time passes."""
        self._now += by


def clock_from(file: Path | None) -> Clock:
    """The clock of this process: the machine's, or the one that `file` winds."""
    return FileClock(file) if file else SystemClock()


def _read_both_clocks() -> BothClocks:
    while True:
        first = time.clock_gettime(_ALSO_ASLEEP)
        wall = datetime.now(UTC)
        if time.clock_gettime(_ALSO_ASLEEP) - first < _AT_ONE_MOMENT:
            return BothClocks(wall, first, _read_boot_id())


@cache
def _read_boot_id() -> str:
    """What Linux calls this start of the machine; "" where the system has no such name."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return ""


def _fill_in_words(words: list[str]) -> tuple[str, str, str]:
    passed, wall, boot = [*words[:3], *("0", "0", "")[len(words) :]]
    return passed, wall, boot
