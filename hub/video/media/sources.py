"""Where do the pictures come from? One reader thread per camera, while somebody watches and a little longer."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal, TypeAlias

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from devices.rtsp.address import NotAnAddress
from devices.rtsp.filter import SentOn
from devices.rtsp.relay import open_relay
from hub.kit.bulkhead import Defect, call_in_bulkhead
from hub.video.engine import CameraStats
from hub.video.media import h264
from hub.video.media.frames import Frame, Gop
from hub.video.media.timeline import Timeline
from hub.video.model import CameraFault, CameraProblem, Picture

log = logging.getLogger(__name__)

# Opens in 0.1 s instead of 2 to 3.6 s; sound is never set up. Not fflags=nobuffer: measured, it makes nothing faster
# and throws away what was read while opening, the first key picture: a cold camera would show nothing for a GOP more.
OPTIONS = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    "flags": "low_delay",
    "probesize": "32",
    "analyzeduration": "0",
}
OPEN_SECONDS = 3.0
READ_SECONDS = 3.0
LINGER_SECONDS = 20.0
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 4.0

_B_FRAMES = CameraProblem(
    code=CameraFault.B_FRAMES, message="the camera sends B-frames: set its profile to Baseline, or B-frames to 0"
)
_NO_PICTURE = CameraProblem(
    code=CameraFault.NO_PICTURE, message="the camera offers no picture: check the path in its RTSP address"
)

FrameListener: TypeAlias = Callable[[Frame], None]
State: TypeAlias = Literal["opening", "playing", "silent", "unusable"]


class UnusableStream(Exception):
    """A camera whose stream no browser could show as it is; its message says what to set on it."""

    def __init__(self, problem: CameraProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class CameraSource:
    """One camera's reader. All but `_run` happens on the event loop. What it reads is passed on as it came: clear."""

    picture: Final = Picture.CLEAR

    def __init__(self, camera_id: str, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.camera_id = camera_id
        self.url = url
        self.state: State = "opening"
        self.problem: CameraProblem | None = None
        self.connections = 0
        self.gop = Gop()
        self.listeners: set[FrameListener] = set()
        self._loop = loop
        self._stop = threading.Event()
        self._timeline = Timeline()
        self._thread = threading.Thread(target=self._run, name=f"camera {camera_id}", daemon=True)
        self._thread.start()

    @property
    def stats(self) -> CameraStats:
        return CameraStats(state=self.state, viewers=len(self.listeners), connections=self.connections)

    @property
    def is_stopped(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the thread to end: at the next picture, or when a read has waited long enough."""
        self._stop.set()
        self.gop.clear()

    def _run(self) -> None:
        """Read until stopped. What nobody has thought of is this camera's trouble alone, which is read again."""
        while not self._stop.is_set():
            defect = call_in_bulkhead(f"camera {self.camera_id}", self._read)
            if defect is not None:
                self._give_up(defect)

    def _give_up(self, defect: Defect) -> None:
        said = f"the hub fails at what this camera sends ({defect.error}): its log says where"
        self._call_in_loop(self._changed, "unusable", CameraProblem(code=CameraFault.OUR_MISTAKE, message=said))
        self._stop.wait(LONGEST_PAUSE)

    def _read(self) -> None:
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            try:
                with _open_camera(self.url) as (container, stream):
                    self._call_in_loop(self._changed, "playing", None)
                    self._play(container, stream)
                    pause = FIRST_PAUSE
                self._call_in_loop(self._changed, "silent", None)
            except (UnusableStream, SentOn, NotAnAddress) as error:
                pause = LONGEST_PAUSE
                self._call_in_loop(self._changed, "unusable", _classify_problem(error))
            except (av.FFmpegError, OSError) as error:
                # The text of some of them repeats the address, which holds the camera's password.
                log.warning(
                    "camera %s cannot be read (%s): again in %.2g s", self.camera_id, type(error).__name__, pause
                )
                self._call_in_loop(self._changed, "silent", None)
            self._stop.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _play(self, container: InputContainer, stream: VideoStream) -> None:
        self._timeline.restarted()
        sets = h264.parameter_sets(bytes(stream.codec_context.extradata or b""))
        for packet in container.demux(stream):
            if self._stop.is_set():
                return
            if packet.size == 0:
                continue
            coded = bytes(packet)
            if h264.has_b_slices(coded):
                raise UnusableStream(_B_FRAMES)
            if packet.is_keyframe and not h264.has_parameter_sets(coded):
                coded = sets + coded
            shown = None if packet.pts is None else float(packet.pts * packet.time_base)
            self._call_in_loop(
                self._arrived, Frame(coded, self._timeline.place(shown, time.monotonic()), packet.is_keyframe)
            )

    def _call_in_loop(self, what: Callable[..., None], *about: object) -> None:
        try:
            self._loop.call_soon_threadsafe(what, *about)
        except RuntimeError:  # the loop has ended, and this thread is about to
            self._stop.set()

    def _changed(self, state: State, problem: CameraProblem | None) -> None:
        if problem is not None and problem != self.problem:
            log.error("camera %s cannot be shown: %s", self.camera_id, problem.message)
        self.state, self.problem = state, problem
        if state == "playing":
            self.connections += 1
        self.gop.clear()

    def _arrived(self, frame: Frame) -> None:
        if self._stop.is_set():
            return
        self.gop.add(frame)
        for listener in tuple(self.listeners):
            listener(frame)


class Sources:
    """The readers of all cameras that are watched, or were a moment ago."""

    def __init__(self, *, linger: float = LINGER_SECONDS) -> None:
        self._linger = linger
        self._open: dict[str, CameraSource] = {}
        self._users: dict[str, int] = {}
        self._closing: dict[str, asyncio.TimerHandle] = {}

    def open(self, camera_id: str, url: str) -> CameraSource:
        """The camera's reader, which starts now unless it runs; one that reads another address is stopped.

        Give it back with `close`, once for each `open`.
        """
        if closing := self._closing.pop(camera_id, None):
            closing.cancel()
        source = self._open.get(camera_id)
        if source is not None and source.url != url:
            source.stop()
            source = None
        if source is None:
            source = self._open[camera_id] = CameraSource(camera_id, url, asyncio.get_running_loop())
        self._users[camera_id] = self._users.get(camera_id, 0) + 1
        return source

    def close(self, camera_id: str) -> None:
        """One viewer less; the last one's camera is read a little longer, for whoever comes back."""
        self._users[camera_id] -= 1
        if self._users[camera_id] == 0:
            loop = asyncio.get_running_loop()
            self._closing[camera_id] = loop.call_later(self._linger, self._stop, camera_id)

    def stop(self) -> None:
        """Stop all readers."""
        for closing in self._closing.values():
            closing.cancel()
        for source in self._open.values():
            source.stop()
        self._open.clear()
        self._closing.clear()

    @property
    def all(self) -> tuple[CameraSource, ...]:
        return tuple(self._open.values())

    def _stop(self, camera_id: str) -> None:
        self._closing.pop(camera_id, None)
        self._users.pop(camera_id, None)
        self._open.pop(camera_id).stop()


@contextmanager
def _open_camera(url: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    with (
        open_relay(url, OPEN_SECONDS) as camera,
        av.open(camera.url, options=OPTIONS, timeout=(camera.seconds, READ_SECONDS)) as container,
    ):
        yield container, _h264_track(container, camera.video_codecs())


def _h264_track(container: InputContainer, named: tuple[str, ...]) -> VideoStream:
    """The first track of H.264. Raises Unusable when there is none; `named` are the codecs that the camera names."""
    tracks = container.streams.video
    if not tracks:
        raise UnusableStream(_NO_PICTURE)
    # PyAV gives no codec_context, whatever its types say, to a codec for which FFmpeg has no decoder.
    known = {track: getattr(track.codec_context, "name", None) for track in tracks}
    for track, name in known.items():
        if name == "h264":
            return track
    codec = next((name for name in (*known.values(), *named) if name), "an unknown codec")
    said = f"the camera sends {codec}: set its video codec to H.264"
    raise UnusableStream(CameraProblem(code=CameraFault.CODEC, message=said, codec=codec))


def _classify_problem(error: UnusableStream | SentOn | NotAnAddress) -> CameraProblem:
    match error:
        case UnusableStream():
            return error.problem
        case SentOn():
            return CameraProblem(code=CameraFault.SENT_ON, message=str(error))
        case _:
            return CameraProblem(code=CameraFault.BAD_ADDRESS, message=str(error))
