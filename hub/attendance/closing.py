"""Looks every five minutes whether somebody's visit still stands after the centre has closed."""

import asyncio
import logging

import psycopg

from hub.attendance import service
from hub.kit.clock import Clock
from hub.kit.db import Database

log = logging.getLogger(__name__)

EVERY_SECONDS = 300.0


class Closing:
    """The loop; while the database is away it waits for the next time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                async with self._database.transaction() as conn:
                    await service.notice_left_open(conn, self._clock.now())
            except psycopg.OperationalError as error:
                log.warning("open visits could not be looked at, again in five minutes: %s", error)
            await asyncio.sleep(EVERY_SECONDS)
