"""Lets time do what it must: timers that are due, rules that wait, and phones that took a message at last."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import psycopg

from hub.alarms import service
from hub.kit.changes import Changes
from hub.kit.clock import Clock, ClockSet, parted
from hub.kit.db import Conn, Database
from hub.rules.service import Rules

log = logging.getLogger(__name__)

_TICK: Final = 0.5
"""Seconds between two looks when nothing calls; a test may wind the clock at any moment."""
_REST: Final = 0.05
"""Seconds after a call before it looks: no timer is that near, and the messages of a new alarm go out first."""

LOOK_WITHIN_SECONDS: Final = 10.0
"""Longer than any lock or connection is waited for. What a look has done by then is committed, alarm by alarm."""


class Watch:
    """The one loop that is never late for an alarm."""

    def __init__(
        self,
        database: Database,
        changes: Changes,
        clock: Clock,
        rules: Rules,
        *,
        hears: Callable[[], bool] = lambda: True,
    ) -> None:
        """`hears` says whether devices can reach the hub now: their silence counts only while they could."""
        self._database = database
        self._changes = changes
        self._clock = clock
        self._rules = rules
        self._hears = hears
        self._heard_until: datetime | None = None
        self._is_deaf = False
        self._both = clock.both()

    async def run(self) -> None:
        """Look until cancelled: at once when a timer or a notification changed, and every half second.

        While the database is away, or a look does not come to its end, it is tried again every half second; what was
        due meanwhile is done in due order, each alarm's missed tiers as one step.
        """
        with self._changes.subscribe("alarm_timer", "notification") as heard:
            while True:
                try:
                    await self.look()
                except (psycopg.OperationalError, TimeoutError) as error:
                    why = f"{type(error).__name__} {error}".strip()
                    log.error("alarms cannot be watched (%s): trying again in %s s", why, _TICK)
                try:
                    async with asyncio.timeout(_TICK):
                        await heard.next()
                except TimeoutError:
                    continue
                await asyncio.sleep(_REST)
                heard.waiting()

    async def look(self) -> None:
        """Do everything that is due now: each alarm in a transaction of its own, then the rules that wait.

        When somebody set the wall clock since the last look, what waits is moved first. Raises
        psycopg.OperationalError while the database is away, TimeoutError when it is not done in ten seconds.
        """
        self._is_deaf |= not self._hears()
        try:
            async with asyncio.timeout(LOOK_WITHIN_SECONDS):
                await self._follow_clock()
                await self._while_there_is(lambda conn: service.fire_due(conn, self._clock.now()))
                await self._while_there_is(lambda conn: service.note_reached(conn, self._clock.now()))
                await self._ask_rules()
        except (psycopg.OperationalError, TimeoutError):
            self._is_deaf = True  # what devices say cannot be kept either
            raise

    async def _follow_clock(self) -> None:
        both, now = self._clock.both(), self._clock.now()
        by = parted(self._both, both)
        if by is not None:
            passed = timedelta(seconds=both.running_seconds - self._both.running_seconds)
            async with self._database.transaction() as conn:
                await service.clock_was_set(conn, self._rules, ClockSet(by, since=now - passed), now)
            log.warning("the wall clock was set by %d s: everything that waits was moved with it", by.total_seconds())
            if self._heard_until is not None:
                self._heard_until += by
        self._both = both

    async def _ask_rules(self) -> None:
        async with self._database.transaction() as conn:
            now = self._clock.now()
            if self._is_deaf and self._heard_until is not None:
                await self._rules.could_not_hear(conn, self._heard_until, now)
            findings = await self._rules.due(conn, now)
            if findings:
                await service.conclude(conn, findings, now)
        self._heard_until, self._is_deaf = now, False

    async def _while_there_is(self, do_one: Callable[[Conn], Awaitable[bool]]) -> None:
        while True:
            async with self._database.transaction() as conn:
                if not await do_one(conn):
                    return
