"""What happens to a press between the broker and its answer? It waits for its device's turn, and without limit.

No linger: what is pending is committed together while the next batch gathers. While the database is down nothing is
answered, the devices keep their presses and repeat them; a repeat of a message that waits joins it. How many wait is
bounded by what brokers leave unanswered (256 presses a device).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Final

import psycopg
from psycopg.errors import LockNotAvailable

from devices.contract.messages import AlarmMessage
from hub.alarms import service as alarms
from hub.ingest import presses
from hub.ingest.attempts import RETRY_SECONDS, commit_batch, in_parts, receive_message, send_acks
from hub.ingest.batch_size import BatchSize
from hub.ingest.decode import digest_message
from hub.ingest.lane import LaneCounts, LaneQueue, Waiting, device_of
from hub.ingest.last_heard import LastHeard
from hub.ingest.model import (
    AddressedAck,
    DecodedMessage,
    QuarantineReason,
    ReceivedMessage,
    SendToDevice,
    Undecodable,
)
from hub.ingest.neighbours import Neighbours
from hub.ingest.press_rate import PressRates
from hub.ingest.timing import estimate_time
from hub.kit.bulkhead import Defect, call_in_bulkhead, run_in_bulkhead
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Database
from hub.mqtt.model import Inbound, NotDurable
from hub.notices.model import NoticeCode, NoticePriority, Raised
from hub.notices.service import raise_notice

log = logging.getLogger(__name__)

ALARM_BATCH: Final = 500
ALARM_BATCH_SECONDS: Final = 0.06
"""What one batch may take: somebody else's press waits for the one in flight and is in the next."""


