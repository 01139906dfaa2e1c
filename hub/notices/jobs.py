"""Does what is due: each job in a transaction of its own; one that raises is parked, and the next one goes on."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, NoReturn, TypeAlias

from hub.access.clock_steps import adjust_access_to_clock, clamp_access
from hub.kit.changes import Changes
from hub.kit.clock import Clock, ClockSet
from hub.kit.clock_readings import ClockSteps, Doubt, find_clock_doubt
from hub.kit.db import Conn, Database
from hub.kit.due_jobs import DueJob, delete_due_job, follow_clock
from hub.kit.every import Housekeeping
from hub.ledger.edit import TIME, Edit
from hub.notices import parking, store
from hub.notices.parking import PolledRow, RowWork

_TICK: Final = 0.5
"""Seconds between two looks when no job is set; what ends at a time ends within a second."""
_REST: Final = 0.05
"""Seconds between two turns: a batch of jobs that are set one after the other is one look."""

JobWork: TypeAlias = Callable[[Edit, str], Awaitable[object]]
"""Does the work of one kind of job on the row of this id; its changes and its ledger entries are one transaction."""


class DueJobs:
    """The loop that does what is due. `works` has the work of each kind."""

    def __init__(self, database: Database, changes: Changes, clock: Clock, works: Mapping[str, JobWork]) -> None:
        self._database = database
        self._changes = changes
        self._clock = clock
        self._works = works
        self._steps = ClockSteps(clock, "pages")
        self._is_clamped = False

    async def run(self, housekeeping: Housekeeping, *, tick: float = _TICK) -> NoReturn:
        """Look every `tick` seconds, and whenever a job is set, until cancelled."""

        async def turn() -> None:
            await heard.next_within(tick)
            await self.do_due()

        with self._changes.subscribe("due_job") as heard:
            await housekeeping.every(_REST, turn, "due-jobs")

    async def do_due(self) -> None:
        """Do everything that is due now. Raises psycopg.OperationalError while the database is down."""
        if not await self._follow_clock():
            return
        while await self._do_next():
            pass

    async def _follow_clock(self) -> bool:
        """Move what waits with the clock; whether what is due may be done now.

        Jobs wait for the calendar, and undo what people decided: a clock that is in doubt for being ahead does none.
        """
        async with self._database.transaction() as conn:
            now = self._clock.now()
            clock_set = await self._steps.measure(conn)
            was_set = None if clock_set is None and self._steps.is_first_after_boot else clock_set is not None
            await follow_clock(conn, now, was_set=was_set)
            await self._adjust(conn, clock_set, now)
            doubt = await find_clock_doubt(conn)
        self._steps.settle()
        return doubt is None or doubt.doubt != Doubt.AHEAD

    async def _adjust(self, conn: Conn, clock_set: ClockSet | None, now: datetime) -> None:
        if clock_set is not None:
            await adjust_access_to_clock(conn, clock_set)
        if not self._is_clamped:
            await clamp_access(conn, now)
        self._is_clamped = True

    async def _do_next(self) -> bool:
        """Do the job that is due longest; False when none is."""
        return await parking.process_next_row(self._database, self._take_job, self._clock.now)

    async def _take_job(self, conn: Conn, now: datetime) -> RowWork | None:
        job = await store.lock_due_job(conn, now)
        if job is None:
            return None
        row = PolledRow("due-job", job.id, job.centre_id)
        return RowWork(row, lambda: self._do_job(conn, job, now), has_failed=job.was_parked)

    async def _do_job(self, conn: Conn, job: DueJob, now: datetime) -> None:
        editing = Edit(conn, TIME, now)
        await self._works[job.kind](editing, job.subject)
        await delete_due_job(conn, job)
        await editing.append_entries()
