"""How does the hub speak to the media process? One connection, made anew when it breaks; no question waits for ever."""

from __future__ import annotations

import asyncio
import itertools
import logging
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from hub.video.model import (
    LONGEST_LINE,
    REPLY,
    AskStats,
    Candidates,
    Close,
    MediaDone,
    MediaFailed,
    MediaMessage,
    Open,
    PlayCode,
    Renew,
    Renewed,
    Reply,
    SdpAnswer,
    Stats,
    encode_line,
)

log = logging.getLogger(__name__)

QUICK_SECONDS = 0.5
OPEN_SECONDS = 5.0

Wanted = TypeVar("Wanted", bound=MediaMessage)


class MediaUnreachable(Exception):
    """The media process does not answer: it is down or starting."""


class MediaRefused(Exception):
    """The media process cannot do it; `code` is for the page."""

    def __init__(self, code: PlayCode, message: str) -> None:
        super().__init__(message or code)
        self.code = code


class MediaProcess:
    """The media process behind its socket. Questions may be asked side by side."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._n = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._socket, limit=LONGEST_LINE)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            self._writer = writer
            self._connected.set()
            try:
                await self._listen(reader)
            except (ConnectionError, ValueError, ValidationError) as error:
                log.warning("the media process's connection broke (%s)", type(error).__name__)
            finally:
                self._lost()
                writer.close()

    async def ready(self) -> None:
        """Returns once there is a connection."""
        await self._connected.wait()

    async def open(
        self, viewing_id: str, camera_id: str, source_url: str, *, as_of: float, held_seconds: float, offer: str
    ) -> str:
        """Start a viewing; gives the SDP answer. Raises MediaRefused and MediaUnreachable."""
        asked = Open(
            n=next(self._n),
            viewing_id=viewing_id,
            camera_id=camera_id,
            source_url=source_url,
            as_of=as_of,
            held_seconds=held_seconds,
            offer=offer,
        )
        return (await self._ask(asked, SdpAnswer, OPEN_SECONDS)).sdp

    async def add_candidates(self, viewing_id: str, fragment: str) -> None:
        """Pass on more of the viewer's addresses. Raises MediaRefused and MediaUnreachable."""
        await self._ask(Candidates(n=next(self._n), viewing_id=viewing_id, fragment=fragment), MediaDone, OPEN_SECONDS)

    async def renew(self, viewing_ids: tuple[str, ...], *, as_of: float) -> Renewed:
        """Renew leases for grants that held at `as_of` (`time.monotonic()`). Raises MediaUnreachable."""
        return await self._ask(Renew(n=next(self._n), viewing_ids=viewing_ids, as_of=as_of), Renewed, QUICK_SECONDS)

    async def close(self, viewing_ids: tuple[str, ...]) -> None:
        """End viewings: nothing of theirs leaves after this. Raises MediaUnreachable; then their leases run out."""
        await self._ask(Close(n=next(self._n), viewing_ids=viewing_ids), MediaDone, QUICK_SECONDS)

    async def stats(self) -> Stats:
        """What runs there. Raises MediaUnreachable."""
        return await self._ask(AskStats(n=next(self._n)), Stats, QUICK_SECONDS)

    async def _ask(self, message: MediaMessage, wanted: type[Wanted], timeout: float) -> Wanted:
        if self._writer is None:
            raise MediaUnreachable("there is no connection to the media process")
        said = encode_line(message)
        if len(said) >= LONGEST_LINE:  # the other side would end the connection, and everybody's picture with it
            raise MediaRefused(PlayCode.TOO_LARGE, f"a line of {len(said)} bytes is longer than any may be")
        answered = self._waiting[message.n] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                self._writer.write(said)
                await self._writer.drain()
                reply = await answered
        except (TimeoutError, ConnectionError) as error:
            raise MediaUnreachable(f"the media process did not answer within {timeout:g} s") from error
        finally:
            self._waiting.pop(message.n, None)
        if isinstance(reply, MediaFailed):
            raise MediaRefused(reply.code, reply.message)
        assert isinstance(reply, wanted), reply.op
        return reply

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while read := await reader.readline():
            reply = REPLY.validate_json(read)
            waiting = self._waiting.get(reply.n)
            if waiting is not None and not waiting.done():
                waiting.set_result(reply)

    def _lost(self) -> None:
        self._writer = None
        self._connected.clear()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("the media process ended"))
