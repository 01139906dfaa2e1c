"""How do reports become batches? Devices take turns, without a task, a timer or a future for each report."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.ingest.batch_size import BatchSize
from hub.ingest.fair_queue import FairQueue
from hub.mqtt.model import Inbound


@dataclass(slots=True, eq=False)
class WaitingReport:
    """A report whose sender waits; `answer` is called once, when it is committed or shed."""

    inbound: Inbound
    came_at: float
    """Seconds of the machine's own monotonic clock (`time.monotonic`), the same in every process of it."""
    answer: Callable[[], None]
    is_answered: bool = False

    @property
    def device(self) -> str:
        """Whose turn it is with this report."""
        return self.inbound.topic.rsplit("/", 1)[-1]

    def settle(self) -> bool:
        """Its sender may be answered; False when it was already."""
        if self.is_answered:
            return False
        self.is_answered = True
        self.answer()
        return True


class ReportLane:
    """The queue. `linger_seconds` is how long a batch that is not full waits for more, `size` how many it may have."""

    def __init__(self, size: BatchSize, *, linger_seconds: float) -> None:
        self.size = size
        self._linger_seconds = linger_seconds
        self._queue = FairQueue[WaitingReport]()
        self._by_age: tuple[deque[WaitingReport], deque[WaitingReport]] = (deque(), deque())  # of QoS 0, of QoS 1
        self._came = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, reports: Sequence[WaitingReport]) -> None:
        """Queue reports. How many may wait is the caller's to decide."""
        for report in reports:
            self._queue.add(report.device, report)
            self._by_age[report.inbound.qos > 0].append(report)
        self._came.set()

    def put_back(self, reports: Sequence[WaitingReport]) -> None:
        """They could not be committed: they are gathered again, first and in their order."""
        self._queue.put_back([(report.device, report) for report in reports])
        self._came.set()

    async def gather(self) -> Sequence[WaitingReport]:
        """The next batch, at least one report; those that were answered meanwhile are left out."""
        while True:
            await self._came.wait()
            if len(self._queue) < self.size.size:
                await asyncio.sleep(self._linger_seconds)
            taken = self._queue.take(self.size.size)
            if not self._queue:
                self._came.clear()
            if batch := [report for _, report in taken if not report.is_answered]:
                return batch

    def shed_older_than(self, unconfirmed: float, confirmed: float) -> int:
        """Answer what came before these moments (of QoS 0, of QoS 1) and is not committed yet; how many those were."""
        return _shed_reports(self._by_age[0], unconfirmed) + _shed_reports(self._by_age[1], confirmed)


def _shed_reports(by_age: deque[WaitingReport], moment: float) -> int:
    shed = 0
    while by_age and (by_age[0].is_answered or by_age[0].came_at <= moment):
        shed += by_age.popleft().settle()
    return shed
