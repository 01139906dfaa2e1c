"""What happens in the alarm path to a message between the broker and its answer? Two lanes, each with queue and task.

Alarm lane: no linger; what is pending is committed together while the next batch gathers. It waits without limit: while
the database is down nothing is answered, the devices keep their presses and repeat them. Its queue is bounded by what
brokers leave unanswered (256 presses a connection).

State lane: what devices say of themselves, and proofs of commands. What is not committed within a second, or finds the
queue full, is answered all the same, counted, and noticed once the database is back.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import psycopg

from hub.alarms import service as alarms
from hub.ingest import presses, quarantine, states
from hub.ingest.attempts import RETRY_SECONDS, commit_batch, receive_message, send_acks
from hub.ingest.lane import LaneQueue, Waiting
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
from hub.ingest.timing import DeviceClocks
from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Database
from hub.mqtt.model import Inbound, NotDurable, Receivers
from hub.notices.model import NoticeCode, NoticePriority, Raised
from hub.notices.service import raise_notice

log = logging.getLogger(__name__)

ALARM_BATCH: Final = 500
STATE_BATCH: Final = 500
STATE_LINGER_SECONDS: Final = 0.02
STATE_CAPACITY: Final = 5000
"""As many as connections: each says its state once when it comes."""
SHED_AFTER_SECONDS: Final = 1.0
"""For states, as for readings (DECISIONS 14): a connection with unanswered messages is not read, and its next may be a
press. The alarm lane waits without limit."""


@dataclass(slots=True)
class Counts:
    """Since the start."""

    kept: int = 0
    shed: int = 0
    refused: int = 0
    """Attempts with which the database, or our own code, raised."""
    unkept: int = 0
    """Messages of the alarm lane that raised even as undecodable ones: not answered, each repeat counts again."""


class Intake:
    """Receives the messages of the alarm path's lanes. Each has a pool of its own: neither waits for the other.

    Give `receivers` to a transport, then run both lanes, that of alarms with what sends acks through that transport.
    """

    def __init__(self, alarms: Database, states: Database, clock: Clock, neighbours: Neighbours) -> None:
        self.counts = Counts()
        self._clocks = DeviceClocks()
        self.heard = LastHeard(states, clock, neighbours.centre_id, self._clocks)
        self._alarms = alarms
        self._states = states
        self._clock = clock
        self._neighbours = neighbours
        self._alarm_lane = LaneQueue(linger_seconds=0, batch=ALARM_BATCH)
        self._state_lane = LaneQueue(linger_seconds=STATE_LINGER_SECONDS, batch=STATE_BATCH, capacity=STATE_CAPACITY)

    @property
    def receivers(self) -> Receivers:
        return Receivers(self._receive_alarm, self._receive_state)

    async def run_alarms(self, send: SendToDevice) -> None:
        """Serve the alarm lane until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._keep_alarms(await self._alarm_lane.gather(), send, tasks)

    async def run_states(self) -> None:
        """Serve the state lane until cancelled."""
        while True:
            await self._keep_states(await self._state_lane.gather())

    async def _receive_alarm(self, inbound: Inbound) -> None:
        await self._alarm_lane.put(inbound).settled

    async def _receive_state(self, inbound: Inbound) -> None:
        if len(self._state_lane) >= STATE_CAPACITY:
            self._count_shed(1)
            return
        waiting = self._state_lane.put(inbound)
        try:
            async with asyncio.timeout(SHED_AFTER_SECONDS):
                await waiting.settled
        except TimeoutError:
            self._count_shed(1)

    def _count_shed(self, messages: int) -> None:
        self.counts.shed += messages
        self.heard.count_shed(messages)

    # The alarm lane.

    async def _keep_alarms(self, batch: list[Waiting], send: SendToDevice, tasks: asyncio.TaskGroup) -> None:
        """Commit a batch, however long it takes; when that raises or the database refuses it, one message at a time.

        A batch that one attempt is too short for is halved: on a slow machine a house that presses at once would
        otherwise be tried for ever.
        """
        messages = [receive_message(waiting.inbound) for waiting in batch]
        try:
            answers = await run_in_bulkhead(
                f"{len(batch)} messages of the alarm lane",
                lambda: self._commit(messages, self._neighbours),
                expected=WORLD_IS_DOWN,
            )
        except TimeoutError:
            half = len(batch) // 2
            await self._keep_alarms(batch[:half], send, tasks)
            await self._keep_alarms(batch[half:], send, tasks)
            return
        if isinstance(answers, Defect):
            self.counts.refused += 1
            if len(batch) == 1:
                await self._keep_refused(batch[0], messages[0], answers, send, tasks)
            else:
                for waiting in batch:
                    await self._keep_alarms([waiting], send, tasks)
            return
        self._settle_batch(batch, messages)
        self._send_acks(answers, send, tasks)

    async def _keep_refused(
        self, waiting: Waiting, message: ReceivedMessage, defect: Defect, send: SendToDevice, tasks: asyncio.TaskGroup
    ) -> None:
        """A press that raises as it is still calls for help: apart from its live alarm, else as an unreadable one.

        If even that raises it stays unanswered and is noticed: its device keeps it, shows so, and repeats it.
        """
        apart = replace(self._neighbours, conclude=alarms.conclude_after_defect)
        decoded = message.decoded
        message_id = getattr(decoded.said, "id", None) if isinstance(decoded, DecodedMessage) else decoded.message_id
        plain = Undecodable(decoded.topic, QuarantineReason.REFUSED_BY_THE_DATABASE, defect.error, message_id)
        for one in (message, ReceivedMessage(waiting.inbound, plain)):
            answers = await run_in_bulkhead(
                "a message of the alarm lane", partial(self._commit, [one], apart), expected=WORLD_IS_DOWN
            )
            if not isinstance(answers, Defect):
                self._settle_batch([waiting], [one])
                self._send_acks(answers, send, tasks)
                return
        self.counts.unkept += 1
        await self._notice_unkept(message, defect)
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
                lambda: commit_batch(self._alarms, 1, lambda conn: raise_notice(conn, raised, now)),
                expected=WORLD_IS_DOWN,
            )

    async def _commit(self, messages: list[ReceivedMessage], neighbours: Neighbours) -> list[AddressedAck]:
        """Commit, and retry for as long as the database is down.

        Raises what it refuses for good, and TimeoutError when several messages are too many for one attempt.
        """
        while True:
            try:
                return await commit_batch(
                    self._alarms,
                    len(messages),
                    lambda conn: presses.store_presses(conn, messages, neighbours, self._clocks, self._clock.now()),
                )
            except (psycopg.OperationalError, TimeoutError) as error:
                if isinstance(error, TimeoutError) and len(messages) > 1:
                    raise
                log.warning("%d messages of the alarm lane wait for the database: %s", len(messages), error)
                await asyncio.sleep(RETRY_SECONDS)

    def _send_acks(self, answers: list[AddressedAck], send: SendToDevice, tasks: asyncio.TaskGroup) -> None:
        if answers:
            tasks.create_task(send_acks(answers, send))

    # The state lane.

    async def _keep_states(self, batch: list[Waiting]) -> None:
        """Commit a batch, or let its senders be answered without; when the database refuses it, one at a time."""
        messages = [receive_message(waiting.inbound) for waiting in batch]
        try:
            kept = await run_in_bulkhead(
                f"{len(batch)} messages of the state lane",
                lambda: self._states_committed(messages),
                expected=WORLD_IS_DOWN,
            )
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("%d messages of the state lane are shed: %s", len(batch), error)
            self._count_shed(sum(not waiting.given_up for waiting in batch))
            for waiting in batch:
                waiting.settle()
            await asyncio.sleep(RETRY_SECONDS)
            return
        if isinstance(kept, Defect):
            self.counts.refused += 1
            await self._one_by_one(batch, messages, kept)
        else:
            self._settle_batch(batch, messages)

    async def _states_committed(self, messages: list[ReceivedMessage]) -> None:
        count, clock = len(messages), self._clock
        if states.select_readable(messages):
            await commit_batch(self._states, count, lambda conn: states.store_states(conn, messages, clock.now()))
        await commit_batch(
            self._states, count, lambda conn: states.evaluate_states(conn, messages, self._neighbours, clock.now())
        )

    async def _one_by_one(self, batch: list[Waiting], messages: list[ReceivedMessage], defect: Defect) -> None:
        if len(batch) > 1:
            for waiting in batch:
                await self._keep_states([waiting])
            return
        refused = Undecodable(messages[0].decoded.topic, QuarantineReason.REFUSED_BY_THE_DATABASE, defect.error)
        with suppress(psycopg.OperationalError, TimeoutError):
            await run_in_bulkhead(
                "quarantining a message", lambda: self._quarantine(batch[0].inbound, refused), expected=WORLD_IS_DOWN
            )
        batch[0].settle()

    async def _quarantine(self, inbound: Inbound, refused: Undecodable) -> None:
        home, now = self._neighbours.centre_id, self._clock.now()
        await commit_batch(
            self._states, 1, lambda conn: quarantine.quarantine_message(conn, inbound, refused, home, now)
        )

    def _settle_batch(self, batch: list[Waiting], messages: list[ReceivedMessage]) -> None:
        """After the commit: let the broker answer, and note who was heard."""
        self.counts.kept += len(batch)
        for waiting in batch:
            waiting.settle()
        self.heard.note_messages(messages)
