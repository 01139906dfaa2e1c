"""What does somebody who listens hear, and for how long does she wait for it?"""

import asyncio

from hub.kit.broadcast import Broadcast


async def test_whoever_listens_gets_at_once_all_that_came_meanwhile() -> None:
    broadcast = Broadcast("lost")
    with broadcast.subscribe() as heard:
        for item in ("first", "second", "third"):
            broadcast.send(item)

        assert await heard.next_within(3600) == ["first", "second", "third"]
        assert heard.waiting() == []


async def test_whoever_waits_is_woken_by_what_comes() -> None:
    broadcast = Broadcast("lost")
    with broadcast.subscribe() as heard:
        asyncio.get_running_loop().call_soon(broadcast.send, "first")

        assert await heard.next_within(3600) == ["first"]


async def test_whoever_waits_long_enough_goes_on_with_nothing_and_misses_nothing_later() -> None:
    broadcast = Broadcast("lost")
    with broadcast.subscribe() as heard:
        assert await heard.next_within(0) == []

        broadcast.send("later")
        assert await heard.next_within(0) == ["later"]
