"""How do messages become batches? A queue that gathers while the batch before it is being committed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hub.mqtt.model import Inbound


@dataclass(slots=True, eq=False)
class Waiting:
    """A message whose sender waits. `given_up` says that nobody does any more."""

    inbound: Inbound
    settled: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def given_up(self) -> bool:
        return self.settled.done()

    def settle(self) -> None:
        """It is durable, or shed: its sender may be answered."""
        if not self.settled.done():
            self.settled.set_result(None)

    def fail(self, error: Exception) -> None:
        """It could not be kept."""
        if not self.settled.done():
            self.settled.set_exception(error)


class LaneQueue:
    """Messages in the order in which they came.

    `linger_seconds` is how long the first of a batch waits for others. The queue holds `capacity` messages; what a
    caller does when it is full is the caller's to decide.
    """

    def __init__(self, *, linger_seconds: float, batch: int, capacity: int = 0) -> None:
        self._queue: asyncio.Queue[Waiting] = asyncio.Queue(capacity)
        self._linger_seconds = linger_seconds
        self._batch = batch

    def __len__(self) -> int:
        return self._queue.qsize()

    def put(self, inbound: Inbound) -> Waiting:
        """Queue a message. Raises asyncio.QueueFull."""
        waiting = Waiting(inbound)
        self._queue.put_nowait(waiting)
        return waiting

    async def gather(self) -> list[Waiting]:
        """The next batch, at least one message; those that were given up on meanwhile are left out."""
        while True:
            first = await self._queue.get()
            if self._linger_seconds:
                await asyncio.sleep(self._linger_seconds)
            rest = [self._queue.get_nowait() for _ in range(min(self._queue.qsize(), self._batch - 1))]
            if batch := [waiting for waiting in (first, *rest) if not waiting.given_up]:
                return batch
