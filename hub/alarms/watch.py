"""Lets time do what it must to alarms: timers that are due, and phones that took a message at last."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Final

import psycopg

from hub.alarms import clock_steps, last_resort
from hub.alarms.service import take_alarm_of_disabled_owner, take_due_timer, take_reached_alarm
from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.changes import Changes
from hub.kit.clock import Clock
from hub.kit.clock_readings import ClockSteps
from hub.kit.db import CONTENDED, WORLD_IS_DOWN, Conn, Database
from hub.kit.heartbeats import Process
from hub.notices.parking import BusyRows, RowWork, TakeRow, process_next_row
from hub.notices.reports import TaskReports
from hub.notifications import service as notifications

log = logging.getLogger(__name__)

_TICK: Final = 0.5
"""Seconds between two looks when nothing calls; a test may wind the clock at any moment."""
_REST: Final = 0.05
"""Seconds after a call before it looks: no timer is that near, and the messages of a new alarm go out first."""

LOOK_WITHIN_SECONDS: Final = 10.0
"""Longer than any lock or connection is waited for. What a look has done by then is committed, alarm by alarm."""


class AlarmWatch:
    """The one loop that is never late for an alarm."""

    def __init__(self, database: Database, changes: Changes, clock: Clock) -> None:
        self._database = database
        self._changes = changes
        self._clock = clock
        self._steps = ClockSteps(clock, Process.ALARM_PATH)
        self._is_clock_judged = False
        self._are_links_limited = False
        self._busy = BusyRows(clock.monotonic)
        self._report = TaskReports(database, clock).report
        self._failing: dict[str, str] = {}  # what each part of a look raised last; "" when it worked

    async def run(self) -> None:
        """Look until cancelled: every half second, and at once when a timer or account changed or a channel took a
        message.

        While the database is down, or a round is not done in time, it is retried every half second; what was
        due meanwhile is done in due order, each alarm's missed tiers as one step.
        """
        with self._changes.subscribe("alarm_timer", "notification_taken", "account") as heard:
            while True:
                try:
                    await self.process_due()
                except (psycopg.OperationalError, TimeoutError) as error:
                    why = f"{type(error).__name__} {error}".strip()
                    log.error("alarms cannot be watched (%s): trying again in %s s", why, _TICK)
                if await heard.next_within(_TICK):
                    await asyncio.sleep(_REST)
                    heard.waiting()

    async def process_due(self) -> None:
        """Do everything that is due now, each alarm in a transaction of its own.

        When somebody set the wall clock since the last look, what waits is moved first. An alarm that raises is parked
        and noticed; a defect in one of these steps does not stop the next. Raises psycopg.OperationalError while the
        database is down, TimeoutError when it is not done in ten seconds.
        """
        async with asyncio.timeout(LOOK_WITHIN_SECONDS):
            await self._step("judging the clock", self._judge_clock)
            await self._step("following the clock", self._follow_clock)
            await self._step("limiting what waits", self._limit_waits)
            await self._step("the alarms of who is disabled", partial(self._process_all, take_alarm_of_disabled_owner))
            await self._step("the timers that are due", self._fire_due_timers)
            await self._step("the alarms that reached somebody", partial(self._process_all, take_reached_alarm))
            await self._step("the alarms that are parked", self._notify_parked)

    async def _step(self, what: str, work: Callable[[], Awaitable[object]]) -> None:
        """One part of a look: a defect in it is noticed until it works again, and the next part goes on."""
        outcome = await run_in_bulkhead(what, work, expected=WORLD_IS_DOWN)
        defect = outcome if isinstance(outcome, Defect) else None
        error = "" if defect is None else defect.error
        if self._failing.get(what) != error:  # at the first look too: a notice of an earlier process may stand
            report = partial(self._report, f"alarms: {what}", defect)
            reported = await run_in_bulkhead(f"the report about {what}", report, expected=WORLD_IS_DOWN)
            if not isinstance(reported, Defect):
                self._failing[what] = error

    async def _process_all(self, take: TakeRow) -> None:
        while await process_next_row(self._database, take, self._clock.now):
            pass

    async def _fire_due_timers(self) -> None:
        """Alarms whose locks are not given are left out for a moment: the next ones do not wait behind them."""
        while True:
            taken: list[RowWork] = []

            async def take(conn: Conn, now: datetime, into: list[RowWork] = taken) -> RowWork | None:
                work = await take_due_timer(conn, now, self._busy.ids())
                into.extend([] if work is None else [work])
                return work

            try:
                if not await process_next_row(self._database, take, self._clock.now):
                    return
            except CONTENDED as error:
                if not taken:
                    raise
                log.warning("alarm %s waits for a lock: %s", taken[0].row.id, type(error).__name__)
                self._busy.leave_out(taken[0].row.id)

    async def _notify_parked(self) -> None:
        while await last_resort.notify_next_parked_alarm(self._database, self._clock.now()):
            pass

    async def _judge_clock(self) -> None:
        """Once, at the start: whether the clock can be right."""
        if self._is_clock_judged:
            return
        async with self._database.transaction() as conn:
            await clock_steps.judge_clock(conn, self._steps.started_at, self._clock.now())
        self._is_clock_judged = True

    async def _follow_clock(self) -> None:
        """Shift what was made under a time that was wrong."""
        async with self._database.transaction() as conn:
            clock_set = await self._steps.measure(conn)
            if clock_set is not None:
                await clock_steps.adjust_waits_to_clock(conn, clock_set, self._clock.now())
        self._steps.settle()
        if clock_set is not None:
            by = clock_set.by.total_seconds()
            log.warning("the wall clock was set by %d s: what was made before was moved with it", by)

    async def _limit_waits(self) -> None:
        """Limit each wait to its full length from now."""
        async with self._database.transaction() as conn:
            now = self._clock.now()
            await clock_steps.clamp_waits(conn, now)
            await clock_steps.end_doubt_when_reached(conn, now)
            if not self._are_links_limited:
                await notifications.clamp_links(conn, now)
        self._are_links_limited = True
