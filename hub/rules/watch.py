"""Lets time do what it must to rules: asks what follows from waiting, and moves what waits with the clock."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import psycopg

from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.clock import MAY_PART_BY, Clock, ClockSet, measure_clock_step
from hub.kit.db import WORLD_IS_DOWN, Conn, Database
from hub.notices import parking
from hub.notices.parking import PolledRow
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
        self._both = clock.both()
        self._started_at = clock.now()
        self._has_begun = False
        self._newest: datetime | None = None  # what the clock has to reach, while it is behind since the start

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
        is_first = not self._has_begun
        if is_first:
            await self._start_rules()
        both, now = self._clock.both(), self._clock.now()
        by = measure_clock_step(self._both, both)
        if by is not None:
            since = now - timedelta(seconds=both.running_seconds - self._both.running_seconds)
            wrong_from = None if self._newest is None else since if is_first else self._started_at
            await self._shift_waits(ClockSet(by, since, wrong_from))
        self._both = both
        async with self._database.transaction() as conn:
            await self._rules.limit_waits(conn, now)
        if self._newest is not None and now >= self._newest:
            self._newest = None

    async def _start_rules(self) -> None:
        """What was missed since this was last heard counts against no device; the clock may be behind that time."""
        async with self._database.transaction() as conn:
            heard_until = await self._rules.start(conn, self._clock.now())
        if heard_until is not None and heard_until - self._started_at > MAY_PART_BY:
            self._newest = heard_until
        self._has_begun = True

    async def _shift_waits(self, clock_set: ClockSet) -> None:
        async with self._database.transaction() as conn:
            await self._rules.shift_waits(conn, clock_set)
        if self._heard_until is not None:
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
        while True:
            async with self._database.transaction() as conn:
                if not await self._ask_one(conn, self._clock.now()):
                    return

    async def _ask_one(self, conn: Conn, now: datetime) -> bool:
        """Let one memory of a rule that is due fire; parked when it raises. False when none is due."""
        due = await self._rules.lock_due(conn, now, 1)
        if not due:
            return False
        memory = due[0]

        async def fire() -> None:
            await findings.dispatch_findings(conn, await self._rules.waited_out(conn, due, now), now)

        row = PolledRow("rule-memory", f"{memory.rule_id} {memory.key}", memory.centre_id)
        await parking.run_or_park(conn, row, fire, now)
        return True
