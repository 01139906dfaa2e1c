"""Deletes sessions and links a month after they ended. What they did is in the ledger and in the viewings."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from hub.access import store
from hub.access.service import KNOWN_FOR
from hub.kit.clock import Clock
from hub.kit.clock_readings import find_clock_doubt
from hub.kit.db import Conn, Database

SessionsInUse: TypeAlias = Callable[[Conn], Awaitable[Sequence[bytes]]]
"""The ids of sessions that others still need, though they may be over."""


class AccessRetention:
    """`delete_expired` is due once an hour."""

    EVERY_SECONDS: Final = 3600.0

    def __init__(self, database: Database, clock: Clock, in_use: SessionsInUse) -> None:
        self._database = database
        self._clock = clock
        self._in_use = in_use

    async def delete_expired(self) -> None:
        """Delete what was over for a month, and is not in use; nothing while the clock is in doubt.

        Raises psycopg.OperationalError.
        """
        before = self._clock.now() - KNOWN_FOR
        async with self._database.transaction() as conn:
            if await find_clock_doubt(conn) is not None:
                return
            await store.delete_ended_sessions(conn, before, await self._in_use(conn))
            await store.delete_expired_links(conn, before)
