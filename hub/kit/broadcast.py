"""One sender, many listeners in this process, none of whom can hold the others up."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Subscription(Generic[T]):
    """What one listener has not read yet: at most `depth` items.

    When it is full, what is queued is dropped and replaced by `lost`: the listener reads everything again.
    """

    def __init__(self, depth: int, lost: T) -> None:
        self._queue: asyncio.Queue[T] = asyncio.Queue(depth)
        self._lost = lost
        self.only: Callable[[T], bool] | None = None

    def offer(self, item: T) -> None:
        """Put `item` in without waiting, unless this listener asked `only` for others."""
        if self.only is not None and not self.only(item):
            return
        if self._queue.full():
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(self._lost)
        self._queue.put_nowait(item)

    async def next(self) -> T:
        """The next item, as soon as there is one."""
        return await self._queue.get()

    async def next_within(self, seconds: float) -> list[T]:
        """What is there as soon as there is anything, all of it; nothing when nothing came within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                first = await self._queue.get()
        except TimeoutError:
            return []
        return [first, *self.waiting()]

    def waiting(self) -> list[T]:
        """What is there already, taken out without waiting."""
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        return await self._queue.get()


class Broadcast(Generic[T]):
    """Hands each item to every listener; never waits for one."""

    def __init__(self, lost: T) -> None:
        self._lost = lost
        self._subscriptions: set[Subscription[T]] = set()

    def send(self, item: T) -> None:
        """Hand `item` to everybody who listens now."""
        for subscription in self._subscriptions:
            subscription.offer(item)

    @contextmanager
    def subscribe(self, *, depth: int = 1000) -> Iterator[Subscription[T]]:
        """Listen until the `with` block ends."""
        subscription = Subscription(max(depth, 2), self._lost)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
