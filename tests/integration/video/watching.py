"""How tests of an engine start a viewing, and keep its lease."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.video.engine import Candidates, Close, Engine, Open, Renew, Renewed
from hub.video.model import RENEW_SECONDS, Picture
from tests.fakes.viewer import Viewer
from tests.integration.video.conftest import Building

LONG = 3600.0


def opening(offer: str, address: str, viewing_id: str = "v-1", *, camera: str = "cam-gym", held: float = LONG) -> Open:
    """A viewing to open now, clear."""
    return Open(
        viewing_id=viewing_id,
        camera_id=camera,
        address=address,
        picture=Picture.CLEAR,
        as_of=time.monotonic(),
        held_seconds=held,
        offer=offer,
    )


async def start(
    engine: Engine,
    building: Building,
    one: Viewer,
    viewing_id: str = "v-1",
    *,
    held: float = LONG,
    camera: str = "cam-gym",
    url: str | None = None,
) -> None:
    offer = await one.offer()
    answer = await engine.open(opening(offer, url or building.url(camera), viewing_id, camera=camera, held=held))
    await one.take(answer.sdp)


async def renew(engine: Engine, *viewing_ids: str, picture: Picture = Picture.CLEAR) -> Renewed:
    """Renew these leases once, for grants that hold now."""
    return await engine.renew(Renew(pictures=dict.fromkeys(viewing_ids, picture), as_of=time.monotonic()))


async def close(engine: Engine, *viewing_ids: str) -> None:
    await engine.close(Close(viewing_ids=viewing_ids))


async def add_candidates(engine: Engine, viewing_id: str, fragment: str) -> None:
    await engine.add_candidates(Candidates(viewing_id=viewing_id, fragment=fragment))


@asynccontextmanager
async def leased(engine: Engine, *viewing_ids: str) -> AsyncIterator[None]:
    """Renew these leases every quarter of a second, as the hub does."""

    async def keep() -> None:
        while True:
            await renew(engine, *viewing_ids)
            await asyncio.sleep(RENEW_SECONDS)

    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(keep())
        try:
            yield
        finally:
            keeping.cancel()
