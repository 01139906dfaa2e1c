"""Who is next, when more ask than can be served at once?"""

import asyncio
from contextlib import AsyncExitStack, suppress

import pytest

from hub.kit.fair_lane import FairLane, LaneFull


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


class Queue:
    """Tasks that want a turn in `lane`; each ends when it is told to, in the order in which it had its turn."""

    def __init__(self, lane: FairLane, tasks: asyncio.TaskGroup) -> None:
        self.lane = lane
        self.tasks = tasks
        self.served: list[str] = []
        self.shed: list[str] = []
        self.go_on = asyncio.Event()

    async def ask(self, key: str, number: int = 1) -> list[asyncio.Task[None]]:
        asking = [self.tasks.create_task(self._ask(key)) for _ in range(number)]
        await settle()
        return asking

    async def _ask(self, key: str) -> None:
        try:
            async with self.lane.take_turn(key):
                self.served.append(key)
                await self.go_on.wait()
        except LaneFull:
            self.shed.append(key)


async def test_each_key_has_its_turn_however_many_another_has() -> None:
    async with asyncio.TaskGroup() as tasks:
        queue = Queue(FairLane(at_once=1, may_wait=20, of_one=10), tasks)
        await queue.ask("a", 5)
        await queue.ask("b")
        await queue.ask("c")
        queue.go_on.set()

    assert queue.served == ["a", "a", "b", "c", "a", "a", "a"]


async def test_of_one_key_only_so_many_wait() -> None:
    async with asyncio.TaskGroup() as tasks:
        queue = Queue(FairLane(at_once=1, may_wait=20, of_one=2), tasks)
        await queue.ask("a", 5)
        assert queue.shed == ["a", "a"]
        queue.go_on.set()


async def test_who_asks_once_gets_the_place_of_who_asks_most() -> None:
    async with asyncio.TaskGroup() as tasks:
        queue = Queue(FairLane(at_once=1, may_wait=4, of_one=4), tasks)
        await queue.ask("a", 5)
        await queue.ask("b")
        assert queue.shed == ["a"]
        await queue.ask("a")
        assert queue.shed == ["a", "a"], "not the other way round"
        queue.go_on.set()

    assert queue.served == ["a", "a", "b", "a", "a"]


async def test_who_gives_up_takes_nobodys_place() -> None:
    async with asyncio.TaskGroup() as tasks:
        queue = Queue(FairLane(at_once=1, may_wait=4, of_one=4), tasks)
        await queue.ask("a")
        (waiting,) = await queue.ask("b")
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        assert queue.lane.waiting == 0
        await queue.ask("c")
        queue.go_on.set()

    assert queue.served == ["a", "c"]


async def test_who_gives_up_in_the_moment_of_her_turn_passes_it_on() -> None:
    lane = FairLane(at_once=1, may_wait=4, of_one=4)

    async def ask() -> None:
        async with lane.take_turn("b"):
            pass

    async with asyncio.TaskGroup() as tasks:
        async with AsyncExitStack() as first:
            await first.enter_async_context(lane.take_turn("a"))
            waiting = tasks.create_task(ask())
            await settle()
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

    async with asyncio.timeout(5), lane.take_turn("c"):
        pass


async def test_a_turn_that_raises_is_over() -> None:
    lane = FairLane(at_once=1, may_wait=4, of_one=4)
    with pytest.raises(ZeroDivisionError):
        async with lane.take_turn("a"):
            raise ZeroDivisionError

    async with asyncio.timeout(5), lane.take_turn("b"):
        pass
