"""Which viewings run in this process, and what is asked of them? The engine that passes H.264 through as it came."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.video.engine import Candidates, Close, Engine, EngineRefused, Open, Renew, Renewed, SdpAnswer, Stats
from hub.video.media import gate
from hub.video.media.peers import Viewer
from hub.video.media.sources import KEY_LESS_SECONDS, LINGER_SECONDS, Sources
from hub.video.model import CameraProblem, Ending, Picture, PlayCode

CONNECT_SECONDS = 10.0
UNHEARD_SECONDS = 10.0
LEASELESS_SECONDS = 60.0
LOOK_SECONDS = 1.0
MOST_GONE = 1_000
MOST_VIEWERS = 250
_IT_HAS_ENDED = "it has ended"


class PassThroughEngine(Engine):
    """All viewings of this process. `group` outlives them. It re-encodes nothing, so it has no blurred picture."""

    def __init__(self, hosts: Sequence[str], group: asyncio.TaskGroup, *, linger: float = LINGER_SECONDS) -> None:
        self._hosts = tuple(hosts)
        self._group = group
        self._sources = Sources(linger=linger)
        self._viewers: dict[str, Viewer] = {}
        self._gone: OrderedDict[str, str] = OrderedDict()

    async def open(self, request: Open) -> SdpAnswer:
        self._refuse_opening(request)
        source = self._sources.open(request.camera_id, request.address)
        opened = gate.open_gate(request.picture, request.as_of, request.held_seconds, time.monotonic())
        viewer = self._viewers[request.viewing_id] = Viewer(request.viewing_id, source, opened)
        self._group.create_task(self._see_off(viewer))
        if source.problem is not None:
            viewer.shut(Ending.CAMERA_UNUSABLE)
            raise EngineRefused(PlayCode.CAMERA_UNUSABLE, source.problem.message, source.problem)
        whose = f"viewing {request.viewing_id}"
        try:
            answer = await run_in_bulkhead(
                whose, lambda: viewer.answer(request.offer, self._hosts), expected=(EngineRefused,)
            )
        except EngineRefused as error:
            _refuse_ended(viewer)
            viewer.shut(error.code)
            raise
        _refuse_ended(viewer)
        if isinstance(answer, Defect):  # nobody waits for this viewing any more
            viewer.shut(Ending.OUR_MISTAKE)
            raise EngineRefused(PlayCode.OUR_MISTAKE, "a defect of the media process: its log says where")
        return SdpAnswer(sdp=answer)

    async def add_candidates(self, request: Candidates) -> None:
        viewer = self._viewers.get(request.viewing_id)
        if viewer is None:
            raise EngineRefused(PlayCode.NO_SUCH_VIEWING)
        await viewer.add_candidates(request.fragment)

    async def renew(self, request: Renew) -> Renewed:
        gone = {}
        unusable: dict[str, CameraProblem] = {}
        well: set[str] = set()
        for viewing_id, picture in request.pictures.items():
            viewer = self._viewers.get(viewing_id)
            if viewer is None or viewer.ended.done():
                gone[viewing_id] = self._why_gone(viewing_id, viewer)
                continue
            source = viewer.source
            if problem := source.problem or source.advice:
                unusable[source.camera_id] = problem
            if source.is_well:
                well.add(source.camera_id)
            if source.problem is not None or viewer.has_waited_for_key(KEY_LESS_SECONDS):
                viewer.shut(Ending.CAMERA_UNUSABLE)
                gone[viewing_id] = Ending.CAMERA_UNUSABLE
                continue
            viewer.renew(picture, request.as_of)
            if picture is Picture.BLURRED:
                viewer.shut(Ending.CANNOT_BLUR)
                gone[viewing_id] = Ending.CANNOT_BLUR
        return Renewed(gone=gone, unusable=unusable, well=tuple(sorted(well)))

    async def close(self, request: Close) -> None:
        for viewing_id in request.viewing_ids:
            if viewer := self._viewers.get(viewing_id):
                viewer.shut(Ending.CLOSED)
            elif viewing_id not in self._gone:  # its opening may still be on the way: it must not start any more
                self._note_gone(viewing_id, Ending.CLOSED)

    async def stats(self) -> Stats:
        viewings = {viewer.viewing_id: viewer.stats for viewer in self._viewers.values()}
        return Stats(viewings=viewings, cameras={one.camera_id: one.stats for one in self._sources.all})

    def stop(self) -> None:
        """End everything: no packet leaves after this."""
        for viewer in self._viewers.values():
            viewer.shut(Ending.STOPPED)
        self._sources.stop()

    def _refuse_opening(self, request: Open) -> None:
        if request.viewing_id in self._viewers:
            raise EngineRefused(PlayCode.ALREADY_OPENED, "each viewing is opened once")
        if request.viewing_id in self._gone:
            raise EngineRefused(PlayCode.NO_SUCH_VIEWING, _IT_HAS_ENDED)
        if request.picture is Picture.BLURRED:
            raise EngineRefused(PlayCode.CANNOT_BLUR, "cameras are passed on as they come: there is no blurred picture")
        if len(self._viewers) >= MOST_VIEWERS:
            raise EngineRefused(PlayCode.TOO_MANY_VIEWERS, f"{MOST_VIEWERS} look already")

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


def _refuse_ended(viewer: Viewer) -> None:
    """A connection that was taken down while it answered says many things; what is true is that the viewing is over."""
    if viewer.ended.done():
        raise EngineRefused(PlayCode.NO_SUCH_VIEWING, _IT_HAS_ENDED)


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
async def open_engine(hosts: Sequence[str], *, linger: float = LINGER_SECONDS) -> AsyncIterator[PassThroughEngine]:
    """The engine, for as long as this lasts; `hosts` are the addresses that viewers are offered."""
    async with asyncio.TaskGroup() as group:
        engine = PassThroughEngine(hosts, group, linger=linger)
        try:
            yield engine
        finally:
            engine.stop()
