"""Once an hour: the weeks ahead get partitions, and partitions past their retention are dropped."""

from datetime import timedelta
from typing import Final

from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.telemetry import store
from hub.telemetry.service import Telemetry
from hub.telemetry.weeks import monday_of, wanted_weeks

DROP_WAITS_AT_MOST = "2s"
"""Less than for any other lock: everybody who writes readings waits behind it."""


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

    async def maintain_partitions(self) -> int:
        """Make what is missing, drop what is old; how many partitions were dropped. Raises psycopg.OperationalError.

        A drop waits for readers of the whole table at most two seconds, so that writers never wait longer behind it.
        """
        now = self._clock.now()
        async with self._database.transaction() as conn:
            for at in wanted_weeks(now):
                await store.make_partition(conn, at)
        self._telemetry.note_partitions(monday_of(at) for at in wanted_weeks(now))
        async with self._database.transaction() as conn:
            await conn.execute("SELECT set_config('lock_timeout', %(within)s, true)", {"within": DROP_WAITS_AT_MOST})
            dropped = await store.drop_before(conn, now - self._keep_for)
        if dropped:
            self._telemetry.clear_partitions()
        return dropped
