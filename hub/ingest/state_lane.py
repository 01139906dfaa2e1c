"""What happens to what devices say of themselves, and to proofs of commands, between the broker and their answer?

What is not committed within a second, or finds the queue full, is answered all the same, counted, and noticed once the
database is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import psycopg

from hub.ingest import quarantine, states
from hub.ingest.attempts import RETRY_SECONDS, commit_batch, in_parts, receive_message
from hub.ingest.batch_size import BatchSize
from hub.ingest.lane import LaneCounts, LaneQueue, Waiting, device_of
from hub.ingest.last_heard import LastHeard
from hub.ingest.model import QuarantineReason, ReceivedMessage, Undecodable
from hub.ingest.neighbours import Neighbours
from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Database
from hub.mqtt.model import Inbound

log = logging.getLogger(__name__)

STATE_BATCH: Final = 500
STATE_BATCH_SECONDS: Final = 0.1
STATE_LINGER_SECONDS: Final = 0.02
STATE_CAPACITY: Final = 5000
"""As many as connections: each says its state once when it comes."""
SHED_AFTER_SECONDS: Final = 1.0
"""A device with unanswered messages is not read, and its next may be a press. The alarm lane waits without limit."""


class StateLane:
    """The queue of states and proofs, and the task that commits them."""

    def __init__(
        self, database: Database, clock: Clock, neighbours: Neighbours, heard: LastHeard, counts: LaneCounts
    ) -> None:
        self._database = database
        self._clock = clock
        self._neighbours = neighbours
        self._heard = heard
        self._counts = counts
        size = BatchSize(STATE_BATCH, STATE_BATCH_SECONDS)
        self._queue = LaneQueue(clock, size, linger_seconds=STATE_LINGER_SECONDS)

    async def receive(self, inbound: Inbound) -> None:
        """Returns within a second, when the message is committed or shed."""
        if len(self._queue) >= STATE_CAPACITY:
            self._count_shed(1)
            return
        message = receive_message(inbound)
        waiting = self._queue.put(message, device_of(message))
        try:
            async with asyncio.timeout(SHED_AFTER_SECONDS):
                await waiting.settled
        except TimeoutError:
            self._count_shed(1)

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            await self._keep_batch(await self._queue.gather())

    def _count_shed(self, messages: int) -> None:
        self._counts.shed += messages
        self._heard.count_shed(messages)

    async def _keep_batch(self, batch: list[Waiting]) -> None:
        """Commit a batch, or let its senders be answered without; when the database refuses it, one at a time."""
        size, loop = self._queue.size, asyncio.get_running_loop()
        began = loop.time()
        messages = [waiting.message for waiting in batch]
        try:
            kept = await run_in_bulkhead(
                f"{len(batch)} messages of the state lane", lambda: self._commit(messages), expected=WORLD_IS_DOWN
            )
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("%d messages of the state lane are shed: %s", len(batch), error)
            self._count_shed(sum(not waiting.given_up for waiting in batch))
            if isinstance(error, TimeoutError):
                size.note_failure(len(batch))
            await self._settle_batch(batch)
            await asyncio.sleep(RETRY_SECONDS)
            return
        if not isinstance(kept, Defect):
            size.note_commit(len(batch), loop.time() - began)
            self._counts.kept += len(batch)
            await self._settle_batch(batch)
            self._heard.note_messages(messages)
            return
        self._counts.refused += 1
        if len(batch) > 1:
            self._queue.put_back_alone(batch)
            return
        self._queue.isolate(batch[0].device)
        await self._keep_refused(batch[0], kept)

    async def _commit(self, messages: Sequence[ReceivedMessage]) -> None:
        count, clock = len(messages), self._clock
        if states.select_readable(messages):
            await commit_batch(self._database, count, lambda conn: states.store_states(conn, messages, clock.now()))
        await commit_batch(
            self._database, count, lambda conn: states.evaluate_states(conn, messages, self._neighbours, clock.now())
        )

    async def _keep_refused(self, waiting: Waiting, defect: Defect) -> None:
        refused = Undecodable(waiting.message.decoded.topic, QuarantineReason.REFUSED_BY_THE_DATABASE, defect.error)
        with suppress(psycopg.OperationalError, TimeoutError):
            await run_in_bulkhead(
                "quarantining a message",
                lambda: self._quarantine(waiting.message.inbound, refused),
                expected=WORLD_IS_DOWN,
            )
        waiting.settle()

    async def _quarantine(self, inbound: Inbound, refused: Undecodable) -> None:
        home, now = self._neighbours.centre_id, self._clock.now()
        await commit_batch(
            self._database, 1, lambda conn: quarantine.quarantine_message(conn, inbound, refused, home, now)
        )

    async def _settle_batch(self, batch: Sequence[Waiting]) -> None:
        for some in in_parts(batch):
            for waiting in some:
                waiting.settle()
            await asyncio.sleep(0)  # so many answers go out, and everybody else has a turn
