"""Lets time do what it must: timers that are due, rules that wait, and phones that took a message at last."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import psycopg

from hub.alarms import service, waits
from hub.kit.bulkhead import Defect, contain
from hub.kit.changes import Changes
from hub.kit.clock import MAY_PART_BY, Clock, ClockSet, parted
from hub.kit.db import Conn, Database
from hub.notices import parking
from hub.notices.parking import PolledRow
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
        self._started_at = clock.now()
        self._is_clock_judged = False
        self._newest: datetime | None = None  # what the clock has to reach, while it is behind since the start

    async def run(self) -> None:
        """Look until cancelled: at once when a timer, a notification or an account changed, and every half second.

        While the database is away, or a look does not come to its end, it is tried again every half second; what was
        due meanwhile is done in due order, each alarm's missed tiers as one step.
        """
        with self._changes.subscribe("alarm_timer", "notification", "account") as heard:
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

        When somebody set the wall clock since the last look, what waits is moved first. An alarm, or what a rule
        remembers, that raises is parked and noticed; a defect in one of these steps does not stop the next. Raises
        psycopg.OperationalError while the database is away, TimeoutError when it is not done in ten seconds.
        """
        self._is_deaf |= not self._hears()
        try:
            async with asyncio.timeout(LOOK_WITHIN_SECONDS):
                await contain("following the clock", self._follow_clock)
                await contain("the alarms of who is disabled", lambda: self._while_there_is(service.reopen_disowned))
                await contain("the timers that are due", lambda: self._while_there_is(service.fire_due))
                await contain("the alarms that reached somebody", lambda: self._while_there_is(service.note_reached))
                await self._ask_rules()
        except (psycopg.OperationalError, TimeoutError):
            self._is_deaf = True  # what devices say cannot be kept either
            raise

    async def _follow_clock(self) -> None:
        """Judge the clock at the start; move what was made under a time that was wrong; bring near what is far."""
        is_first = not self._is_clock_judged
        if is_first:
            await self._judge_clock()
        both, now = self._clock.both(), self._clock.now()
        by = parted(self._both, both)
        if by is not None:
            since = now - timedelta(seconds=both.running_seconds - self._both.running_seconds)
            await self._move(ClockSet(by, since, self._wrong_from(since, is_first=is_first)), now)
        self._both = both
        async with self._database.transaction() as conn:
            await waits.bring_near(conn, self._rules, now)
            if self._newest is not None and now >= self._newest:
                await waits.clock_has_caught_up(conn, now)
                self._newest = None

    async def _judge_clock(self) -> None:
        """Whether the clock was behind the newest row when the hub started; noticed, or cleared."""
        async with self._database.transaction() as conn:
            newest = await waits.newest_row_at(conn)
            now = self._clock.now()
            if newest is not None and newest - self._started_at > MAY_PART_BY:
                await waits.clock_is_behind(conn, newest, now)
                self._newest = newest
                log.error("the clock is %d s before the newest row: is it wrong?", (newest - now).total_seconds())
            else:
                await waits.clock_has_caught_up(conn, now)
        self._is_clock_judged = True

    def _wrong_from(self, since: datetime, *, is_first: bool) -> datetime | None:
        """From when on the time was wrong; at the first look nothing has been brought near, and nothing is moved."""
        if self._newest is None:
            return None
        return since if is_first else self._started_at

    async def _move(self, clock_set: ClockSet, now: datetime) -> None:
        async with self._database.transaction() as conn:
            await waits.clock_was_set(conn, self._rules, clock_set, now)
        by = clock_set.by
        log.warning("the wall clock was set by %d s: what was made before was moved with it", by.total_seconds())
        if self._heard_until is not None:
            self._heard_until += by

    async def _ask_rules(self) -> None:
        """All rules that wait in one transaction; one after the other when that raises."""
        asked = await contain("the rules that wait", self._ask_all_rules)
        if isinstance(asked, Defect):
            await contain("the rules that wait, one by one", lambda: self._while_there_is(self._ask_one_rule))

    async def _ask_all_rules(self) -> None:
        async with self._database.transaction() as conn:
            now = self._clock.now()
            if self._is_deaf and self._heard_until is not None:
                await self._rules.could_not_hear(conn, self._heard_until, now)
            findings = await self._rules.due(conn, now)
            if findings:
                await service.conclude(conn, findings, now)
        self._heard_until, self._is_deaf = now, False

    async def _ask_one_rule(self, conn: Conn, now: datetime) -> bool:
        """Let one memory of a rule that is due fire; parked when it raises. False when none is due."""
        due = await self._rules.lock_due(conn, now, 1)
        if not due:
            return False
        memory = due[0]

        async def fire() -> None:
            findings = await self._rules.waited_out(conn, due, now)
            if findings:
                await service.conclude(conn, findings, now)

        row = PolledRow("rule-memory", f"{memory.rule_id} {memory.key}", memory.centre_id)
        await parking.shield(conn, row, fire, now)
        return True

    async def _while_there_is(self, do_one: Callable[[Conn, datetime], Awaitable[bool]]) -> None:
        while True:
            async with self._database.transaction() as conn:
                if not await do_one(conn, self._clock.now()):
                    return
