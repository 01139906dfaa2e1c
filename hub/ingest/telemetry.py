"""What happens to readings and visits between the broker and their answer?

20 ms of linger, at most 2,000 messages a batch. What is not committed within a second is shed: answered, counted, and
noticed once the database is back. A visit that was shed is repeated by its reader, which waits for its ack.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psycopg

from devices.contract.topics import Kind
from hub.ingest import reports
from hub.ingest.attempts import RETRY_SECONDS, commit_batch, receive_message, send_acks
from hub.ingest.last_heard import Heard
from hub.ingest.model import QuarantineReason, ReceivedMessage, SendToDevice, Undecodable
from hub.ingest.report_lane import ReportLane, WaitingReport
from hub.ingest.reports import KeptReports, ReportNeighbours, ToQuarantine
from hub.ingest.timing import DeviceClocks
from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Database
from hub.mqtt.model import Inbound

log = logging.getLogger(__name__)

SHED_AFTER_SECONDS: Final = 1.0
"""A connection whose reports wait is not read, and a press may be behind them (DECISIONS 14)."""
SWEEP_SECONDS: Final = 0.1
TELEMETRY_BATCH: Final = 2000
TELEMETRY_LINGER_SECONDS: Final = 0.02
TELEMETRY_CAPACITY: Final = 10_000
KEPT_FOR_OTHERS: Final = 1000


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
    strange: Database


class TelemetryIntake:
    """Receives reports; give them to `receive` or `receive_all`, then `run` with what sends acks to devices."""

    def __init__(self, pools: ReportPools, clock: Clock, neighbours: ReportNeighbours) -> None:
        self.counts = ReportCounts()
        self._clocks = DeviceClocks()
        self.heard = Heard(pools.readings, clock, neighbours.centre_id, self._clocks)
        self._pools = pools
        self._clock = clock
        self._neighbours = neighbours
        self._lane = ReportLane(linger_seconds=TELEMETRY_LINGER_SECONDS, batch=TELEMETRY_BATCH)

    def receive(self, inbound: Inbound, answer: Callable[[], None]) -> None:
        """One report of a broker elsewhere; `answer` is called within a second. With the queue full it is shed."""
        if len(self._lane) >= TELEMETRY_CAPACITY - reserve_of(inbound.topic):
            self._shed(1)
            answer()
            return
        self._lane.put([WaitingReport(inbound, time.monotonic(), answer)])

    def receive_all(self, waiting: Sequence[WaitingReport]) -> None:
        """Reports that the built-in broker handed over; it bounds how many wait. They are answered in their order."""
        self._lane.put(waiting)

    async def run(self, send: SendToDevice) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sweep())
            while True:
                await self._keep(await self._lane.gather(), send, tasks)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self._shed(self._lane.shed_older_than(time.monotonic() - SHED_AFTER_SECONDS))

    def _shed(self, messages: int) -> None:
        self.counts.shed += messages
        self.heard.shed(messages)

    async def _keep(self, batch: Sequence[WaitingReport], send: SendToDevice, tasks: asyncio.TaskGroup) -> None:
        """Commit a batch, or let its senders be answered without; when the database refuses it, one at a time."""
        messages = [receive_message(waiting.inbound) for waiting in batch]
        try:
            kept = await run_in_bulkhead(
                f"{len(batch)} reports", lambda: self._committed(messages), expected=WORLD_IS_DOWN
            )
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("%d reports are shed: %s", len(batch), error)
            self._shed(sum(waiting.settle() for waiting in batch))
            await asyncio.sleep(RETRY_SECONDS)
            return
        if isinstance(kept, Defect):
            self.counts.refused += 1
            await self._one_by_one(batch, messages, kept, send, tasks)
            return
        await self._set_aside(kept.strange)
        self._settle(batch, messages, kept, send, tasks)

    async def _committed(self, messages: Sequence[ReceivedMessage]) -> KeptReports:
        return await commit_batch(
            self._pools.readings,
            len(messages),
            lambda conn: reports.store_reports(conn, messages, self._neighbours, self._clocks, self._clock.now()),
        )

    async def _one_by_one(
        self,
        batch: Sequence[WaitingReport],
        messages: Sequence[ReceivedMessage],
        defect: Defect,
        send: SendToDevice,
        tasks: asyncio.TaskGroup,
    ) -> None:
        if len(batch) > 1:
            for waiting in batch:
                await self._keep([waiting], send, tasks)
            return
        refused = Undecodable(messages[0].decoded.topic, QuarantineReason.REFUSED_BY_THE_DATABASE, defect.error)
        await self._set_aside([ToQuarantine(batch[0].inbound, refused)])
        batch[0].settle()

    async def _set_aside(self, strange: Sequence[ToQuarantine]) -> None:
        """Put into quarantine; why that fails is in the log, and the batch goes on."""
        if not strange:
            return
        with suppress(psycopg.OperationalError, TimeoutError):
            await run_in_bulkhead("quarantining messages", lambda: self._quarantined(strange), expected=WORLD_IS_DOWN)

    async def _quarantined(self, strange: Sequence[ToQuarantine]) -> None:
        home, now = self._neighbours.centre_id, self._clock.now()
        await commit_batch(
            self._pools.strange, len(strange), lambda conn: reports.quarantine_messages(conn, strange, home, now)
        )

    def _settle(
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
            waiting.settle()
        if kept.answers:
            tasks.create_task(send_acks(kept.answers, send))
        self.heard.note(messages)


def reserve_of(topic: str) -> int:
    """How much of the queue messages of this topic leave to others: readings leave some to visits."""
    return KEPT_FOR_OTHERS if f"/{Kind.TELE}/" in topic else 0
