"""What happens to a message between the broker and its answer? Two lanes, each with its own queue, task and database.

Alarm lane: no linger; what is pending is committed together while the next batch gathers. It waits without limit: while
the database is away nothing is answered, the devices keep their presses and repeat them. Its queue is bounded by what
brokers leave unanswered (256 presses a connection).

Telemetry lane: 20 ms of linger, at most 2,000 messages a batch. What is not committed within a second, or finds the
queue full, is shed: answered, counted, and noticed once the database is back. Readings leave a part of the queue to
visits, states and proofs; a visit that was shed is repeated by its reader, which waits for its ack.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias

import psycopg

from devices.contract.messages import dump
from devices.contract.topics import Kind, parse_topic, topic
from hub.fleet import service as fleet
from hub.ingest import presses, quarantine, reports
from hub.ingest.decode import decode
from hub.ingest.lane import Lane, Waiting
from hub.ingest.model import Answer, Arrived, Decoded, Garbled, Neighbours, Spoken, Understood
from hub.ingest.timing import DeviceClocks
from hub.kit.bulkhead import Defect, contain, contain_now
from hub.kit.clock import Clock
from hub.kit.db import Conn, Database
from hub.kit.ids import DeviceId
from hub.mqtt.model import Inbound, NotDurable, Receivers, Unreachable
from hub.notices.model import Raised
from hub.notices.service import raise_notice

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 0.5
ATTEMPT_SECONDS: Final = 5.0
SHED_AFTER_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 5.0
HEARD_SECONDS: Final = 2.0
ALARM_BATCH: Final = 500
TELEMETRY_BATCH: Final = 2000
TELEMETRY_LINGER_SECONDS: Final = 0.02
TELEMETRY_CAPACITY: Final = 10_000
KEPT_FOR_OTHERS: Final = 1000

Keep: TypeAlias = Callable[[Conn, Sequence[Arrived], Neighbours, DeviceClocks, datetime], Awaitable[list[Answer]]]


@dataclass(slots=True)
class Counts:
    """Since the start."""

    kept: int = 0
    shed: int = 0
    refused: int = 0
    """Attempts with which the database, or our own code, raised."""


class Intake:
    """Receives what brokers hear. `alarms` and `telemetry` are pools of their own, so that neither waits for the other.

    Give `receivers` to a transport, then `run` both with `speak_through` that transport.
    """

    def __init__(self, alarms: Database, telemetry: Database, clock: Clock, neighbours: Neighbours) -> None:
        self.counts = Counts()
        self._alarms = alarms
        self._telemetry = telemetry
        self._clock = clock
        self._neighbours = neighbours
        self._clocks = DeviceClocks()
        self._alarm_lane = Lane(linger_seconds=0, batch=ALARM_BATCH)
        self._telemetry_lane = Lane(
            linger_seconds=TELEMETRY_LINGER_SECONDS, batch=TELEMETRY_BATCH, capacity=TELEMETRY_CAPACITY
        )
        self._heard: dict[DeviceId, datetime] = {}
        self._batteries: dict[DeviceId, float] = {}
        self._shed_unsaid = 0

    @property
    def receivers(self) -> Receivers:
        return Receivers(self._receive_alarm, self._receive_telemetry)

    async def run_alarms(self, speak_through: Spoken) -> None:
        """Serve the alarm lane until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._keep_alarms(await self._alarm_lane.gather(), speak_through, tasks)

    async def run_telemetry(self, speak_through: Spoken) -> None:
        """Serve the telemetry lane until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._keep_telemetry(await self._telemetry_lane.gather(), speak_through, tasks)

    async def _receive_alarm(self, inbound: Inbound) -> None:
        await self._alarm_lane.put(inbound).settled

    async def _receive_telemetry(self, inbound: Inbound) -> None:
        if len(self._telemetry_lane) >= TELEMETRY_CAPACITY - self._reserve(inbound):
            self._shed(1)
            return
        waiting = self._telemetry_lane.put(inbound)
        try:
            async with asyncio.timeout(SHED_AFTER_SECONDS):
                await waiting.settled
        except TimeoutError:
            self._shed(1)

    def _reserve(self, inbound: Inbound) -> int:
        return KEPT_FOR_OTHERS if f"/{Kind.TELE}/" in inbound.topic else 0

    def _shed(self, messages: int) -> None:
        self.counts.shed += messages
        self._shed_unsaid += messages

    # The alarm lane.

    async def _keep_alarms(self, batch: list[Waiting], speak: Spoken, tasks: asyncio.TaskGroup) -> None:
        """Commit a batch, however long it takes; when that raises or the database refuses it, one message at a time.

        A batch that one attempt is too short for is halved: on a slow machine a house that presses at once would
        otherwise be tried for ever.
        """
        arrived = [_arrived(waiting.inbound) for waiting in batch]
        try:
            answers = await contain(
                f"{len(batch)} messages of the alarm lane", lambda: self._committed(arrived, self._neighbours)
            )
        except TimeoutError:
            half = len(batch) // 2
            await self._keep_alarms(batch[:half], speak, tasks)
            await self._keep_alarms(batch[half:], speak, tasks)
            return
        if isinstance(answers, Defect):
            self.counts.refused += 1
            if len(batch) == 1:
                await self._keep_refused(batch[0], arrived[0], answers, speak, tasks)
            else:
                for waiting in batch:
                    await self._keep_alarms([waiting], speak, tasks)
            return
        self._settle(batch, arrived, answers, speak, tasks)

    async def _keep_refused(
        self, waiting: Waiting, arrived: Arrived, defect: Defect, speak: Spoken, tasks: asyncio.TaskGroup
    ) -> None:
        """A press that raises as it is still calls for help: apart from its live alarm, else as an unreadable one.

        If even that raises it stays unanswered: its device keeps it, shows so, and repeats it.
        """
        apart = replace(self._neighbours, conclude=self._neighbours.conclude_apart)
        decoded = arrived.decoded
        message_id = getattr(decoded.said, "id", None) if isinstance(decoded, Understood) else decoded.message_id
        plain = Garbled(decoded.topic, "refused-by-the-database", defect.error, message_id)
        for one in (arrived, Arrived(waiting.inbound, plain)):
            answers = await contain("a message of the alarm lane", partial(self._committed, [one], apart))
            if not isinstance(answers, Defect):
                self._settle([waiting], [one], answers, speak, tasks)
                return
        waiting.fail(NotDurable(f"{defect.error} while keeping a message of the alarm lane"))

    async def _committed(self, arrived: list[Arrived], neighbours: Neighbours) -> list[Answer]:
        """Commit, and try again for as long as the database is away.

        Raises what it refuses for good, and TimeoutError when several messages are too many for one attempt.
        """
        while True:
            try:
                return await self._commit(self._alarms, presses.keep, arrived, neighbours)
            except (psycopg.OperationalError, TimeoutError) as error:
                if isinstance(error, TimeoutError) and len(arrived) > 1:
                    raise
                log.warning("%d messages of the alarm lane wait for the database: %s", len(arrived), error)
                await asyncio.sleep(RETRY_SECONDS)

    # The telemetry lane.

    async def _keep_telemetry(self, batch: list[Waiting], speak: Spoken, tasks: asyncio.TaskGroup) -> None:
        """Commit a batch, or let its senders be answered without; when the database refuses it, one at a time."""
        arrived = [_arrived(waiting.inbound) for waiting in batch]
        try:
            answers = await contain(
                f"{len(batch)} messages of the telemetry lane", lambda: self._reports_committed(arrived)
            )
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("%d messages of the telemetry lane are shed: %s", len(batch), error)
            self._shed(sum(not waiting.given_up for waiting in batch))
            for waiting in batch:
                waiting.settle()
            await asyncio.sleep(RETRY_SECONDS)
            return
        if isinstance(answers, Defect):
            self.counts.refused += 1
            await self._one_by_one(batch, answers, speak, tasks)
            return
        self._settle(batch, arrived, answers, speak, tasks)

    async def _reports_committed(self, arrived: list[Arrived]) -> list[Answer]:
        if reports.states(arrived):
            await self._commit(self._telemetry, reports.keep_states, arrived, self._neighbours)
        return await self._commit(self._telemetry, reports.keep, arrived, self._neighbours)

    async def _one_by_one(self, batch: list[Waiting], defect: Defect, speak: Spoken, tasks: asyncio.TaskGroup) -> None:
        if len(batch) > 1:
            for waiting in batch:
                await self._keep_telemetry([waiting], speak, tasks)
            return
        waiting = batch[0]
        decoded = _arrived(waiting.inbound).decoded
        refused = Garbled(decoded.topic, "refused-by-the-database", defect.error)
        with suppress(psycopg.OperationalError, TimeoutError):
            await contain("a message that is set aside", lambda: self._set_aside(waiting.inbound, refused))
        waiting.settle()

    async def _set_aside(self, inbound: Inbound, refused: Garbled) -> None:
        async with asyncio.timeout(ATTEMPT_SECONDS), self._telemetry.transaction() as conn:
            await quarantine.set_aside(conn, inbound, refused, self._neighbours.centre_id, self._clock.now())

    async def tell_who_was_heard(self) -> None:
        """Write what the lanes noted since the last time, apart from the lanes: their rows stay free of locks.

        Due every two seconds. Kept for the next time while the database is away.
        """
        heard, said, shed = dict(self._heard), dict(self._batteries), self._shed_unsaid
        if not heard and not shed:
            return
        now = self._clock.now()
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS), self._telemetry.transaction() as conn:
                await fleet.heard(conn, heard)
                await fleet.batteries(conn, said)
                if shed:
                    raised = Raised(self._neighbours.centre_id, "telemetry-shed", "hub", params={"messages": shed})
                    await raise_notice(conn, raised, now)
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("who was heard is written later: %s", error)
            return
        self._shed_unsaid -= shed
        self._heard = {device: at for device, at in self._heard.items() if heard.get(device) != at}
        self._batteries = {device: left for device, left in self._batteries.items() if said.get(device) != left}

    # Both.

    async def _commit(
        self, database: Database, keep: Keep, arrived: list[Arrived], neighbours: Neighbours
    ) -> list[Answer]:
        """Commit; once more when PostgreSQL ended a circle of waiting here, for then the others have gone on."""
        try:
            return await self._attempt(database, keep, arrived, neighbours)
        except psycopg.errors.DeadlockDetected as error:
            log.warning("%d messages waited in a circle and are tried again: %s", len(arrived), error)
            return await self._attempt(database, keep, arrived, neighbours)

    async def _attempt(
        self, database: Database, keep: Keep, arrived: list[Arrived], neighbours: Neighbours
    ) -> list[Answer]:
        async with asyncio.timeout(ATTEMPT_SECONDS), database.transaction() as conn:
            return await keep(conn, arrived, neighbours, self._clocks, self._clock.now())

    def _settle(
        self,
        batch: list[Waiting],
        arrived: list[Arrived],
        answers: list[Answer],
        speak: Spoken,
        tasks: asyncio.TaskGroup,
    ) -> None:
        """After the commit: let the broker answer, tell the devices, and note who was heard."""
        self.counts.kept += len(batch)
        for waiting in batch:
            waiting.settle()
        if answers:
            tasks.create_task(_tell(answers, speak))
        self._heard |= reports.heard(arrived)
        self._batteries |= reports.batteries(arrived)


async def _tell(answers: list[Answer], speak: Spoken) -> None:
    """Send acks. One that is lost does no harm: the device repeats its message and is answered again."""
    for answer in answers:
        where = topic(answer.topic.centre, Kind.ACK, answer.topic.device)
        with suppress(Unreachable, TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await speak.publish(where, dump(answer.ack))


def _arrived(inbound: Inbound) -> Arrived:
    return Arrived(inbound, _decoded(inbound))


def _decoded(inbound: Inbound) -> Decoded:
    """Read a message; a defect of ours in reading it makes it one that nobody can read, never a crash loop."""
    decoded = contain_now("reading a message", lambda: decode(inbound.topic, inbound.payload))
    return Garbled(parse_topic(inbound.topic), "defect", decoded.error) if isinstance(decoded, Defect) else decoded
