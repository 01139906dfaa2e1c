"""What does the hub tell this process? It opens, renews and closes viewings over a local socket."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import assert_never

from pydantic import ValidationError

from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.video.media import gate
from hub.video.media.peers import NotPossible, Viewer
from hub.video.media.sources import LINGER_SECONDS, Sources
from hub.video.model import (
    LONGEST_LINE,
    LONGEST_SOCKET_PATH,
    REQUEST,
    AskStats,
    Candidates,
    Close,
    Ending,
    MediaDone,
    MediaFailed,
    Open,
    PlayCode,
    Renew,
    Renewed,
    Reply,
    Request,
    SdpAnswer,
    Stats,
    encode_line,
)

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
UNHEARD_SECONDS = 10.0
LEASELESS_SECONDS = 60.0
LOOK_SECONDS = 1.0
MOST_GONE = 1_000
MOST_VIEWERS = 250


class Media:
    """All viewings of this process. `group` outlives them."""

    def __init__(self, hosts: Sequence[str], group: asyncio.TaskGroup, *, linger: float = LINGER_SECONDS) -> None:
        self._hosts = tuple(hosts)
        self._group = group
        self._sources = Sources(linger=linger)
        self._viewers: dict[str, Viewer] = {}
        self._gone: OrderedDict[str, str] = OrderedDict()

    async def answer(self, request: Request) -> Reply:
        """Do what the hub asks. What cannot be done is a Failed, and so is a defect of ours at one request."""
        answered = await run_in_bulkhead(f"request {request.op}", lambda: self._answer(request), expected=())
        if not isinstance(answered, Defect):
            return answered
        self._give_up(request)
        said = "a defect of the media process: its log says where"
        return MediaFailed(n=request.n, code=PlayCode.OUR_MISTAKE, message=said)

    def _give_up(self, request: Request) -> None:
        """End the viewing whose opening failed by a defect: nobody waits for it."""
        if isinstance(request, Open) and (viewer := self._viewers.get(request.viewing_id)):
            viewer.shut(Ending.OUR_MISTAKE)

    async def _answer(self, request: Request) -> Reply:
        match request:
            case Open():
                return await self._open(request)
            case Candidates():
                return await self._candidates(request)
            case Renew():
                return self._renew(request)
            case Close():
                return self._close(request)
            case AskStats():
                return self._stats(request)
            case _:
                assert_never(request)

    def stop(self) -> None:
        """End everything: no packet leaves after this."""
        for viewer in self._viewers.values():
            viewer.shut(Ending.STOPPED)
        self._sources.stop()

    async def _open(self, request: Open) -> SdpAnswer | MediaFailed:
        if request.viewing_id in self._viewers:
            return MediaFailed(n=request.n, code=PlayCode.ALREADY_OPENED, message="each viewing is opened once")
        if request.viewing_id in self._gone:
            return MediaFailed(n=request.n, code=PlayCode.NO_SUCH_VIEWING, message="it has ended")
        if len(self._viewers) >= MOST_VIEWERS:
            return MediaFailed(n=request.n, code=PlayCode.TOO_MANY_VIEWERS, message=f"{MOST_VIEWERS} look already")
        source = self._sources.open(request.camera_id, request.source_url)
        opened = gate.open_gate(request.as_of, request.held_seconds, time.monotonic())
        viewer = self._viewers[request.viewing_id] = Viewer(request.viewing_id, source, opened)
        self._group.create_task(self._see_off(viewer))
        if source.problem is not None:
            viewer.shut(Ending.CAMERA_UNUSABLE)
            return MediaFailed(n=request.n, code=PlayCode.CAMERA_UNUSABLE, message=source.problem.message)
        try:
            return SdpAnswer(n=request.n, sdp=await viewer.answer(request.offer, self._hosts))
        except NotPossible as error:
            viewer.shut(error.code)
            return MediaFailed(n=request.n, code=error.code, message=str(error))

    async def _candidates(self, request: Candidates) -> MediaDone | MediaFailed:
        viewer = self._viewers.get(request.viewing_id)
        if viewer is None:
            return MediaFailed(n=request.n, code=PlayCode.NO_SUCH_VIEWING)
        try:
            await viewer.add_candidates(request.fragment)
        except NotPossible as error:
            return MediaFailed(n=request.n, code=error.code, message=str(error))
        return MediaDone(n=request.n)

    def _renew(self, request: Renew) -> Renewed:
        gone = {}
        unusable = {}
        for viewing_id in request.viewing_ids:
            viewer = self._viewers.get(viewing_id)
            if viewer is None or viewer.ended.done():
                gone[viewing_id] = self._why_gone(viewing_id, viewer)
                continue
            if viewer.source.problem is not None:
                unusable[viewer.source.camera_id] = viewer.source.problem
                viewer.shut(Ending.CAMERA_UNUSABLE)
                gone[viewing_id] = Ending.CAMERA_UNUSABLE
                continue
            viewer.renew(request.as_of)
        return Renewed(n=request.n, gone=gone, unusable=unusable)

    def _close(self, request: Close) -> MediaDone:
        for viewing_id in request.viewing_ids:
            if viewer := self._viewers.get(viewing_id):
                viewer.shut(Ending.CLOSED)
            elif viewing_id not in self._gone:  # its opening may still be on the way: it must not start any more
                self._note_gone(viewing_id, Ending.CLOSED)
        return MediaDone(n=request.n)

    def _stats(self, request: AskStats) -> Stats:
        viewings = {viewer.viewing_id: viewer.stats for viewer in self._viewers.values()}
        return Stats(n=request.n, viewings=viewings, cameras={one.camera_id: one.stats for one in self._sources.all})

    def _why_gone(self, viewing_id: str, viewer: Viewer | None) -> str:
        if viewer is not None:
            return viewer.ended.result()
        return self._gone.get(viewing_id, "unknown")

    def _note_gone(self, viewing_id: str, why: str) -> None:
        self._gone[viewing_id] = why
        if len(self._gone) > MOST_GONE:
            self._gone.popitem(last=False)

    async def _see_off(self, viewer: Viewer) -> None:
        """Stay with a viewer until she ends, by whatever way; then take everything of hers down."""
        try:
            while not viewer.ended.done():
                await asyncio.wait([viewer.ended], timeout=LOOK_SECONDS)
                if not viewer.ended.done() and (why := _find_loss_reason(viewer)):
                    viewer.shut(why)
        finally:
            viewer.shut(Ending.STOPPED)
            self._viewers.pop(viewer.viewing_id, None)
            self._note_gone(viewer.viewing_id, viewer.ended.result())
            self._sources.close(viewer.source.camera_id)
            await run_in_bulkhead(f"viewing {viewer.viewing_id}", lambda: viewer.close(Ending.STOPPED), expected=())


def _find_loss_reason(viewer: Viewer) -> str | None:
    """Why this viewer is not coming back, if so."""
    if viewer.source.is_stopped:  # the camera has another address now, which she gets when she asks again
        return Ending.PICTURE_AWAY
    if not viewer.is_connected:
        late = time.monotonic() - viewer.opened_at > CONNECT_SECONDS
        return Ending.NEVER_CONNECTED if late else None
    if viewer.is_unheard(UNHEARD_SECONDS):
        return Ending.VIEWER_GONE
    return Ending.NO_LEASE if viewer.leaseless_seconds > LEASELESS_SECONDS else None


@asynccontextmanager
async def serve_control(socket: Path, hosts: Sequence[str], *, linger: float = LINGER_SECONDS) -> AsyncIterator[Media]:
    """Serve the control socket for as long as this lasts. Raises OSError when it cannot listen."""
    if len(str(socket).encode()) > LONGEST_SOCKET_PATH:
        raise OSError(f"{socket}: a socket's path has at most {LONGEST_SOCKET_PATH} bytes: use a shorter data folder")
    group = asyncio.TaskGroup()
    media = Media(hosts, group, linger=linger)
    talks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = group.create_task(_answer_hub(media, reader, writer))
        talks.add(task)
        task.add_done_callback(talks.discard)
        task.add_done_callback(lambda _: writer.close())

    # Outside the group, which would wrap what is refused; nobody comes in before the mode is set.
    try:
        server = await asyncio.start_unix_server(connected, socket, limit=LONGEST_LINE, start_serving=False)
        socket.chmod(0o600)
    except OSError as error:
        raise OSError(f"cannot listen at {socket}: {error.strerror or error}") from error
    async with group:
        try:
            await server.start_serving()
            yield media
        finally:
            server.close()
            media.stop()
            for task in tuple(talks):
                task.cancel()


async def _answer_hub(media: Media, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one hub. A slow opening does not hold up the renewals behind it."""
    try:
        async with asyncio.TaskGroup() as group:
            while read := await reader.readline():
                request = REQUEST.validate_json(read)
                match request:
                    case Open() | Candidates():
                        group.create_task(_answer_request(media, request, writer))
                    case _:
                        await _answer_request(media, request, writer)
    except* (ConnectionError, ValueError, ValidationError) as errors:
        log.warning("the hub's connection ended: %s", type(errors.exceptions[0]).__name__)


async def _answer_request(media: Media, request: Request, writer: asyncio.StreamWriter) -> None:
    said = encode_line(await media.answer(request))
    if len(said) >= LONGEST_LINE:  # the hub would end the connection, and everybody's picture with it
        said = encode_line(MediaFailed(n=request.n, code=PlayCode.TOO_LARGE, message=f"an answer of {len(said)} bytes"))
    writer.write(said)
    await writer.drain()
