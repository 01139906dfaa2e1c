"""Looks every five minutes whether somebody's visit still stands after the centre has closed."""

from typing import Final

from hub.attendance import service
from hub.kit.clock import Clock
from hub.kit.db import Database


class Closing:
    """`notice_open_visits` is due every five minutes."""

    EVERY_SECONDS: Final = 300.0

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def notice_open_visits(self) -> None:
        """Notice the visits that are left open. Raises psycopg.OperationalError."""
        async with self._database.transaction() as conn:
            await service.notice_open_visits(conn, self._clock.now())
