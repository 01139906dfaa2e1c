"""How do reports become batches? In the order in which they came, without a task, a timer or a future for each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hub.mqtt.model import Inbound


@dataclass(slots=True, eq=False)
class WaitingReport:
    """A report whose sender waits; `answer` is called once, when it is committed or shed."""

    inbound: Inbound
    came_at: float
    """Seconds of the machine's own monotonic clock (`time.monotonic`), the same in every process of it."""
    answer: Callable[[], None]
    is_answered: bool = False

    def settle(self) -> bool:
        """Its sender may be answered; False when it was already."""
        if self.is_answered:
            return False
        self.is_answered = True
        self.answer()
        return True


class ReportLane:
    """The queue. `linger_seconds` is how long the first of a batch waits for others."""

    def __init__(self, *, linger_seconds: float, batch: int) -> None:
        self._linger_seconds = linger_seconds
        self._batch = batch
        self._queue: deque[WaitingReport] = deque()
        self._in_flight: Sequence[WaitingReport] = ()
        self._came = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, reports: Sequence[WaitingReport]) -> None:
        """Queue reports. How many may wait is the caller's to decide."""
        self._queue.extend(reports)
        self._came.set()

    async def gather(self) -> Sequence[WaitingReport]:
        """The next batch, at least one report; those that were answered meanwhile are left out."""
        self._in_flight = ()
        while True:
            await self._came.wait()
            await asyncio.sleep(self._linger_seconds)
            taken = [self._queue.popleft() for _ in range(min(len(self._queue), self._batch))]
            if not self._queue:
                self._came.clear()
            if batch := [report for report in taken if not report.is_answered]:
                self._in_flight = batch
                return batch

    def shed_older_than(self, moment: float) -> int:
        """Answer what came before that moment and is not committed yet, oldest first; how many those were."""
        return _shed_reports(self._in_flight, moment) + _shed_reports(self._queue, moment)


def _shed_reports(reports: Sequence[WaitingReport] | deque[WaitingReport], moment: float) -> int:
    shed = 0
    for report in reports:
        if report.came_at > moment:
            break
        shed += report.settle()
    return shed
