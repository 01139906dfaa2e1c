"""Whether a simulated camera can be read like a real one, and fails like one."""

import asyncio
import contextlib
import shutil
import time
from dataclasses import replace

import av
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from simulators.rtsp.camera import Fault, SimulatedStream
from simulators.rtsp.encoder import Knobs, session_description
from simulators.rtsp.pattern import Stamp, read_stamp
from tests.integration.rtsp.conftest import GYM, Serving

pytestmark = pytest.mark.long

FAST = {"flags": "low_delay", "probesize": "32", "analyzeduration": "0"}


def pictures(url: str, count: int, transport: str = "tcp", patience: float = 3) -> list[NDArray[np.uint8]]:
    """The brightness of the first `count` pictures. Raises an av.FFmpegError when there are not so many."""
    with av.open(url, options={"rtsp_transport": transport, **FAST}, timeout=(3, patience)) as container:
        found = []
        for frame in container.decode(video=0):
            found.append(np.asarray(frame.to_ndarray()[: frame.height], dtype=np.uint8))
            if len(found) == count:
                return found
    raise av.EOFError(0, "the camera stopped")


def stamp(luma: NDArray[np.uint8]) -> Stamp:
    found = read_stamp(luma)
    assert found is not None
    return found


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_camera_shows_its_room_and_the_moment(serving: Serving, transport: str) -> None:
    before = time.time() * 1000

    seen = [stamp(luma) for luma in await asyncio.to_thread(pictures, serving.url(), 5, transport)]

    assert {one.room_id for one in seen} == {"gym"}
    moments = [one.at_ms for one in seen]
    assert moments == sorted(moments)
    assert before - 1000 < moments[0] < moments[-1] < time.time() * 1000


@pytest.mark.ffmpeg
@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed: apt-get install ffmpeg")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_ffprobe_reads_it(serving: Serving, transport: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *("ffprobe", "-v", "error", "-rtsp_transport", transport, "-show_entries", "stream=codec_name,width,height"),
        *("-of", "csv=p=0", serving.url()),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 20)

    assert said.decode().strip() == "h264,640,360"


async def test_a_camera_with_a_microphone_knows_who_asks_for_its_sound(serving: Serving) -> None:
    serving.camera.offers_sound = True
    with contextlib.suppress(av.FFmpegError):  # nobody gets it, and that may be the end
        await asyncio.to_thread(pictures, serving.url(), 1)

    assert set(serving.camera.set_up) == {"track1", "track2"}


async def test_a_wrong_password_reads_nothing(serving: Serving) -> None:
    with pytest.raises(av.HTTPUnauthorizedError):
        await asyncio.to_thread(pictures, serving.url(password="guessed"), 1)


async def test_the_sub_stream_is_small_and_every_picture_of_it_stands_alone(serving: Serving) -> None:
    def keys() -> list[tuple[bool, int]]:
        options = {"rtsp_transport": "tcp", **FAST}
        with av.open(serving.url("/sub"), options=options, timeout=(4, 4)) as container:
            packets = container.demux(video=0)
            return [(packet.is_keyframe, packet.size) for _, packet in zip(range(2), packets, strict=False)]

    seen = await asyncio.to_thread(keys)

    assert all(is_key and size < 6_000 for is_key, size in seen)


async def test_more_people_in_the_room_are_more_people_in_the_picture(serving: Serving) -> None:
    serving.camera.occupancy = 0
    empty = (await asyncio.to_thread(pictures, serving.url(), 1))[0][40:320]
    serving.camera.occupancy = 6

    full = (await asyncio.to_thread(pictures, serving.url(), 1))[0][40:320]

    changed = np.abs(full.astype(int) - empty.astype(int)) > 20
    assert changed.mean() > 0.02


async def test_nothing_is_encoded_while_nobody_reads_and_once_for_two_readers(serving: Serving) -> None:
    stream = serving.cameras.streams[GYM, "main"]
    assert (stream.encoded, stream.readers) == (0, 0)

    both = await asyncio.gather(*(asyncio.to_thread(pictures, serving.url(), 10) for _ in range(2)))

    assert all(len(seen) == 10 for seen in both)
    assert stream.encoded < 40
    await unread(stream)
    after = stream.encoded
    await asyncio.to_thread(pictures, serving.url("/sub"), 1)
    assert stream.encoded == after


