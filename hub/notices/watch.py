"""Looks every minute whether something that was noticed has not happened again for so long that it is over."""

import asyncio
import logging

import psycopg

from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.notices import service

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0


class Watch:
    """The loop; while the database is away it waits for the next time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except psycopg.OperationalError as error:
                log.warning("notices of what is over could not be cleared, again in a minute: %s", error)
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Clear what is over. Raises psycopg.OperationalError."""
        async with self._database.transaction() as conn:
            await service.clear_quiet(conn, self._clock.now())
