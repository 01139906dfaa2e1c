"""What does a camera's agent do? It watches whether the camera works and how full the room is: numbers, no picture.

It reads the video track over TCP (sound is never asked for), decodes key pictures only, and looks at one a second.
Give it the camera's sub-stream: a small picture is enough, and cheap.
"""

import argparse
import asyncio
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from devices.contract.messages import Reading, TeleMessage, serialize_message
from devices.contract.times import DeviceClock
from devices.contract.units import UNIT_OF
from devices.link import BrokerEndpoint, DeviceLink, Dial, Identity, connect_socket
from devices.picture_analysis import Luma, PictureAnalysis, PictureMemory, analyse_picture
from devices.program import Installation, WrongArguments, boot_id, build_parser, read_secret, run_device
from devices.rtsp.conversation import UNAUTHORIZED, CameraRefused
from devices.rtsp.relay import open_relay

log = logging.getLogger(__name__)

OPEN_WITHIN: Final = 5.0  # seconds
READ_WITHIN: Final = 3.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
_FIRST_SIGN_IN_PAUSE, _LONGEST_SIGN_IN_PAUSE = 30.0, 600.0
"""After a refused account: cameras lock one for half an hour after five to seven wrong passwords."""
# Only the video track is set up; explicit timeouts, or a dead camera blocks for ever.
_OPTIONS: Final = {
    "rtsp_transport": "tcp",
    "allowed_media_types": "video",
    "fflags": "nobuffer",
    "flags": "low_delay",
    "probesize": "32",
    "analyzeduration": "0",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an agent looks and speaks, in seconds.

    It speaks at least every `say_every`; what a rule waits for is said at once. After `silent_after` without a picture
    nothing more is said about its content.
    """

    look_every: float = 1.0
    say_every: float = 10.0
    silent_after: float = 5.0


@dataclass(frozen=True, slots=True)
class StreamProgress:
    """What the reader has got so far. `last_at` is monotonic."""

    packets: int = 0
    bits: int = 0
    luma: Luma | None = None
    last_at: float | None = None


class ReaderDied(Exception):
    """A camera's reader ended by a defect of ours, whose traceback the thread has printed."""


class PictureReader:
    """The thread that reads one camera, until closed. `arrived` is replaced whole, so that it may be read anywhere."""

    def __init__(self, url: str) -> None:
        self.arrived = StreamProgress()
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera agent", daemon=True)

    def open(self) -> None:
        """Begin to read."""
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether the thread lives; what a camera does wrong never ends it."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Ask the thread to end, and wait for it as long as one read may last."""
        self._stop.set()
        self._thread.join(OPEN_WITHIN + READ_WITHIN)

    def _run(self) -> None:
        pause, sign_in_pause = _FIRST_PAUSE, _FIRST_SIGN_IN_PAUSE
        while not self._stop.is_set():
            try:
                with _open_camera(self._url) as (container, stream):
                    pause, sign_in_pause = _FIRST_PAUSE, _FIRST_SIGN_IN_PAUSE
                    self._read(container, stream)
            except CameraRefused as refused:
                log.warning("%s", refused)
                if refused.status == UNAUTHORIZED:
                    pause, sign_in_pause = sign_in_pause, min(sign_in_pause * 2, _LONGEST_SIGN_IN_PAUSE)
            except (av.FFmpegError, OSError) as error:
                # The text of some of them repeats the address, which may hold a password.
                log.debug("the camera cannot be read (%s): again in %.2g s", type(error).__name__, pause)
            self._stop.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _read(self, container: InputContainer, stream: VideoStream) -> None:
        for packet in container.demux(stream):
            if self._stop.is_set():
                return
            luma = next((_extract_luma(frame) for frame in packet.decode()), None) if packet.is_keyframe else None
            now, before = time.monotonic(), self.arrived
            self.arrived = StreamProgress(
                before.packets + 1, before.bits + packet.size * 8, before.luma if luma is None else luma, now
            )


@contextmanager
def _open_camera(url: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """An open camera; decoding gives key pictures alone. Raises FFmpegError or OSError, also when we are sent on."""
    with (
        open_relay(url, OPEN_WITHIN) as camera,
        av.open(camera.url, options=_OPTIONS, timeout=(camera.seconds, READ_WITHIN)) as container,
    ):
        if not container.streams.video:
            raise OSError("it sends no video")
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        stream.codec_context.skip_frame = "NONKEY"
        yield container, stream


def _extract_luma(frame: av.VideoFrame) -> Luma:
    """The brightness of a decoded picture, less than 320 wide: every n-th pixel of its first plane."""
    planar = frame if frame.format.name in ("yuv420p", "yuvj420p") else frame.reformat(format="yuv420p")
    plane = planar.planes[0]
    rows: Luma = np.frombuffer(bytes(plane), dtype=np.uint8).reshape(plane.height, plane.line_size)
    step = max(1, plane.width // 160)
    return rows[::step, : plane.width : step].copy()


class CameraAgent:
    """The agent of one camera: `run` it."""

    def __init__(
        self,
        broker: BrokerEndpoint,
        identity: Identity,
        clock: DeviceClock,
        rtsp_url: str,
        *,
        pace: Pace = Pace(),
        dial: Dial = connect_socket,
    ) -> None:
        self.seen: PictureAnalysis | None = None
        self._clock = clock
        self._pace = pace
        self._boot = boot_id()
        self._count = 0
        self._reader = PictureReader(rtsp_url)
        self.link = DeviceLink(broker, identity, hears={}, dial=dial)

    async def run(self) -> None:
        """Connect, look and report until cancelled. Raises ReaderDied, in a group."""
        self._reader.open()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.link.run())
                group.create_task(self._watch_pictures())
        finally:
            await asyncio.shield(asyncio.to_thread(self._reader.close))

    async def _watch_pictures(self) -> None:
        memory, before = PictureMemory(), self._reader.arrived
        opened_at = said_at = time.monotonic()
        said: tuple[object, ...] | None = None
        looked_at: Luma | None = None
        while True:
            await asyncio.sleep(self._pace.look_every)
            if not self._reader.is_open:
                raise ReaderDied(f"the reader of {self.link.identity.device} has died: start its agent again")
            now, arrived = time.monotonic(), self._reader.arrived
            age = now - (arrived.last_at or opened_at)
            if arrived.luma is None or age >= self._pace.silent_after:
                self.seen = None
            elif arrived.luma is not looked_at:  # a key picture may come more seldom than we look
                memory, self.seen = analyse_picture(memory, arrived.luma, now)
                looked_at = arrived.luma
            state = _reportable_state(self.seen)
            if state != said or now - said_at >= self._pace.say_every:
                took = now - said_at
                if self._send_readings([*_stream_readings(before, arrived, took, age), *_picture_readings(self.seen)]):
                    said, said_at, before = state, now, arrived

    def _send_readings(self, readings: list[tuple[str, float]]) -> bool:
        self._count += 1
        message = TeleMessage(
            id=f"{self._boot}-{self._count}",
            at=self._clock.now(),
            age_ms=0,
            readings=tuple(Reading(name=name, value=value, unit=UNIT_OF[name]) for name, value in readings),
        )
        return self.link.send_reading(serialize_message(message))


def _reportable_state(seen: PictureAnalysis | None) -> tuple[object, ...]:
    """What is said at once when it changes: that there is a picture, what is wrong with it, and the first count."""
    return () if seen is None else (seen.black, seen.frozen, seen.moved, seen.occupancy is None)


def _stream_readings(
    before: StreamProgress, now: StreamProgress, seconds: float, age: float
) -> list[tuple[str, float]]:
    """How the stream does, over the seconds since it was last said."""
    per_second = 1 / max(seconds, 0.001)
    return [
        ("frames_per_second", round((now.packets - before.packets) * per_second, 2)),
        ("bitrate", float(round((now.bits - before.bits) * per_second))),
        ("last_frame_age", round(age, 2)),
    ]


def _picture_readings(seen: PictureAnalysis | None) -> list[tuple[str, float]]:
    """What the picture shows; nothing is said about a picture that does not come, nor a count that is not known."""
    if seen is None:
        return []
    counted = [] if seen.occupancy is None else [("occupancy", float(seen.occupancy))]
    return [
        ("black", float(seen.black)),
        ("frozen", float(seen.frozen)),
        ("moved", float(seen.moved)),
        ("motion", seen.motion),
        *counted,
    ]


def main() -> None:
    """Run a camera's agent."""
    arguments = build_parser("devices.camera", "The agent of one RTSP camera.")
    arguments.add_argument(
        "--rtsp-url-file", type=Path, help="a file of mode 0600 with the address; or ANLING_RTSP_URL in the environment"
    )
    run_device(arguments, _run_camera)


async def _run_camera(given: argparse.Namespace, place: Installation) -> None:
    url = read_secret(given.rtsp_url_file) if given.rtsp_url_file else os.environ.get("ANLING_RTSP_URL", "")
    if not url.startswith("rtsp://"):
        raise WrongArguments("ANLING_RTSP_URL or --rtsp-url-file: should hold rtsp://…")
    await CameraAgent(place.broker, place.identity, place.clock, url).run()


if __name__ == "__main__":
    main()
