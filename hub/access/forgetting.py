"""Forgets sessions and links a month after they were over. What they did is in the ledger and in the viewings."""

from typing import Final

from hub.access import store
from hub.access.service import KNOWN_FOR
from hub.kit.clock import Clock
from hub.kit.db import Database


class Forgetting:
    """`forget` is due once an hour."""

    EVERY_SECONDS: Final = 3600.0

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def forget(self) -> None:
        """Delete what was over for a month. Raises psycopg.OperationalError."""
        before = self._clock.now() - KNOWN_FOR
        async with self._database.transaction() as conn:
            await store.forget_sessions(conn, before)
            await store.forget_links(conn, before)
