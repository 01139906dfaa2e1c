"""Which rows changed: one LISTEN connection, handed to everybody in this process who waits for a change."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from hub.kit.broadcast import Broadcast, Subscription

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """A row of `kind` with this `id` changed. Kind `lost`: changes may have been missed, read everything again."""

    kind: str
    id: str


LOST = Change("lost", "")


class Changes:
    """What `tell_change` of the first migration says, as it is committed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._broadcast: Broadcast[Change] = Broadcast(LOST)
        self._listening = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made again, and every subscriber gets `lost`."""
        while True:
            try:
                await self._listen()
            except psycopg.OperationalError as error:
                log.warning("the connection that listens for changes was lost (%s): trying again in 0.5 s", error)
            self._listening.clear()
            await asyncio.sleep(0.5)

    async def ready(self) -> None:
        """Returns once changes are heard."""
        await self._listening.wait()

    @contextmanager
    def subscribe(self, *kinds: str, depth: int = 1000) -> Iterator[Subscription[Change]]:
        """Hear changes of these `kinds` (all of them when none is named) until the `with` block ends."""
        with self._broadcast.subscribe(depth=depth) as heard:
            heard.only = (lambda change: change.kind in {*kinds, "lost"}) if kinds else None
            yield heard

    async def _listen(self) -> None:
        conn = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            application_name="anling changes",
            connect_timeout=3,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
        )
        async with conn:
            await conn.execute("LISTEN anling")
            self._listening.set()
            self._broadcast.send(LOST)
            async for notification in conn.notifies():
                kind, _, changed_id = notification.payload.partition(":")
                self._broadcast.send(Change(kind, changed_id))
