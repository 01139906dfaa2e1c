"""Takes what the rules of telemetry found: each finding becomes an alarm, or the end of one, exactly once."""

import logging
from typing import Final

import psycopg

from hub.alarms import service
from hub.kit.changes import Changes
from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.notices.parking import PolledRow, run_or_park, unpark_row
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
                    await self.take_all()
                except (psycopg.OperationalError, TimeoutError) as error:
                    log.warning("findings wait (%s): trying again in %s s", error, _TICK)
                await heard.next_within(_TICK)

    async def take_all(self) -> None:
        """Take what waits, oldest first. Raises psycopg.OperationalError while the database is down."""
        while await self._take_one():
            pass

    async def _take_one(self) -> bool:
        """Take the next finding; one that raises is parked for a while and noticed, and the next one goes on."""
        now = self._clock.now()
        async with self._database.transaction() as conn:
            waiting = await findings.lock_next_finding(conn, now)
            if waiting is None:
                return False
            row = PolledRow("finding", str(waiting.n), waiting.finding.centre_id)

            async def take() -> None:
                await findings.delete_finding(conn, waiting.n)
                await unpark_row(conn, row, now)
                await service.conclude_findings(conn, [waiting.finding], now)

            await run_or_park(conn, row, take, now)
        return True
