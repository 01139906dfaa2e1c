"""How does the hub speak to the media process? One connection, made anew when it breaks; no question waits for ever."""

from __future__ import annotations

import asyncio
import itertools
import logging
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from hub.video.engine import (
    Candidates,
    Close,
    Engine,
    EngineRefused,
    EngineUnreachable,
    Open,
    Renew,
    Renewed,
    SdpAnswer,
    Stats,
)
from hub.video.model import PlayCode
from hub.video.wire import LONGEST_LINE, AskStats, MediaDone, MediaFailed, MediaReply, MediaRequest, encode_line

log = logging.getLogger(__name__)

QUICK_SECONDS = 0.5
OPEN_SECONDS = 5.0

Wanted = TypeVar("Wanted", bound=BaseModel)


class MediaProcess(Engine):
    """The engine of the media process, behind its socket. `run` must run; questions may be asked side by side."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._n = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[MediaReply]] = {}
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

    async def open(self, request: Open) -> SdpAnswer:
        return await self._request(request, SdpAnswer, OPEN_SECONDS)

    async def add_candidates(self, request: Candidates) -> None:
        await self._request(request, MediaDone, OPEN_SECONDS)

    async def renew(self, request: Renew) -> Renewed:
        return await self._request(request, Renewed, QUICK_SECONDS)

    async def close(self, request: Close) -> None:
        await self._request(request, MediaDone, QUICK_SECONDS)

    async def stats(self) -> Stats:
        return await self._request(AskStats(), Stats, QUICK_SECONDS)

    async def _request(
        self, asks: Open | Candidates | Renew | Close | AskStats, wanted: type[Wanted], timeout: float
    ) -> Wanted:
        if self._writer is None:
            raise EngineUnreachable("there is no connection to the media process")
        request = MediaRequest(n=next(self._n), asks=asks)
        said = encode_line(request)
        if len(said) >= LONGEST_LINE:  # the other side would end the connection, and everybody's picture with it
            raise EngineRefused(PlayCode.TOO_LARGE, f"a line of {len(said)} bytes is longer than any may be")
        answered = self._waiting[request.n] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                self._writer.write(said)
                await self._writer.drain()
                reply = (await answered).says
        except (TimeoutError, ConnectionError) as error:
            raise EngineUnreachable(f"the media process did not answer within {timeout:g} s") from error
        finally:
            self._waiting.pop(request.n, None)
        if isinstance(reply, MediaFailed):
            raise EngineRefused(reply.code, reply.message, reply.problem)
        assert isinstance(reply, wanted), type(reply).__name__
        return reply

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while read := await reader.readline():
            reply = MediaReply.model_validate_json(read)
            waiting = self._waiting.get(reply.n)
            if waiting is not None and not waiting.done():
                waiting.set_result(reply)

    def _lost(self) -> None:
        self._writer = None
        self._connected.clear()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("the media process ended"))
