"""By how much was the wall clock set, also between two starts? And is it in doubt, so that nothing is deleted by it?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from psycopg.rows import class_row

from hub.kit.clock import BothClocks, Clock, ClockSet, measure_clock_step
from hub.kit.db import Conn

_STORE_EVERY_SECONDS: Final = 10.0


class ClockSteps:
    """Measures how the wall clock of the machine is set, for one process; what the process saw last is a row.

    `measure` in the transaction that moves what waits, and `settle` after its commit: each step is moved by once, also
    when the process dies in between.
    """

    def __init__(self, clock: Clock, process: str) -> None:
        self._clock = clock
        self._process = process
        self._at_start = clock.both()
        self._started_at = clock.now()
        self._before: BothClocks | None = None
        self._stored_seconds = 0.0
        self._pending: _Look | None = None
        self._began_with_machine = True

    @property
    def started_at(self) -> datetime:
        """What the wall clock showed when the process started."""
        return self._started_at

    @property
    def is_first_after_boot(self) -> bool:
        """Whether `measure` has just looked for the first time, and knows nothing of how the clock was before."""
        return self._before is None and self._began_with_machine

    async def measure(self, conn: Conn) -> ClockSet | None:
        """How the clock was set since the last look, or since the last one of the process before this; None if not."""
        both, now = self._clock.both(), self._clock.now()
        before, is_first = self._before, self._before is None
        if before is None:
            stored = await _read_reading(conn, self._process)
            is_known = stored is not None and both.is_comparable_to(stored)
            self._began_with_machine = not is_known
            before = stored if stored is not None and is_known else self._at_start
        by = measure_clock_step(before, both)
        stores = by is not None or is_first or both.running_seconds - self._stored_seconds >= _STORE_EVERY_SECONDS
        if stores:
            await _write_reading(conn, self._process, both)
        self._pending = _Look(both, stores=stores, had_step=by is not None)
        if by is None:
            return None
        since = now - timedelta(seconds=both.running_seconds - before.running_seconds)
        return ClockSet(by, since, self._find_wrong_from(since, is_first=is_first))

    def settle(self) -> None:
        """What `measure` found is committed."""
        if self._pending is None:
            return
        self._before = self._pending.both
        if self._pending.stores:
            self._stored_seconds = self._pending.both.running_seconds
        if self._pending.had_step:
            self._began_with_machine = False  # from now on everything that waits is of this clock
        self._pending = None

    def _find_wrong_from(self, since: datetime, *, is_first: bool) -> datetime | None:
        """What is older was made before this start of the machine, by a clock of which this step says nothing."""
        if not self._began_with_machine:
            return None
        return since if is_first else self._started_at


@dataclass(frozen=True, slots=True)
class _Look:
    both: BothClocks
    stores: bool
    had_step: bool


class Doubt(StrEnum):
    """Why nobody knows what time it is."""

    BEHIND = "behind"
    """The clock shows a time before the newest row."""
    AHEAD = "ahead"
    """The clock is so far after everything that is known that it may be wrong."""


@dataclass(frozen=True, slots=True)
class ClockDoubt:
    """`newest`: the last time that is known to have been; the clock was `ahead_by` of it, negative when behind."""

    doubt: str
    newest: datetime
    ahead_by: timedelta


async def find_clock_doubt(conn: Conn) -> ClockDoubt | None:
    """Why the clock is in doubt; None while it is not."""
    async with conn.cursor(row_factory=class_row(ClockDoubt)) as cursor:
        await cursor.execute("SELECT doubt, newest, ahead_by FROM clock_doubt")
        return await cursor.fetchone()


async def set_clock_doubt(conn: Conn, doubt: ClockDoubt) -> None:
    """The clock is in doubt from now on."""
    await conn.execute(
        """
        INSERT INTO clock_doubt (doubt, newest, ahead_by) VALUES (%(doubt)s, %(newest)s, %(ahead_by)s)
            ON CONFLICT (one_row) DO UPDATE
           SET doubt = excluded.doubt, newest = excluded.newest, ahead_by = excluded.ahead_by
        """,
        {"doubt": doubt.doubt, "newest": doubt.newest, "ahead_by": doubt.ahead_by},
    )


async def end_clock_doubt(conn: Conn) -> None:
    """The clock is right."""
    await conn.execute("DELETE FROM clock_doubt")


async def _read_reading(conn: Conn, process: str) -> BothClocks | None:
    async with conn.cursor(row_factory=class_row(BothClocks)) as cursor:
        await cursor.execute(
            "SELECT wall, running_seconds, boot FROM clock_reading WHERE process = %(process)s", {"process": process}
        )
        return await cursor.fetchone()


async def _write_reading(conn: Conn, process: str, both: BothClocks) -> None:
    await conn.execute(
        """
        INSERT INTO clock_reading (process, boot, wall, running_seconds)
        VALUES (%(process)s, %(boot)s, %(wall)s, %(running_seconds)s)
            ON CONFLICT (process) DO UPDATE
           SET boot = excluded.boot, wall = excluded.wall, running_seconds = excluded.running_seconds
        """,
        {"process": process, "boot": both.boot, "wall": both.wall, "running_seconds": both.running_seconds},
    )
