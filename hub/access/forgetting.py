"""Forgets sessions and links a month after they were over. What they did is in the ledger and in the viewings."""

import asyncio
import logging

import psycopg

from hub.access import store
from hub.access.service import KNOWN_FOR
from hub.kit.clock import Clock
from hub.kit.db import Database

log = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0


class Forgetting:
    """The loop; while the database is away it waits for the next time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Forget, once an hour, until cancelled."""
        while True:
            try:
                await self.forget()
            except psycopg.OperationalError as error:
                log.warning("old sessions and links could not be forgotten, again in an hour: %s", error)
            await asyncio.sleep(EVERY_SECONDS)

    async def forget(self) -> None:
        """Delete what was over for a month. Raises psycopg.OperationalError."""
        before = self._clock.now() - KNOWN_FOR
        async with self._database.transaction() as conn:
            await store.forget_sessions(conn, before)
            await store.forget_links(conn, before)
