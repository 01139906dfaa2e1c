"""An engine without pictures that answers everything but renewals: the hub asks for those in vain."""

import asyncio
from dataclasses import dataclass, field

from hub.video.engine import Candidates, Close, Engine, EngineUnreachable, Open, Renew, Renewed, SdpAnswer, Stats


@dataclass(slots=True)
class DeafEngine(Engine):
    """What it was asked to open, and for which pictures; `renewing` is set each time the hub asks for leases."""

    opened: list[Open] = field(default_factory=list)
    renewing: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self, request: Open) -> SdpAnswer:
        self.opened.append(request)
        return SdpAnswer(sdp="v=0")

    async def add_candidates(self, request: Candidates) -> None:
        return

    async def renew(self, request: Renew) -> Renewed:
        self.renewing.set()
        raise EngineUnreachable

    async def close(self, request: Close) -> None:
        return

    async def stats(self) -> Stats:
        return Stats()
