"""Once an hour: the weeks ahead get partitions, and at most one partition past its retention is dropped a day."""

from datetime import timedelta
from typing import Final

from hub.kit.clock import Clock
from hub.kit.clock_readings import find_clock_doubt
from hub.kit.db import Conn, Database
from hub.telemetry import store
from hub.telemetry.service import Telemetry
from hub.telemetry.weeks import monday_of, wanted_weeks

DROP_WAITS_AT_MOST = "2s"
"""Less than for any other lock: everybody who writes readings waits behind it."""
RUNS_FOR_A_DROP: Final = timedelta(days=1)
"""A clock that is years ahead, and that nobody doubts yet, costs one partition a day and not all of them at once."""


class ReadingRetention:
    """`maintain_partitions` is due once an hour; `keep_for` is how long readings are kept at least."""

    EVERY_SECONDS: Final = 3600.0

    def __init__(self, database: Database, telemetry: Telemetry, clock: Clock, keep_for: timedelta) -> None:
        if keep_for < timedelta(days=14):
            raise ValueError(f"readings must be kept for at least 14 days, not {keep_for}")
        self._database = database
        self._telemetry = telemetry
        self._clock = clock
        self._keep_for = keep_for
        self._counted_at = clock.monotonic()

    async def maintain_partitions(self) -> int:
        """Make what is missing, drop what is old; how many partitions were dropped. Raises psycopg.OperationalError.

        One is dropped for each day that the hub has run, by the clock that nobody sets, and none while the wall clock
        is in doubt. A drop waits for readers of the whole table at most two seconds, so that writers never wait longer
        behind it.
        """
        now = self._clock.now()
        async with self._database.transaction() as conn:
            for at in wanted_weeks(now):
                await store.make_partition(conn, at)
        self._telemetry.note_partitions(monday_of(at) for at in wanted_weeks(now))
        running = self._clock.monotonic()
        async with self._database.transaction() as conn:
            dropped = await self._drop_oldest(conn, timedelta(seconds=running - self._counted_at))
        self._counted_at = running
        if dropped:
            self._telemetry.clear_partitions()
        return int(dropped)

    async def _drop_oldest(self, conn: Conn, ran: timedelta) -> bool:
        may_drop = await store.count_running(conn, ran, RUNS_FOR_A_DROP)
        if not may_drop or await find_clock_doubt(conn) is not None:
            return False
        await conn.execute("SELECT set_config('lock_timeout', %(within)s, true)", {"within": DROP_WAITS_AT_MOST})
        dropped = await store.drop_oldest(conn, self._clock.now() - self._keep_for)
        if dropped:
            await store.start_counting_anew(conn)
        return dropped
