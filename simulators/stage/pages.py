"""How is the stage mounted in the pages of the hub that `./anling demo` starts?"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx

from extension.pages import MountedPages, MountPoint, PageMount
from simulators.stage.api import AWAY, NoteCharts, build_router
from simulators.stage.service import Theatre


@asynccontextmanager
async def mount_stage(hub: MountPoint) -> AsyncIterator[MountedPages]:
    """The stage beside the pages of a hub; its switches lead to the simulated centre."""
    async with httpx.AsyncClient(timeout=3.0, trust_env=False) as client:
        theatre = Theatre(hub, client)
        yield MountedPages(
            router=build_router(hub, theatre),
            wrap=lambda app: NoteCharts(app, theatre),
            origins=(theatre.organisation_url,),
            codes=(AWAY,),
        )


STAGE: Final = PageMount(mount_stage)
