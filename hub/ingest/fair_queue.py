"""Which message of a lane is next, and which one joins a message that waits? Pure.

Devices take turns: however much one of them sends, no other waits for more than one message of it for each of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Messages that wait, by device, and those that were taken and are not finished.

    Messages of one device are taken in the order in which they were added. Taken messages are given back by
    `put_back`, to be taken again, or are over by `finish`; until then a repeat of them joins them.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, deque[T]] = {}  # no empty ones; the order is that of the turns
        self._length = 0
        self._by_identity: dict[Hashable, T] = {}

    def __len__(self) -> int:
        """How many wait; those that were taken do not count."""
        return self._length

    def find(self, identity: Hashable) -> T | None:
        """The message with this identity that waits or was taken and is not finished: a repeat of it joins it."""
        return self._by_identity.get(identity)

    def add(self, device: str, item: T, identity: Hashable = None) -> None:
        """Let a message wait for its device's turn. `identity`: by which a repeat finds it; None for one that none
        joins."""
        self._waiting.setdefault(device, deque()).append(item)
        self._length += 1
        if identity is not None:
            self._by_identity[identity] = item

    def remember_identity(self, identity: Hashable, item: T) -> None:
        """A repeat of this message joins it until `finish`, though it waits for no turn."""
        self._by_identity[identity] = item

    def take(self, most: int) -> list[tuple[str, T]]:
        """Take up to `most` messages with their devices: one of each device, then again. Who was served waits behind
        all others."""
        taken: list[tuple[str, T]] = []
        while self._waiting and len(taken) < most:
            device = next(iter(self._waiting))
            queue = self._waiting.pop(device)
            taken.append((device, queue.popleft()))
            if queue:
                self._waiting[device] = queue
        self._length -= len(taken)
        return taken

    def put_back(self, taken: Sequence[tuple[str, T]]) -> None:
        """What was taken could not be done: it is taken again, before all others and in the same order."""
        again: dict[str, deque[T]] = {}
        for device, item in taken:
            again.setdefault(device, deque()).append(item)
        for device in again:
            again[device] += self._waiting.pop(device, deque())
        self._waiting = again | self._waiting
        self._length += len(taken)

    def finish(self, identity: Hashable) -> None:
        """A message that was taken is over: a repeat of it is another message."""
        self._by_identity.pop(identity, None)
