"""Lets time do what it must to rules: asks what follows from waiting, and moves what waits with the clock."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

import psycopg

from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.clock import Clock
from hub.kit.clock_readings import ClockSteps
from hub.kit.db import WORLD_IS_DOWN, Conn, Database
from hub.kit.heartbeats import Process
from hub.notices.parking import PolledRow, RowWork, process_next_row
from hub.rules import findings
from hub.rules.service import Rules

log = logging.getLogger(__name__)

_TICK: Final = 0.5
"""Seconds between two looks; a test may wind the clock at any moment."""

LOOK_WITHIN_SECONDS: Final = 10.0
"""Longer than any lock or connection is waited for."""


class RulesWatch:
    """The loop that asks the rules what follows from waiting, in the process that hears readings."""

    def __init__(self, database: Database, clock: Clock, rules: Rules, *, hears: Callable[[], bool]) -> None:
        """`hears` says whether devices can reach this process now: their silence counts only while they could."""
        self._database = database
        self._clock = clock
        self._rules = rules
        self._hears = hears
        self._heard_until: datetime | None = None
        self._is_blind = False
        self._steps = ClockSteps(clock, Process.TELEMETRY)
        self._has_begun = False

    async def run(self) -> None:
        """Process what is due every half second until cancelled; while the database is down, retry."""
        while True:
            try:
                await self.process_due()
            except (psycopg.OperationalError, TimeoutError) as error:
                why = f"{type(error).__name__} {error}".strip()
                log.error("rules that wait cannot be evaluated (%s): retry in %s s", why, _TICK)
            await asyncio.sleep(_TICK)

    async def process_due(self) -> None:
        """Hand over what follows from waiting until now.

        When somebody set the wall clock since the last look, what waits is moved first. What a rule remembers and
        raises is parked and noticed. Raises psycopg.OperationalError while the database is down, TimeoutError when it
        is not done in ten seconds.
        """
        self._is_blind |= not self._hears()
        try:
            async with asyncio.timeout(LOOK_WITHIN_SECONDS):
                await run_in_bulkhead("following the clock for the rules", self._follow_clock, expected=WORLD_IS_DOWN)
                await self._evaluate_due()
        except (psycopg.OperationalError, TimeoutError):
            self._is_blind = True  # what devices say cannot be kept either
            raise

    async def _follow_clock(self) -> None:
        """In the first round, start the rules; shift what another clock made; limit each wait to its length."""
        async with self._database.transaction() as conn:
            now = self._clock.now()
            clock_set = await self._steps.measure(conn)
            if clock_set is not None:
                await self._rules.shift_waits(conn, clock_set)
            if not self._has_begun:  # what was missed since this was last heard counts against no device
                await self._rules.start(conn, now)
            await self._rules.limit_waits(conn, now)
        self._has_begun = True
        self._steps.settle()
        if clock_set is not None and self._heard_until is not None:
            self._heard_until += clock_set.by

    async def _evaluate_due(self) -> None:
        """All rules that wait in one transaction; one after the other when that raises."""
        asked = await run_in_bulkhead("the rules that wait", self._evaluate_all, expected=WORLD_IS_DOWN)
        if isinstance(asked, Defect):
            await run_in_bulkhead("the rules that wait, one by one", self._evaluate_one_by_one, expected=WORLD_IS_DOWN)

    async def _evaluate_all(self) -> None:
        async with self._database.transaction() as conn:
            now = self._clock.now()
            if self._is_blind and self._heard_until is not None:
                await self._rules.add_blind_interval(conn, self._heard_until, now)
            await findings.dispatch_findings(conn, await self._rules.evaluate_due(conn, now), now)
        self._heard_until, self._is_blind = now, False

    async def _evaluate_one_by_one(self) -> None:
        while await process_next_row(self._database, self._take_memory, self._clock.now):
            pass

    async def _take_memory(self, conn: Conn, now: datetime) -> RowWork | None:
        """Lock one memory of a rule that is due, to let it fire; None when none is due."""
        due = await self._rules.lock_due(conn, now, 1)
        if not due:
            return None
        memory = due[0]

        async def fire() -> None:
            await findings.dispatch_findings(conn, await self._rules.waited_out(conn, due, now), now)

        row = PolledRow("rule-memory", f"{memory.rule_id} {memory.key}", memory.centre_id)
        return RowWork(row, fire, has_failed=True)
