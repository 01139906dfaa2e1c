"""How do messages become batches? Devices take turns while the batch before is being committed; repeats join."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.ingest.batch_size import BatchSize
from hub.ingest.fair_queue import FairQueue
from hub.ingest.model import ReceivedMessage
from hub.kit.clock import Clock

ALONE_FOR_SECONDS: Final = 60.0
"""A device with whose message a batch raised has no place in batches of others for so long."""


_NUMBERS: Final = itertools.count(1)


@dataclass(slots=True)
class LaneCounts:
    """What became of messages since the start."""

    kept: int = 0
    shed: int = 0
    refused: int = 0
    """Attempts with which the database, or our own code, raised."""
    unkept: int = 0
    """Messages of the alarm lane that raised even as undecodable ones: not answered, each repeat counts again."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A message whose sender waits. `given_up` says that nobody waits any more."""

    message: ReceivedMessage
    device: str
    identity: Hashable = None
    is_alone: bool = False
    """A batch with it raised: it is tried in a transaction of its own."""
    is_spooled: bool = False
    """It is durable in the spool, and not committed yet."""
    number: int = field(default_factory=_NUMBERS.__next__)
    settled: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def given_up(self) -> bool:
        return self.settled.done()

    def settle(self) -> None:
        """It is durable, or shed: its sender may be answered, and everybody who repeated it."""
        if not self.settled.done():
            self.settled.set_result(None)

    def fail(self, error: Exception) -> None:
        """It could not be kept."""
        if not self.settled.done():
            self.settled.set_exception(error)


class LaneQueue:
    """Messages that wait for their device's turn. What a caller does when it holds too many is the caller's to decide.

    `linger_seconds` is how long the first of a batch waits for others; `size` how many a batch may have now.
    """

    def __init__(self, clock: Clock, size: BatchSize, *, linger_seconds: float = 0) -> None:
        self.size = size
        self._clock = clock
        self._linger_seconds = linger_seconds
        self._queue = FairQueue[Waiting]()
        self._came = asyncio.Event()
        self._alone_until: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, message: ReceivedMessage, device: str, identity: Hashable = None) -> Waiting:
        """Queue a message. A repeat of one that waits or is in flight gives that one: it is answered for both."""
        if identity is not None and (same := self._queue.find(identity)) is not None:
            return same
        waiting = Waiting(message, device, identity, is_alone=self._raised_lately(device))
        self._queue.add(device, waiting, identity)
        self._came.set()
        return waiting

    def remember_message(self, waiting: Waiting) -> None:
        """A repeat of this message joins it, though it does not wait here."""
        self._queue.remember_identity(waiting.identity, waiting)

    async def gather(self) -> list[Waiting]:
        """The next batch, at least one message; those that were given up on meanwhile are left out."""
        while True:
            await self._came.wait()
            if self._linger_seconds:
                await asyncio.sleep(self._linger_seconds)
            taken = self._queue.take(self.size.size)
            batch = _split_batch([one for _, one in taken])
            self._queue.put_back(taken[len(batch) :])
            if not self._queue:
                self._came.clear()
            if wanted := [waiting for waiting in batch if not waiting.given_up]:
                return wanted

    def put_back(self, batch: Sequence[Waiting]) -> None:
        """It could not be committed: it is gathered again, first and in its order."""
        self._queue.put_back([(waiting.device, waiting) for waiting in batch])
        self._came.set()

    def put_back_alone(self, batch: Sequence[Waiting]) -> None:
        """One of these raised, nobody knows which: each is gathered again alone, and others have turns between."""
        for waiting in batch:
            waiting.is_alone = True
        self.put_back(batch)

    def isolate(self, device: str) -> None:
        """A message of this device raised: for a minute no other shares a transaction with one of it."""
        self._alone_until[device] = self._clock.monotonic() + ALONE_FOR_SECONDS

    def finish(self, waiting: Waiting) -> None:
        """It is committed or refused for good: a repeat of it is told by the database."""
        self._queue.finish(waiting.identity)

    def _raised_lately(self, device: str) -> bool:
        until = self._alone_until.get(device)
        if until is not None and until <= self._clock.monotonic():
            del self._alone_until[device]
            return False
        return until is not None


def device_of(message: ReceivedMessage) -> str:
    """Whose turn it is with this message: the device of its topic, else whoever published it."""
    topic = message.decoded.topic
    return (message.inbound.publisher or "") if topic is None else topic.device


def _split_batch(taken: Sequence[Waiting]) -> list[Waiting]:
    """What goes into one transaction: those before the first that has to be alone, or that one."""
    first_alone = next((at for at, waiting in enumerate(taken) if waiting.is_alone), len(taken))
    return list(taken[: max(1, first_alone)])
