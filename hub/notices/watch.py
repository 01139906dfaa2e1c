"""Looks every minute whether something that was noticed has not happened again for so long that it is over."""

from typing import Final

from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.notices import service


class NoticeWatch:
    """`clear_expired` is due every minute."""

    EVERY_SECONDS: Final = 60.0

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def clear_expired(self) -> None:
        """Clear what is over. Raises psycopg.OperationalError."""
        async with self._database.transaction() as conn:
            await service.clear_stale_notices(conn, self._clock.now())
