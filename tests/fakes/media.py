"""A media process without pictures that answers everything but renewals: the hub waits for those in vain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub.video.model import REQUEST, MediaDone, Open, Renew, SdpAnswer, encode_line


@dataclass(slots=True)
class DeafMedia:
    """What it was asked to open; `renewing` is set each time the hub begins to wait."""

    opened: list[Open] = field(default_factory=list)
    renewing: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self, hears: asyncio.StreamReader, says: asyncio.StreamWriter) -> None:
        """Listen to one hub until it hangs up."""
        while read := await hears.readline():
            match REQUEST.validate_json(read):
                case Open() as opening:
                    self.opened.append(opening)
                    says.write(encode_line(SdpAnswer(n=opening.n, sdp="v=0")))
                case Renew():
                    self.renewing.set()
                case other:
                    says.write(encode_line(MediaDone(n=other.n)))
        says.close()


@asynccontextmanager
async def deaf_media(socket: Path) -> AsyncIterator[DeafMedia]:
    """Serve at this socket until the block ends."""
    media = DeafMedia()
    async with await asyncio.start_unix_server(media.talk, socket):
        yield media
