"""What does the hub ask of this process? Serves an engine at a local socket, whichever engine it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import assert_never

from pydantic import ValidationError

from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.video.engine import Candidates, Close, Engine, EngineRefused, Open, Renew, Renewed, SdpAnswer, Stats
from hub.video.model import LONGEST_SOCKET_PATH, PlayCode
from hub.video.wire import LONGEST_LINE, AskStats, MediaDone, MediaFailed, MediaReply, MediaRequest, encode_line

log = logging.getLogger(__name__)


@asynccontextmanager
async def serve_control(socket: Path, opening: AbstractAsyncContextManager[Engine]) -> AsyncIterator[None]:
    """Serve what `opening` opens at a socket, for as long as this lasts. Raises OSError when it cannot listen."""
    if len(str(socket).encode()) > LONGEST_SOCKET_PATH:
        raise OSError(f"{socket}: a socket's path has at most {LONGEST_SOCKET_PATH} bytes: use a shorter data folder")
    group = asyncio.TaskGroup()
    talks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = group.create_task(_answer_hub(engine, reader, writer))
        talks.add(task)
        task.add_done_callback(talks.discard)
        task.add_done_callback(lambda _: writer.close())

    # Outside the groups, which would wrap what is refused; nobody comes in before the mode is set.
    try:
        server = await asyncio.start_unix_server(connected, socket, limit=LONGEST_LINE, start_serving=False)
        socket.chmod(0o600)
    except OSError as error:
        raise OSError(f"cannot listen at {socket}: {error.strerror or error}") from error
    async with opening as engine, group:
        try:
            await server.start_serving()
            yield
        finally:
            server.close()
            for task in tuple(talks):
                task.cancel()


async def _answer_hub(engine: Engine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one hub. A slow opening does not hold up the renewals behind it."""
    try:
        async with asyncio.TaskGroup() as group:
            while read := await reader.readline():
                request = MediaRequest.model_validate_json(read)
                match request.asks:
                    case Open() | Candidates():
                        group.create_task(_answer_request(engine, request, writer))
                    case _:
                        await _answer_request(engine, request, writer)
    except* (ConnectionError, ValueError, ValidationError) as errors:
        log.warning("the hub's connection ended: %s", type(errors.exceptions[0]).__name__)


async def _answer_request(engine: Engine, request: MediaRequest, writer: asyncio.StreamWriter) -> None:
    said = encode_line(MediaReply(n=request.n, says=await _answer_of(engine, request)))
    if len(said) >= LONGEST_LINE:  # the hub would end the connection, and everybody's picture with it
        failed = MediaFailed(code=PlayCode.TOO_LARGE, message=f"an answer of {len(said)} bytes")
        said = encode_line(MediaReply(n=request.n, says=failed))
    writer.write(said)
    await writer.drain()


async def _answer_of(engine: Engine, request: MediaRequest) -> SdpAnswer | MediaDone | MediaFailed | Renewed | Stats:
    """What the engine answers. What cannot be done is a MediaFailed, and so is a defect of ours at one request."""
    try:
        answered = await run_in_bulkhead(
            f"request {request.asks.op}", lambda: _call_verb(engine, request), expected=(EngineRefused,)
        )
    except EngineRefused as error:
        return MediaFailed(code=error.code, message=str(error), problem=error.problem)
    if isinstance(answered, Defect):
        return MediaFailed(code=PlayCode.OUR_MISTAKE, message="a defect of the media process: its log says where")
    return answered


async def _call_verb(engine: Engine, request: MediaRequest) -> SdpAnswer | MediaDone | Renewed | Stats:
    match request.asks:
        case Open() as opening:
            return await engine.open(opening)
        case Candidates() as candidates:
            await engine.add_candidates(candidates)
        case Renew() as renewal:
            return await engine.renew(renewal)
        case Close() as closing:
            await engine.close(closing)
        case AskStats():
            return await engine.stats()
        case other:
            assert_never(other)
    return MediaDone()
