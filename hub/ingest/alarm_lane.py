"""What happens to a press between the broker and its answer? It waits for its device's turn, and without limit.

No linger: what is pending is committed together while the next batch gathers; a repeat of a message that waits joins
it. What the database has not committed within a second is spooled (`spooled_presses`); without a spool nothing is
answered meanwhile, and the devices keep their presses and repeat them. How many wait is bounded by what brokers leave
unanswered (256 presses a device).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
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
from hub.ingest.spooled_presses import CommitOutcome, CommitWork, SpooledPresses, WithoutDatabase, build_spooled_ack
from hub.ingest.timing import estimate_time
from hub.kit.bulkhead import Defect, call_in_bulkhead, run_in_bulkhead
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Database
from hub.mqtt.model import Inbound, NotDurable
from hub.notices.model import NoticeCode, NoticePriority, Raised
from hub.notices.service import raise_notice

log = logging.getLogger(__name__)

SPOOL_AFTER_SECONDS: Final = 1.0
"""One attempt to commit may take so long; then what it holds is spooled, and the attempt goes on beside it."""
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
        without: WithoutDatabase | None = None,
    ) -> None:
        """`without`: what it has when the database cannot commit."""
        self._database = database
        self._clock = clock
        self._neighbours = neighbours
        self._heard = heard
        self._counts = counts
        self._clocks = heard.clocks
        self._rates = PressRates()
        self._queue = LaneQueue(clock, BatchSize(ALARM_BATCH, ALARM_BATCH_SECONDS))
        work = CommitWork(self._attempt, self._attempt_refused, self._settle_batch, self._give_up)
        self._spooled = None if without is None else SpooledPresses(without, work)
        self._tasks: asyncio.TaskGroup | None = None
        self._send: SendToDevice | None = None

    async def receive(self, inbound: Inbound) -> None:
        """Returns when the message is durable. Raises NotDurable when it can be kept in no way."""
        message = receive_message(inbound)
        waiting = self._queue.put(message, device_of(message), identify_press(message))
        if waiting.is_spooled and (ack := build_spooled_ack(message)) is not None:
            self._send_acks([ack])
        await asyncio.shield(waiting.settled)  # whoever repeats it waits for the same

    async def run(self, send: SendToDevice) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks, self._send = tasks, send
            if self._spooled is not None:
                for waiting in self._spooled.restore():
                    waiting.identity = identify_press(waiting.message)
                    self._queue.remember_message(waiting)
                if self._spooled.is_draining:
                    tasks.create_task(self._spooled.drain())
            while True:
                batch = await self._queue.gather()
                if self._spooled is None or not self._spooled.is_draining or not await self._spool(batch):
                    await self._keep_batch(batch)

    async def _keep_batch(self, batch: list[Waiting]) -> None:
        """Commit a batch, or spool it, or put it back: smaller when it took too long, one by one when it raised."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        attempt = self._task_group().create_task(self._attempt(batch))
        # Not cancelled: a server that stands still does not answer that either.
        done, _ = await asyncio.wait({attempt}, timeout=None if self._spooled is None else SPOOL_AFTER_SECONDS)
        if not done and await self._spool(batch, attempt):
            return
        outcome = await attempt
        match outcome:
            case list():
                self._queue.size.note_commit(len(batch), loop.time() - began)
                await self._settle_batch(batch, outcome)
            case Defect():
                self._counts.refused += 1
                await self._keep_apart(batch, outcome)
            case _:
                if isinstance(outcome, LockNotAvailable) or not await self._spool(batch):
                    await self._put_back(batch, outcome)

    async def _spool(self, batch: list[Waiting], attempt: asyncio.Task[CommitOutcome] | None = None) -> bool:
        """Spool a batch and answer its senders; False when that is not possible."""
        if self._spooled is None or (answers := await self._spooled.add(batch)) is None:
            return False
        if self._spooled.begin_draining():
            lingering = None if attempt is None else (batch, attempt)
            self._task_group().create_task(self._spooled.drain(lingering))
        await self._answer(batch, answers)
        return True

    async def _keep_apart(self, batch: list[Waiting], defect: Defect) -> None:
        """A batch raised: one by one; one message that raised as it is still calls for help."""
        if len(batch) > 1:
            self._queue.put_back_alone(batch)
            return
        waiting = batch[0]
        self._queue.isolate(waiting.device)
        outcome = await self._attempt_refused(waiting, defect)
        if isinstance(outcome, list):
            await self._settle_batch([waiting], outcome)
        elif isinstance(outcome, Defect):
            await self._give_up(waiting, outcome)
        else:
            await self._put_back([waiting], outcome)

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

    async def _attempt(self, batch: Sequence[Waiting]) -> CommitOutcome:
        """One attempt to commit."""
        return await self._attempt_messages([waiting.message for waiting in batch], self._neighbours)

    async def _attempt_refused(self, waiting: Waiting, defect: Defect) -> CommitOutcome:
        """A press that raises as it is: apart from its live alarm, else as an unreadable one."""
        apart = replace(self._neighbours, conclude=alarms.conclude_after_defect)
        decoded = waiting.message.decoded
        message_id = getattr(decoded.said, "id", None) if isinstance(decoded, DecodedMessage) else decoded.message_id
        plain = Undecodable(decoded.topic, QuarantineReason.REFUSED_BY_THE_DATABASE, defect.error, message_id)
        outcome = await self._attempt_messages([waiting.message], apart)
        if isinstance(outcome, Defect):
            waiting.message = ReceivedMessage(waiting.message.inbound, plain)
            outcome = await self._attempt_messages([waiting.message], apart)
        return outcome

    async def _attempt_messages(self, messages: Sequence[ReceivedMessage], neighbours: Neighbours) -> CommitOutcome:
        try:
            return await run_in_bulkhead(
                f"{len(messages)} messages of the alarm lane",
                lambda: commit_batch(
                    self._database,
                    len(messages),
                    lambda conn: presses.store_presses(conn, messages, neighbours, self._clocks, self._clock.now),
                ),
                expected=WORLD_IS_DOWN,
            )
        except (psycopg.OperationalError, TimeoutError) as error:
            return error

    async def _give_up(self, waiting: Waiting, defect: Defect) -> None:
        """It raises even as an unreadable one: it stays unanswered and is noticed; its device keeps and repeats it."""
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

    async def _settle_batch(self, batch: Sequence[Waiting], answers: Sequence[AddressedAck]) -> None:
        """After the commit: let the broker answer, tell the devices, and note who was heard."""
        self._counts.kept += len(batch)
        for waiting in batch:
            self._queue.finish(waiting)
        await self._answer(batch, answers)
        self._heard.note_messages([waiting.message for waiting in batch])
        self._note_rates(batch)

    async def _answer(self, batch: Sequence[Waiting], answers: Sequence[AddressedAck]) -> None:
        """Answer part by part."""
        for part in in_parts(answers):
            self._send_acks(part)
        for some in in_parts(batch):
            for waiting in some:
                waiting.settle()
            await asyncio.sleep(0)  # so many answers go out, and everybody else has a turn

    def _send_acks(self, answers: Sequence[AddressedAck]) -> None:
        if self._send is not None:
            self._task_group().create_task(send_acks(answers, self._send))

    def _task_group(self) -> asyncio.TaskGroup:
        assert self._tasks is not None, "the lane runs"
        return self._tasks

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
