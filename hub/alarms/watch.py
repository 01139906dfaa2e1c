"""Lets time do what it must to alarms: timers that are due, and phones that took a message at last."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import psycopg

from hub.alarms import clock_steps, service
from hub.kit.bulkhead import run_in_bulkhead
from hub.kit.changes import Changes
from hub.kit.clock import MAY_PART_BY, Clock, ClockSet, measure_clock_step
from hub.kit.db import WORLD_IS_DOWN, Conn, Database

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
        self._both = clock.both()
        self._started_at = clock.now()
        self._is_clock_judged = False
        self._newest: datetime | None = None  # what the clock has to reach, while it is behind since the start

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
            await run_in_bulkhead("following the clock", self._follow_clock, expected=WORLD_IS_DOWN)
            await run_in_bulkhead(
                "the alarms of who is disabled",
                lambda: self._while_there_is(service.reopen_alarm_of_disabled_owner),
                expected=WORLD_IS_DOWN,
            )
            await run_in_bulkhead(
                "the timers that are due",
                lambda: self._while_there_is(service.fire_due_timer),
                expected=WORLD_IS_DOWN,
            )
            await run_in_bulkhead(
                "the alarms that reached somebody",
                lambda: self._while_there_is(service.clear_unreachable_flag),
                expected=WORLD_IS_DOWN,
            )

    async def _follow_clock(self) -> None:
        """Judge the clock at the start; shift what was made under a wrong time; limit each wait to its length."""
        is_first = not self._is_clock_judged
        if is_first:
            await self._judge_clock()
        both, now = self._clock.both(), self._clock.now()
        by = measure_clock_step(self._both, both)
        if by is not None:
            since = now - timedelta(seconds=both.running_seconds - self._both.running_seconds)
            await self._adjust_waits(ClockSet(by, since, self._wrong_from(since, is_first=is_first)), now)
        self._both = both
        async with self._database.transaction() as conn:
            await clock_steps.clamp_waits(conn, now)
            if self._newest is not None and now >= self._newest:
                await clock_steps.clear_clock_behind(conn, now)
                self._newest = None

    async def _judge_clock(self) -> None:
        """Whether the clock was behind the newest row when the hub started; noticed, or cleared."""
        async with self._database.transaction() as conn:
            newest = await clock_steps.find_newest_row_time(conn)
            now = self._clock.now()
            if newest is not None and newest - self._started_at > MAY_PART_BY:
                await clock_steps.notice_clock_behind(conn, newest, now)
                self._newest = newest
                log.error("the clock is %d s before the newest row: is it wrong?", (newest - now).total_seconds())
            else:
                await clock_steps.clear_clock_behind(conn, now)
        self._is_clock_judged = True

    def _wrong_from(self, since: datetime, *, is_first: bool) -> datetime | None:
        """From when on the time was wrong; at the first look nothing has been brought near, and nothing is moved."""
        if self._newest is None:
            return None
        return since if is_first else self._started_at

    async def _adjust_waits(self, clock_set: ClockSet, now: datetime) -> None:
        async with self._database.transaction() as conn:
            await clock_steps.adjust_waits_to_clock(conn, clock_set, now)
        by = clock_set.by.total_seconds()
        log.warning("the wall clock was set by %d s: what was made before was moved with it", by)

    async def _while_there_is(self, do_one: Callable[[Conn, datetime], Awaitable[bool]]) -> None:
        while True:
            async with self._database.transaction() as conn:
                if not await do_one(conn, self._clock.now()):
                    return
