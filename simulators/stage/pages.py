"""How is the stage mounted in the pages of the hub that `./anling demo` starts?"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx

from extension.pages import MountedPages, MountPoint, PageMount
from simulators.stage.api import AWAY, NoteCharts, build_router
from simulators.stage.service import StageService


@asynccontextmanager
async def mount_stage(hub: MountPoint) -> AsyncIterator[MountedPages]:
    """The stage beside the pages of a hub; its switches lead to the simulated centre."""
    async with httpx.AsyncClient(timeout=3.0, trust_env=False) as client:
        service = StageService(hub, client)
        yield MountedPages(
            router=build_router(hub, service),
            wrap=lambda app: NoteCharts(app, service),
            origins=(service.organisation_url,),
            codes=(AWAY,),
        )


STAGE: Final = PageMount(mount_stage)