class AlarmLane:
    """The queue of presses and the task that commits them; one transaction at a time, so that no key has two."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        neighbours: Neighbours,
        heard: LastHeard,
        counts: LaneCounts,
    ) -> None:
        self._database = database
        self._clock = clock
        self._neighbours = neighbours
        self._heard = heard
        self._counts = counts
        self._clocks = heard.clocks
        self._rates = PressRates()
        self._queue = LaneQueue(clock, BatchSize(ALARM_BATCH, ALARM_BATCH_SECONDS))

    async def receive(self, inbound: Inbound) -> None:
        """Returns when the message is durable. Raises NotDurable when it can be kept in no way."""
        message = receive_message(inbound)
        waiting = self._queue.put(message, device_of(message), identify_press(message))
        await asyncio.shield(waiting.settled)  # whoever repeats it waits for the same

    async def run(self, send: SendToDevice) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._keep_batch(await self._queue.gather(), send, tasks)

    async def _keep_batch(self, batch: list[Waiting], send: SendToDevice, tasks: asyncio.TaskGroup) -> None:
        """Commit a batch, or put it back: smaller when it took too long, one by one when it raised."""
        size, loop = self._queue.size, asyncio.get_running_loop()
        began = loop.time()
        try:
            answers = await run_in_bulkhead(
                f"{len(batch)} messages of the alarm lane",
                lambda: self._commit([waiting.message for waiting in batch], self._neighbours),
                expected=WORLD_IS_DOWN,
            )
        except (psycopg.OperationalError, TimeoutError) as error:
            await self._put_back(batch, error)
            return
        if not isinstance(answers, Defect):
            size.note_commit(len(batch), loop.time() - began)
            await self._settle_batch(batch, answers, send, tasks)
            return
        self._counts.refused += 1
        if len(batch) > 1:
            self._queue.put_back_alone(batch)
            return
        self._queue.isolate(batch[0].device)
        await self._keep_refused(batch[0], answers, send, tasks)

    async def _put_back(self, batch: list[Waiting], error: Exception) -> None:
        """The database is down or busy. A batch that one attempt is too short for would be tried for ever as it is."""
        log.warning("%d messages of the alarm lane wait for the database: %s", len(batch), error)
        if isinstance(error, LockNotAvailable) and len(batch) > 1:
            self._queue.put_back_alone(batch)  # one of them wants what somebody holds: the others do not wait for that
            return
        self._queue.put_back(batch)
        if isinstance(error, TimeoutError):
            self._queue.size.note_failure(len(batch))
        if len(batch) == 1 or not isinstance(error, TimeoutError):
            await asyncio.sleep(RETRY_SECONDS)

    async def _keep_refused(
        self, waiting: Waiting, defect: Defect, send: SendToDevice, tasks: asyncio.TaskGroup
    ) -> None:
        """A press that raises as it is still calls for help: apart from its live alarm, else as an unreadable one.

        If even that raises it stays unanswered and is noticed: its device keeps it, shows so, and repeats it.
        """
        apart = replace(self._neighbours, conclude=alarms.conclude_after_defect)
        decoded = waiting.message.decoded
        message_id = getattr(decoded.said, "id", None) if isinstance(decoded, DecodedMessage) else decoded.message_id
        plain = Undecodable(decoded.topic, QuarantineReason.REFUSED_BY_THE_DATABASE, defect.error, message_id)
        for one in (waiting.message, ReceivedMessage(waiting.message.inbound, plain)):
            try:
                answers = await run_in_bulkhead(
                    "a message of the alarm lane", partial(self._commit, [one], apart), expected=WORLD_IS_DOWN
                )
            except (psycopg.OperationalError, TimeoutError) as error:
                await self._put_back([waiting], error)
                return
            if not isinstance(answers, Defect):
                waiting.message = one
                await self._settle_batch([waiting], answers, send, tasks)
                return
        self._counts.unkept += 1
        await self._notice_unkept(waiting.message, defect)
        self._queue.finish(waiting)
        waiting.fail(NotDurable(f"{defect.error} while keeping a message of the alarm lane"))

    async def _notice_unkept(self, message: ReceivedMessage, defect: Defect) -> None:
        """Say on the board whose call is not recorded; while even that fails, the next repeat says so."""
        topic, now = message.decoded.topic, self._clock.now()
        subject = "hub" if topic is None else f"device:{topic.device}"
        raised = Raised(
            self._neighbours.centre_id, NoticeCode.PRESS_UNKEPT, subject, NoticePriority.P3, {"error": defect.error}
        )
        log.error("a message of the alarm lane cannot be kept (%s, %s): it is not answered", subject, defect.error)
        with suppress(psycopg.OperationalError, TimeoutError):
            await run_in_bulkhead(
                "the notice about an unkept press",
                lambda: commit_batch(self._database, 1, lambda conn: raise_notice(conn, raised, now)),
                expected=WORLD_IS_DOWN,
            )

    async def _commit(self, messages: Sequence[ReceivedMessage], neighbours: Neighbours) -> list[AddressedAck]:
        """One attempt. Raises what the database refuses for good, and what it raises while it is down."""
        return await commit_batch(
            self._database,
            len(messages),
            lambda conn: presses.store_presses(conn, messages, neighbours, self._clocks, self._clock.now),
        )

    async def _settle_batch(
        self, batch: Sequence[Waiting], answers: Sequence[AddressedAck], send: SendToDevice, tasks: asyncio.TaskGroup
    ) -> None:
        """After the commit, part by part: let the broker answer, tell the devices, and note who was heard."""
        self._counts.kept += len(batch)
        for waiting in batch:
            self._queue.finish(waiting)
        for part in in_parts(answers):
            tasks.create_task(send_acks(part, send))
        for some in in_parts(batch):
            for waiting in some:
                waiting.settle()
            await asyncio.sleep(0)  # so many answers go out, and everybody else has a turn
        self._heard.note_messages([waiting.message for waiting in batch])
        self._note_rates(batch)

    def _note_rates(self, batch: Sequence[Waiting]) -> None:
        """Note devices that press more often than a hand can."""
        for waiting in batch:
            inbound, decoded = waiting.message.inbound, waiting.message.decoded
            if inbound.replayed or decoded.topic is None:
                continue
            age_ms = (
                decoded.said.age_ms
                if isinstance(decoded, DecodedMessage) and isinstance(decoded.said, AlarmMessage)
                else None
            )
            pressed_at = estimate_time(inbound.received_at, None, age_ms, timedelta()).at  # no age is too large for it
            if self._rates.note_press(waiting.device, pressed_at):
                self._heard.note_press_flood(waiting.device)


def identify_press(message: ReceivedMessage) -> Hashable:
    """What two messages of the alarm lane have in common when one repeats the other: topic, id and digest, or bytes."""
    inbound, decoded = message.inbound, message.decoded
    said = call_in_bulkhead("the digest of a message", lambda: _identify_content(message))
    content = sha256(inbound.payload).digest() if isinstance(said, Defect) else said
    return inbound.topic, decoded.topic is None, content, inbound.replayed, inbound.live_retain


def _identify_content(message: ReceivedMessage) -> Hashable:
    match message.decoded:
        case DecodedMessage(_, AlarmMessage() as said):
            return said.id, digest_message(said)
        case _:
            return sha256(message.inbound.payload).digest()
