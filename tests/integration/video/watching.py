"""How tests of the media process start a viewing, and keep its lease."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.video.model import (
    RENEW_SECONDS,
)
from hub.video.remote import MediaProcess
from tests.fakes.viewer import Viewer
from tests.integration.video.conftest import Building

LONG = 3600.0


async def start(
    media: MediaProcess,
    building: Building,
    one: Viewer,
    viewing_id: str = "v-1",
    *,
    held: float = LONG,
    camera: str = "cam-gym",
    url: str | None = None,
) -> None:
    offer = await one.offer()
    answer = await media.open(
        viewing_id, camera, url or building.url(camera), as_of=time.monotonic(), held_seconds=held, offer=offer
    )
    await one.take(answer)


@asynccontextmanager
async def leased(media: MediaProcess, *viewing_ids: str) -> AsyncIterator[None]:
    """Renew these leases every quarter of a second, as the hub does."""

    async def renew() -> None:
        while True:
            await media.renew(viewing_ids, as_of=time.monotonic())
            await asyncio.sleep(RENEW_SECONDS)

    async with asyncio.TaskGroup() as group:
        renewing = group.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
