"""Who is next, when more want something than can be done at once? Round-robin by who asks, and bounded."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class LaneFull(Exception):
    """Too many wait already, of this key or of all: it is shed, and may ask again."""


class FairLane:
    """`at_once` run; of those who wait each key has its turn in order, however many another key has.

    At most `may_wait` wait, and `of_one` of one key. When all places are taken, the newest of the key that has most is
    shed for one of a key that has fewer: who asks once gets through beside whoever asks without end.
    """

    def __init__(self, *, at_once: int, may_wait: int, of_one: int) -> None:
        self._free = at_once
        self._may_wait = may_wait
        self._of_one = of_one
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait now, of all keys."""
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def take_turn(self, key: str) -> AsyncIterator[None]:
        """Wait for a place and hold it for as long as the block lasts. Raises LaneFull."""
        await self._enter(key)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, key: str) -> None:
        if self._free:
            self._free -= 1
            return
        self._make_room_for(key)
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._leave()  # its turn had come in the same moment
            else:
                self._remove(key, turn)
            raise

    def _leave(self) -> None:
        while self._waiting:
            key, turns = self._waiting.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._waiting[key] = turns
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _make_room_for(self, key: str) -> None:
        own = len(self._waiting.get(key, ()))
        if own >= self._of_one:
            raise LaneFull
        if self.waiting < self._may_wait:
            return
        most = max(self._waiting, key=lambda one: len(self._waiting[one]))
        if len(self._waiting[most]) <= own + 1:
            raise LaneFull
        shed = self._waiting[most][-1]
        self._remove(most, shed)
        if not shed.done():
            shed.set_exception(LaneFull())

    def _remove(self, key: str, turn: asyncio.Future[None]) -> None:
        turns = self._waiting.get(key)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self._waiting[key]