async def unread(stream: SimulatedStream) -> None:
    async with asyncio.timeout(5):
        while stream.readers:
            await asyncio.sleep(0.01)


async def test_the_control_port_turns_the_picture_black_and_back(serving: Serving) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(serving.door(f"/cameras/{GYM}/fault"), json={"fault": "black"})
        assert answer.json()["fault"] == "black"
        dark = (await asyncio.to_thread(pictures, serving.url(), 1))[0]
        await client.post(serving.door(f"/cameras/{GYM}/fault"), json={"fault": None})

        light = (await asyncio.to_thread(pictures, serving.url(), 1))[0]

    assert dark.max() < 24
    assert read_stamp(dark) is None
    assert stamp(light).room_id == "gym"


async def test_the_control_port_refuses_what_it_does_not_know(serving: Serving) -> None:
    async with httpx.AsyncClient() as client:
        wrong = [
            await client.post(serving.door(f"/cameras/{GYM}/fault"), json={"fault": "haunted"}),
            await client.post(serving.door(f"/cameras/{GYM}/fault"), content=b'{"fault": "black"}'),
            await client.post(serving.door("/cameras/cam-roof/fault"), json={"fault": "black"}),
        ]

    assert [answer.status_code for answer in wrong] == [400, 400, 404]
    assert serving.camera.fault is None


async def test_a_frozen_camera_goes_on_with_one_picture(serving: Serving) -> None:
    serving.camera.break_with(Fault.FREEZE, time.time())

    seen = [stamp(luma) for luma in await asyncio.to_thread(pictures, serving.url(), 4)]

    assert len({one.at_ms for one in seen}) == 1


@pytest.mark.parametrize("fault", [Fault.DROP, Fault.REFUSE])
async def test_a_cut_line_ends_the_reading(serving: Serving, fault: Fault) -> None:
    reading = asyncio.gather(asyncio.to_thread(pictures, serving.url(), 10_000), return_exceptions=True)
    async with asyncio.timeout(5):
        while not serving.cameras.streams[GYM, "main"].readers:
            await asyncio.sleep(0.01)

    serving.camera.break_with(fault, time.time())

    (ended,) = await asyncio.wait_for(reading, 8)
    assert isinstance(ended, av.FFmpegError)


async def test_a_refused_line_cannot_be_opened(serving: Serving) -> None:
    serving.camera.break_with(Fault.REFUSE, time.time())

    with pytest.raises(av.FFmpegError):
        await asyncio.to_thread(pictures, serving.url(), 1)


async def test_a_stalled_camera_sends_nothing_and_its_reader_gives_up(serving: Serving) -> None:
    serving.camera.break_with(Fault.STALL, time.time())

    with pytest.raises(av.FFmpegError):
        await asyncio.to_thread(pictures, serving.url(), 1, "tcp", 0.5)


@pytest.mark.parametrize(
    ("knobs", "codec", "key_begins_with"),
    [
        (Knobs(parameter_sets_in_band=True), "h264", {7}),
        (Knobs(parameter_sets_in_band=False), "h264", {5, 6}),
        (Knobs(profile="main", b_frames=2), "h264", {7}),
        (Knobs(codec="h265"), "hevc", set()),
    ],
)
async def test_a_camera_can_be_set_up_in_many_ways(
    serving: Serving, knobs: Knobs, codec: str, key_begins_with: set[int]
) -> None:
    serving.cameras.streams[GYM, "main"].knobs = replace(knobs, gop=6)

    def first() -> tuple[str, int]:
        options = {"rtsp_transport": "tcp", **FAST}
        with av.open(serving.url(), options=options, timeout=(4, 4)) as container:
            packet = next(one for one in container.demux(video=0) if one.is_keyframe)
            return container.streams.video[0].codec_context.name, bytes(packet)[4] & 0x1F

    name, unit = await asyncio.to_thread(first)

    assert name == codec
    assert unit in key_begins_with or not key_begins_with


def test_a_description_names_one_picture_and_no_sound() -> None:
    text = session_description(Knobs(), (b"\x67\x42\xc0\x16", b"\x68\xce"))

    assert text.count("m=") == 1
    assert "m=video" in text
    assert "profile-level-id=42c016" in text
