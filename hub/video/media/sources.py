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

from devices.rtsp.relay import open_relay
from hub.kit.bulkhead import Defect, call_in_bulkhead
from hub.video.engine import CameraStats
from hub.video.media import faults, h264
from hub.video.media.faults import LONGEST_PAUSE, Outage, UnusableStream, classify_failure
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
FAILING_SECONDS = 8.0
"""A camera that has failed for so long is said to; it may have been restarted until then."""
LONG_KEY_SECONDS = 10.0
"""Key pictures that are further apart are said: whoever may not see what was captured before she came waits so long."""
KEY_LESS_SECONDS = 15.0
"""A camera that has sent none for so long since it was opened sends none."""
SETTLED_SECONDS = 5.0
"""B-frames do not come with the first pictures: only after so long is a camera that sent any known to be well."""

FrameListener: TypeAlias = Callable[[Frame], None]
State: TypeAlias = Literal["opening", "playing", "silent", "unusable"]


class CameraSource:
    """One camera's reader. All but `_run` happens on the event loop. What it reads is passed on as it came: clear."""

    picture: Final = Picture.CLEAR

    def __init__(
        self, camera_id: str, url: str, loop: asyncio.AbstractEventLoop, *, failing: float = FAILING_SECONDS
    ) -> None:
        self.camera_id = camera_id
        self.url = url
        self.state: State = "opening"
        self.problem: CameraProblem | None = None
        """Why it cannot be shown; it stands until pictures come again."""
        self.advice: CameraProblem | None = None
        """What is to be set on it although it is shown."""
        self.connections = 0
        self.gop = Gop()
        self.listeners: set[FrameListener] = set()
        self._loop = loop
        self._stop = threading.Event()
        self._timeline = Timeline()
        self._outage = Outage(failing)
        self._opened_at = 0.0
        self._key_at: float | None = None
        self._is_steady = False
        self._thread = threading.Thread(target=self._run, name=f"camera {camera_id}", daemon=True)
        self._thread.start()

    @property
    def stats(self) -> CameraStats:
        return CameraStats(state=self.state, viewers=len(self.listeners), connections=self.connections)

    @property
    def is_well(self) -> bool:
        """Whether its pictures come as they should: also the second key picture, in time."""
        return self.state == "playing" and self._is_steady and self.problem is None and self.advice is None

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
        self._call_in_loop(self._failed, CameraProblem(code=CameraFault.OUR_MISTAKE, message=said))
        self._stop.wait(LONGEST_PAUSE)

    def _read(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                with _open_camera(self.url) as (container, stream):
                    self._call_in_loop(self._opened)
                    self._play(container, stream)
                failure = faults.ENDED
            except (UnusableStream, av.FFmpegError, OSError) as error:
                failure = classify_failure(error)
            if self._stop.is_set():
                return
            pause, is_said = self._outage.note_failure(failure, began, time.monotonic())
            # The text of the errors themselves may repeat the address, which holds the camera's password.
            log.warning("camera %s cannot be read (%s): again in %.2g s", self.camera_id, failure.code, pause)
            self._call_in_loop(self._failed, failure if is_said else None)
            self._stop.wait(pause)

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
                raise UnusableStream(faults.B_FRAMES)
            is_key = h264.is_key_picture(coded)
            if is_key and not h264.has_parameter_sets(coded):
                coded = sets + coded
            shown = None if packet.pts is None else float(packet.pts * packet.time_base)
            if is_key:
                self._outage.end_outage()
            moment = self._timeline.place(shown, time.monotonic())
            self._call_in_loop(self._arrived, Frame(coded, moment, is_key))

    def _call_in_loop(self, what: Callable[..., None], *about: object) -> None:
        try:
            self._loop.call_soon_threadsafe(what, *about)
        except RuntimeError:  # the loop has ended, and this thread is about to
            self._stop.set()

    def _opened(self) -> None:
        self.state = "playing"
        self.connections += 1
        self._begin_anew()

    def _failed(self, problem: CameraProblem | None) -> None:
        """It cannot be read, for this reason when people are to be told; a problem stands until pictures come."""
        if problem is not None and problem != self.problem:
            log.error("camera %s cannot be shown: %s", self.camera_id, problem.message)
        self.problem = problem or self.problem
        self.state = "silent" if self.problem is None else "unusable"
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._opened_at, self._key_at, self._is_steady, self.advice = time.monotonic(), None, False, None
        self.gop.clear()

    def _arrived(self, frame: Frame) -> None:
        if self._stop.is_set():
            return
        self._look_at_keys(frame, time.monotonic())
        self.gop.add(frame)
        for listener in tuple(self.listeners):
            listener(frame)

    def _look_at_keys(self, frame: Frame, now: float) -> None:
        """Say when key pictures are missing or seldom; end a problem with the first after it."""
        apart = now - (self._opened_at if self._key_at is None else self._key_at)
        if frame.is_key:
            if self._key_at is not None:
                self._is_steady = apart <= LONG_KEY_SECONDS
                self.advice = None if self._is_steady else faults.key_pictures_every(round(apart))
            self._key_at = now
        elif self._key_at is None and apart > KEY_LESS_SECONDS:
            self.advice = faults.NO_KEY_PICTURES
        elif self._key_at is not None and apart > LONG_KEY_SECONDS and self.advice is None:
            self.advice = faults.key_pictures_every(round(apart))
        if self.problem is None or self._key_at is None:
            return
        settled = SETTLED_SECONDS if self.problem.code is CameraFault.B_FRAMES else 0.0
        if now - self._opened_at >= settled:
            self.problem = None


class Sources:
    """The readers of all cameras that are watched, or were a moment ago."""

    def __init__(self, *, linger: float = LINGER_SECONDS, failing: float = FAILING_SECONDS) -> None:
        self._linger = linger
        self._failing = failing
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
            source = self._open[camera_id] = CameraSource(
                camera_id, url, asyncio.get_running_loop(), failing=self._failing
            )
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
    """Raises UnusableStream, or what `classify_failure` knows."""
    with open_relay(url, OPEN_SECONDS) as camera:
        began, is_open = time.monotonic(), False
        try:
            with av.open(camera.url, options=OPTIONS, timeout=(camera.seconds, READ_SECONDS)) as container:
                is_open = True
                yield container, _h264_track(container, camera.video_codecs())
        except av.FFmpegError as error:  # FFmpeg calls all of it invalid data
            if camera.has_ended():
                raise ConnectionResetError from error
            if not is_open and time.monotonic() - began >= camera.seconds:
                raise TimeoutError from error
            raise


def _h264_track(container: InputContainer, named: tuple[str, ...]) -> VideoStream:
    """The first track of H.264. Raises UnusableStream when there is none; `named` are the codecs it names."""
    tracks = container.streams.video
    if not tracks:
        raise UnusableStream(faults.NO_PICTURE)
    # PyAV gives no codec_context, whatever its types say, to a codec for which FFmpeg has no decoder.
    known = {track: getattr(track.codec_context, "name", None) for track in tracks}
    for track, name in known.items():
        if name == "h264":
            return track
    codec = next((name for name in (*known.values(), *named) if name), "an unknown codec")
    said = f"the camera sends {codec}: set its video codec to H.264"
    raise UnusableStream(CameraProblem(code=CameraFault.CODEC, message=said, codec=codec))
