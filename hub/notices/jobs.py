"""Does what is due: each job in a transaction of its own; one that raises is parked, and the next one goes on."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, NoReturn, TypeAlias

from hub.kit.changes import Changes
from hub.kit.clock import BothClocks, Clock, measure_clock_step
from hub.kit.db import Conn, Database
from hub.kit.due_jobs import DueJob, delete_due_job, follow_clock
from hub.kit.every import Housekeeping
from hub.ledger.edit import TIME, Edit
from hub.notices import parking, store
from hub.notices.parking import PolledRow

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
        self._both: BothClocks | None = None

    async def run(self, housekeeping: Housekeeping, *, tick: float = _TICK) -> NoReturn:
        """Look every `tick` seconds, and whenever a job is set, until cancelled."""

        async def turn() -> None:
            await heard.next_within(tick)
            await self.do_due()

        with self._changes.subscribe("due_job") as heard:
            await housekeeping.every(_REST, turn, "due-jobs")

    async def do_due(self) -> None:
        """Do everything that is due now. Raises psycopg.OperationalError while the database is down."""
        await self._follow_clock()
        while await self._do_next():
            pass

    async def _follow_clock(self) -> None:
        before, both, now = self._both, self._clock.both(), self._clock.now()
        was_set = None if before is None else measure_clock_step(before, both) is not None
        async with self._database.transaction() as conn:
            await follow_clock(conn, now, was_set=was_set)
        self._both = both

    async def _do_next(self) -> bool:
        """Do the job that is due longest; False when none is."""
        async with self._database.transaction() as conn:
            now = self._clock.now()
            job = await store.lock_due_job(conn, now)
            if job is None:
                return False
            row = PolledRow("due-job", job.id, job.centre_id)
            await parking.run_or_park(conn, row, lambda: self._do_job(conn, job, row, now), now)
            return True

    async def _do_job(self, conn: Conn, job: DueJob, row: PolledRow, now: datetime) -> None:
        editing = Edit(conn, TIME, now)
        await self._works[job.kind](editing, job.subject)
        await delete_due_job(conn, job)
        if job.was_parked:
            await parking.unpark_row(conn, row, now)
        await editing.append_entries()
