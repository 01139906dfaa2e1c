"""What does the hub get of an engine? The same answers from each, in its own process or behind the socket."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from hub.video.engine import Engine, EngineRefused, Open
from hub.video.media.control import serve_control
from hub.video.media.viewings import open_engine
from hub.video.model import Picture
from hub.video.remote import MediaProcess
from tests.fakes.viewer import open_viewer
from tests.integration.video.conftest import Building
from tests.integration.video.watching import add_candidates, close, leased, opening, renew, start


@pytest.fixture(params=["in its own process", "behind the socket"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    """The engine that passes pictures through, as it is and as the hub reaches it."""
    async with open_engine(["127.0.0.1"]) as own:
        if request.param == "in its own process":
            yield own
            return
        with tempfile.TemporaryDirectory(prefix="anling-") as folder:
            socket = Path(folder) / "media.sock"
            async with serve_control(socket, nullcontext(own)), asyncio.TaskGroup() as group:
                remote = MediaProcess(socket)
                running = group.create_task(remote.run())
                await asyncio.wait_for(remote.ready(), 5)
                yield remote
                running.cancel()


async def test_a_viewing_is_opened_once_and_shows_the_camera(building: Building, engine: Engine) -> None:
    async with open_viewer() as one, leased(engine, "v-1"):
        await start(engine, building, one)
        await one.sees(3)

        with pytest.raises(EngineRefused) as refused:
            await start(engine, building, one)
        stats = await engine.stats()

    assert refused.value.code == "already-opened"
    assert stats.viewings["v-1"].connected
    assert stats.cameras["cam-gym"].state == "playing"


async def test_a_viewing_that_is_closed_gets_nothing_more_and_does_not_open_again(
    building: Building, engine: Engine
) -> None:
    async with open_viewer() as one, open_viewer() as other, leased(engine, "v-1"):
        await start(engine, building, one)
        await one.sees(3)

        await close(engine, "v-1")
        closed = time.monotonic()
        ended = await one.goes_dark()
        renewed = await renew(engine, "v-1")
        again = opening(await other.offer(), building.url("cam-gym"))
        with pytest.raises(EngineRefused):
            await engine.open(again)

    assert ended < closed + 0.25
    assert renewed.gone == {"v-1": "closed"}


async def test_a_viewing_that_is_closed_while_its_offer_is_answered_has_ended(building: Building) -> None:
    """Whatever the connection that is taken down then says of the offer."""
    async with open_engine(["127.0.0.1"]) as engine, open_viewer() as one, asyncio.TaskGroup() as group:
        opened = group.create_task(refusal_of(engine, opening(await one.offer(), building.url("cam-gym"))))
        while not (await engine.stats()).viewings:
            await asyncio.sleep(0)

        await close(engine, "v-1")

        assert await opened == "no-such-viewing"


async def refusal_of(engine: Engine, request: Open) -> str:
    with pytest.raises(EngineRefused) as refused:
        await engine.open(request)
    return refused.value.code


async def test_a_picture_without_a_lease_ends_within_a_second(building: Building, engine: Engine) -> None:
    async with open_viewer() as one:
        await start(engine, building, one)
        opened = time.monotonic()

        ended = await one.goes_dark()

    assert ended < opened + 1


async def test_nobody_sees_a_clear_picture_where_a_blurred_one_is_granted(building: Building, engine: Engine) -> None:
    async with open_viewer() as one, open_viewer() as other:
        await start(engine, building, one)
        await renew(engine, "v-1")
        await one.sees(3)

        renewed = await renew(engine, "v-1", picture=Picture.BLURRED)
        told = time.monotonic()
        blurred = opening(await other.offer(), building.url("cam-gym"), "v-2")
        with pytest.raises(EngineRefused, match="there is no blurred picture") as refused:
            await engine.open(blurred.model_copy(update={"picture": Picture.BLURRED}))
        ended = await one.goes_dark()

    assert ended < told + 0.25
    assert renewed.gone == {"v-1": "cannot-blur"}
    assert refused.value.code == "cannot-blur"
    assert (await renew(engine, "v-1", "v-2")).gone == {"v-1": "cannot-blur", "v-2": "unknown"}


async def test_addresses_of_a_viewer_whose_viewing_is_not_there_are_refused(engine: Engine) -> None:
    with pytest.raises(EngineRefused) as refused:
        await add_candidates(engine, "v-nobody", "")

    assert refused.value.code == "no-such-viewing"


async def test_an_engine_without_viewings_says_so(engine: Engine) -> None:
    assert (await renew(engine, "v-1")).gone == {"v-1": "unknown"}
    assert (await engine.stats()).viewings == {}
