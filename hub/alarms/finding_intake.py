"""Takes what the rules of telemetry found: each finding becomes an alarm, or the end of one, exactly once."""

import logging
from dataclasses import replace
from datetime import datetime
from typing import Final

import psycopg

from hub.alarms import service
from hub.kit.bulkhead import run_in_bulkhead
from hub.kit.changes import Changes
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Conn, Database
from hub.notices.parking import RETRY_AFTER, PolledRow, RowWork, process_next_row
from hub.rules import findings

log = logging.getLogger(__name__)

_TICK: Final = 2.0
"""Seconds between two looks when nothing calls; a commit wakes the loop at once."""


class FindingIntake:
    """The loop; each finding in a transaction of its own, and one that raises is parked."""

    def __init__(self, database: Database, changes: Changes, clock: Clock) -> None:
        self._database = database
        self._changes = changes
        self._clock = clock

    async def run(self) -> None:
        """Take findings until cancelled; while the database is down, retry every two seconds."""
        with self._changes.subscribe("finding") as heard:
            while True:
                try:
                    await run_in_bulkhead("the findings", self.take_all, expected=WORLD_IS_DOWN)
                except (psycopg.OperationalError, TimeoutError) as error:
                    log.warning("findings wait (%s): trying again in %s s", error, _TICK)
                await heard.next_within(_TICK)

    async def take_all(self) -> None:
        """Take what waits, oldest first. Raises psycopg.OperationalError while the database is down."""
        while await process_next_row(self._database, self._take_next, self._clock.now):
            pass

    async def _take_next(self, conn: Conn, now: datetime) -> RowWork | None:
        """Lock the next finding, to conclude it."""
        waiting = await findings.lock_next_finding(conn, now)
        if waiting is None:
            return None

        async def take() -> None:
            await findings.delete_finding(conn, waiting.n)
            found = waiting.read()
            # The last try is without what a rule wrote: somebody looks, though nobody can say what was measured.
            plain = replace(found, summary={}, params={}, at=min(found.at, now))
            concluding = plain if waiting.failures >= len(RETRY_AFTER) else found
            await service.conclude_findings(conn, [concluding], now, (), self._clock.now)

        row = PolledRow("finding", str(waiting.n), waiting.centre_id)
        return RowWork(row, take, has_failed=waiting.failures > 0)
