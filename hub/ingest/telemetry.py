"""What happens to readings and visits between the broker and their answer?

20 ms of linger, at most 2,000 messages a batch, devices take turns. A report of QoS 1 is answered when it is committed;
one of QoS 0, which has no answer, is shed after a second. What waits for 15 s, because the database is down, is
shed as well: answered, counted, and noticed once the database is back. A visit that was shed is repeated by its reader,
which waits for its ack.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psycopg

from hub.ingest import reports
from hub.ingest.attempts import RETRY_SECONDS, commit_batch, receive_message, send_acks
from hub.ingest.batch_size import BatchSize
from hub.ingest.last_heard import LastHeard
from hub.ingest.model import QuarantineReason, ReceivedMessage, SendToDevice, Undecodable
from hub.ingest.report_lane import ReportLane, WaitingReport
from hub.ingest.reports import QUARANTINED_PER_BATCH, KeptReports, ReportNeighbours, ToQuarantine
from hub.ingest.timing import DeviceClocks
from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Database
from hub.mqtt.model import Inbound

log = logging.getLogger(__name__)

SHED_AFTER_SECONDS: Final = 1.0
SHED_CONFIRMED_AFTER_SECONDS: Final = 15.0
"""For QoS 1: longer than telemetry takes to be started again. A client that sends one message at a time has its press
behind it (DECISIONS 78)."""
SWEEP_SECONDS: Final = 0.1
SWEEPS_A_SECOND: Final = 10
TELEMETRY_BATCH: Final = 2000
TELEMETRY_BATCH_SECONDS: Final = 0.25
TELEMETRY_LINGER_SECONDS: Final = 0.02
TELEMETRY_CAPACITY: Final = 10_000


@dataclass(slots=True)
class ReportCounts:
    """Since the start."""

    kept: int = 0
    shed: int = 0
    refused: int = 0
    """Attempts with which the database, or our own code, raised."""


@dataclass(frozen=True, slots=True)
class ReportPools:
    """`quarantine` is for what is undecodable: its transactions end themselves sooner than those of readings."""

    readings: Database
    quarantine: Database


class TelemetryIntake:
    """Receives reports; give them to `receive` or `receive_all`, then `run` with what sends acks to devices."""

    def __init__(self, pools: ReportPools, clock: Clock, neighbours: ReportNeighbours) -> None:
        self.counts = ReportCounts()
        self._clocks = DeviceClocks()
        self.heard = LastHeard(pools.readings, clock, neighbours.centre_id, self._clocks)
        self._pools = pools
        self._clock = clock
        self._neighbours = neighbours
        size = BatchSize(TELEMETRY_BATCH, TELEMETRY_BATCH_SECONDS)
        self._quarantined: Counter[str] = Counter()  # of each topic, since the last second began
        self._lane = ReportLane(size, linger_seconds=TELEMETRY_LINGER_SECONDS)

    def receive(self, inbound: Inbound, answer: Callable[[], None]) -> None:
        """One report of a broker elsewhere. With the queue full one of QoS 0 is shed; that broker bounds the others."""
        if not inbound.qos and len(self._lane) >= TELEMETRY_CAPACITY:
            self._count_shed(1)
            answer()
            return
        self._lane.put([WaitingReport(inbound, time.monotonic(), answer)])

    def receive_all(self, waiting: Sequence[WaitingReport]) -> None:
        """Reports that the built-in broker handed over; it bounds how many wait."""
        self._lane.put(waiting)

    async def run(self, send: SendToDevice) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._shed_overdue())
            while True:
                await self._store_batch(await self._lane.gather(), send, tasks)

    async def _shed_overdue(self) -> None:
        turns = 0
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            turns += 1
            if turns % SWEEPS_A_SECOND == 0:
                self._quarantined.clear()
            now = time.monotonic()
            shed = self._lane.shed_older_than(now - SHED_AFTER_SECONDS, now - SHED_CONFIRMED_AFTER_SECONDS)
            self._count_shed(shed)

    def _count_shed(self, messages: int) -> None:
        self.counts.shed += messages
        self.heard.count_shed(messages)

    async def _store_batch(self, batch: Sequence[WaitingReport], send: SendToDevice, tasks: asyncio.TaskGroup) -> None:
        """Commit a batch, or put it back; what of it raises is found by halves."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        messages = [receive_message(waiting.inbound) for waiting in batch]
        try:
            kept = await run_in_bulkhead(
                f"{len(batch)} reports", lambda: self._commit(messages), expected=WORLD_IS_DOWN
            )
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("%d reports wait for the database: %s", len(batch), error)
            if isinstance(error, TimeoutError):
                self._lane.size.note_failure(len(batch))
            self._lane.put_back(batch)
            await asyncio.sleep(RETRY_SECONDS)
            return
        if isinstance(kept, Defect):
            self.counts.refused += 1
            await self._store_by_halves(batch, messages, kept, send, tasks)
            return
        self._lane.size.note_commit(len(batch), loop.time() - began)
        await self._quarantine(kept.to_quarantine)
        self._settle_batch(batch, messages, kept, send, tasks)

    async def _commit(self, messages: Sequence[ReceivedMessage]) -> KeptReports:
        return await commit_batch(
            self._pools.readings,
            len(messages),
            lambda conn: reports.store_reports(conn, messages, self._neighbours, self._clocks, self._clock.now()),
        )

    async def _store_by_halves(
        self,
        batch: Sequence[WaitingReport],
        messages: Sequence[ReceivedMessage],
        defect: Defect,
        send: SendToDevice,
        tasks: asyncio.TaskGroup,
    ) -> None:
        if len(batch) > 1:
            half = len(batch) // 2
            await self._store_batch(batch[:half], send, tasks)
            await self._store_batch(batch[half:], send, tasks)
            return
        refused = Undecodable(messages[0].decoded.topic, QuarantineReason.REFUSED_BY_THE_DATABASE, defect.error)
        await self._quarantine([ToQuarantine(batch[0].inbound, refused)])
        batch[0].settle()

    async def _quarantine(self, to_quarantine: Sequence[ToQuarantine]) -> None:
        """Put into quarantine, of a topic 20 a second; why that fails is in the log, and the batch goes on."""
        self._quarantined.update(one.inbound.topic for one in to_quarantine)
        to_quarantine = [one for one in to_quarantine if self._quarantined[one.inbound.topic] <= QUARANTINED_PER_BATCH]
        if not to_quarantine:
            return
        with suppress(psycopg.OperationalError, TimeoutError):
            await run_in_bulkhead(
                "quarantining messages", lambda: self._quarantine_batch(to_quarantine), expected=WORLD_IS_DOWN
            )

    async def _quarantine_batch(self, to_quarantine: Sequence[ToQuarantine]) -> None:
        home, now = self._neighbours.centre_id, self._clock.now()
        await commit_batch(
            self._pools.quarantine,
            len(to_quarantine),
            lambda conn: reports.quarantine_messages(conn, to_quarantine, home, now),
        )

    def _settle_batch(
        self,
        batch: Sequence[WaitingReport],
        messages: Sequence[ReceivedMessage],
        kept: KeptReports,
        send: SendToDevice,
        tasks: asyncio.TaskGroup,
    ) -> None:
        """After the commit: let the broker answer, tell the devices, and note who was heard."""
        self.counts.kept += len(batch)
        for waiting in batch:
            waiting.settle()  # those of a turn are one message to the broker, which answers them part by part
        if kept.answers:
            tasks.create_task(send_acks(kept.answers, send))
        self.heard.note_messages(messages)
