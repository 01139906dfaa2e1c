"""Is a camera read without its sound, and is what is wrong with one camera said of that one alone?"""

import asyncio
import math
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiortc.mediastreams import MediaStreamError
from av.packet import Packet

from hub.video.engine import EngineRefused, Stats
from hub.video.media.frames import Frame
from hub.video.media.gate import Gate
from hub.video.media.peers import Viewer
from hub.video.media.sources import Sources
from hub.video.media.viewings import open_engine
from hub.video.model import CameraProblem, Picture
from simulators.rtsp import server
from simulators.rtsp.authentication import CameraCredentials
from simulators.rtsp.camera import Camera
from simulators.rtsp.server import Cameras
from tests.fakes.cameras import DESCRIPTION, listen_elsewhere, run_scripted_camera
from tests.fakes.certificate import make_certificate
from tests.fakes.viewer import open_viewer
from tests.integration.mqtt.fakes import until
from tests.integration.video.conftest import SHANGHAI, Building
from tests.integration.video.watching import opening, renew

NOTHING_THAT_CAN_BE_LOOKED_UP = "rtsp://viewer:secret@\ud800/"
"""An address that raises what no reader knows."""


async def test_a_defect_at_one_camera_is_said_of_that_one_and_stops_no_other(
    building: Building, caplog: pytest.LogCaptureFixture
) -> None:
    sources = Sources()
    other = sources.open("cam-music", building.url("cam-music"))
    await until(lambda: other.state == "playing")

    source = sources.open("cam-gym", NOTHING_THAT_CAN_BE_LOOKED_UP)
    await until(lambda: source.state == "unusable")
    arrived: list[Frame] = []
    other.listeners.add(arrived.append)
    await until(lambda: len(arrived) > 3)
    sources.stop()

    assert source.problem is not None
    assert (source.problem.code, other.state, other.connections) == ("our-mistake", "playing", 1)
    assert "camera cam-gym raised, the others go on:\n" in caplog.text
    assert "UnicodeEncodeError at\n" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("rtpmap", "codec"), [("SVAC/90000", "SVAC"), ("X-HikVision-1.2/90000", "X-HikVision-1.2"), ("H265/90000", "hevc")]
)
async def test_a_codec_that_ffmpeg_may_not_know_is_named_with_what_to_set(rtpmap: str, codec: str) -> None:
    async with run_scripted_camera(
        {"DESCRIBE": described(DESCRIPTION.replace("H264/90000", rtpmap)), "SETUP": SET_UP}
    ) as camera:
        sources = Sources()
        source = sources.open("cam-gym", camera.url())
        await until(lambda: source.state == "unusable")
        sources.stop()

    said = f"the camera sends {codec}: set its video codec to H.264"
    assert source.problem == CameraProblem(code="codec", codec=codec, message=said)


async def test_of_two_video_tracks_the_one_of_h264_is_taken() -> None:
    first = "m=video 0 RTP/AVP 26\r\na=rtpmap:26 JPEG/90000\r\na=control:track9\r\n"
    both = DESCRIPTION.replace("m=video 0 RTP/AVP 96", f"{first}m=video 0 RTP/AVP 96")
    async with run_scripted_camera({"DESCRIBE": described(both), "SETUP": SET_UP}) as camera:
        sources = Sources()
        source = sources.open("cam-gym", camera.url())
        await until(lambda: source.state in ("playing", "unusable"))
        sources.stop()

    assert (source.state, source.problem) == ("playing", None)


async def test_a_defect_at_one_viewer_ends_hers_and_no_other(building: Building) -> None:
    sources = Sources()
    source = sources.open("cam-gym", building.url("cam-gym"))
    always = Gate(allowed_since=0.0, lease_until=math.inf, picture=Picture.CLEAR)
    broken, other = Viewer("v-broken", source, always), Viewer("v-other", source, always)
    broken.passes = None  # type: ignore[method-assign, assignment]
    failed, picture = await asyncio.gather(broken._outlet.recv(), other._outlet.recv(), return_exceptions=True)
    sources.stop()

    assert isinstance(failed, MediaStreamError)
    assert isinstance(picture, Packet)
    assert picture.size > 0
    assert broken.ended.result() == "our-mistake"
    assert not other.ended.done()
    await broken.close("over")
    await other.close("over")


async def test_a_defect_in_opening_one_viewing_is_answered_and_ends_no_other(building: Building) -> None:
    async with open_engine(["127.0.0.1"]) as engine:
        engine._hosts = None  # type: ignore[assignment]
        async with open_viewer() as one:
            offer = await one.offer()
            with pytest.raises(EngineRefused) as refused:
                await engine.open(opening(offer, building.url("cam-gym")))
            await until(lambda: "v-1" in engine._gone)

        assert refused.value.code == "our-mistake"
        assert (await renew(engine, "v-1")).gone == {"v-1": "our-mistake"}
        assert isinstance(await engine.stats(), Stats)


async def test_a_camera_with_sound_alone_has_no_picture() -> None:
    sound = DESCRIPTION.replace("m=video 0 RTP/AVP 96", "m=audio 0 RTP/AVP 8").replace("H264/90000", "PCMA/8000")
    async with run_scripted_camera({"DESCRIBE": described(sound), "SETUP": SET_UP}) as camera:
        sources = Sources()
        source = sources.open("cam-gym", camera.url())
        await until(lambda: source.state == "unusable")
        sources.stop()

    assert source.problem is not None
    assert source.problem.code == "no-picture"


async def test_the_microphone_of_a_camera_is_never_asked_for(building: Building) -> None:
    camera = building.cameras.by_id["cam-gym"]
    camera.offers_sound = True
    sources = Sources()

    source = sources.open("cam-gym", building.url("cam-gym"))
    await until(lambda: source.state == "playing")
    sources.stop()

    assert camera.set_up == ["track1"]


async def test_an_address_at_which_no_camera_can_be_is_said_and_not_called_silence() -> None:
    sources = Sources()

    source = sources.open("cam-gym", "rtsp://camera.example:99999/gym")
    await until(lambda: source.state == "unusable")
    sources.stop()

    assert source.problem is not None
    assert source.problem.message == "the port in the camera's address is not one from 1 to 65535"


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 301), ("DESCRIBE", 302), ("SETUP", 305), ("PLAY", 302)])
async def test_a_camera_that_sends_us_on_is_not_followed_and_people_are_told(
    method: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with listen_elsewhere() as other:
        answers = {
            "DESCRIBE": described(),
            "SETUP": SET_UP,
            method: f"RTSP/1.0 {status} Moved\r\nLocation: rtsp://127.0.0.1:{other.port}/the-garden\r\n\r\n",
        }
        async with run_scripted_camera(answers) as camera:
            sources = Sources()
            source = sources.open("cam-gym", camera.url())
            await until(lambda: source.state in ("silent", "unusable"))
            sources.stop()

            assert not other.was_visited
    assert source.state == "unusable"
    assert source.problem is not None
    assert (
        source.problem.message
        == "the camera sends us on to another address: give the address that sends the picture itself"
    )
    assert f"camera cam-gym cannot be shown: {source.problem.message}" in caplog.text
    assert not any(secret in caplog.text for secret in ("the-garden", "secret", str(camera.port)))


async def test_addresses_in_a_description_are_names_that_only_the_camera_is_asked_for() -> None:
    with listen_elsewhere() as other:
        garden = f"rtsp://127.0.0.1:{other.port}"
        answers = {"DESCRIBE": described(base=f"{garden}/gym/", control=f"{garden}/gym/1"), "SETUP": NO_SUCH_TRANSPORT}
        async with run_scripted_camera(answers) as camera:
            sources = Sources()
            source = sources.open("cam-gym", camera.url())
            await until(lambda: source.state == "unusable")
            sources.stop()

            assert not other.was_visited
    assert camera.asked[2] == f"SETUP {garden}/gym/1"


@pytest.mark.parametrize("way", ["RTP/AVP;unicast", "RTP/AVP/UDP;multicast;destination=127.0.0.1;ttl=1"])
async def test_a_camera_that_answers_with_another_transport_is_not_read_over_it(way: str) -> None:
    with listen_elsewhere() as other, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", other.port))
        datagrams.settimeout(0)
        where = f"source=127.0.0.1;port={other.port}-{other.port};server_port={other.port}-{other.port}"
        set_up = f"RTSP/1.0 200 OK\r\nTransport: {way};{where};client_port=5000-5001\r\nSession: 12345678\r\n\r\n"
        async with run_scripted_camera({"DESCRIBE": described(), "SETUP": set_up}) as camera:
            sources = Sources()
            source = sources.open("cam-gym", camera.url())
            await until(lambda: source.state == "unusable")
            sources.stop()

            assert source.problem is not None
            assert source.problem.code == "no-transport"
            assert not other.was_visited
            with pytest.raises(BlockingIOError):
                datagrams.recv(1)


async def test_a_camera_behind_tls_that_vouches_for_itself_is_shown(building: Building, tmp_path: Path) -> None:
    async with behind_tls(building.port, tmp_path) as port:
        sources = Sources()
        source = sources.open("cam-gym", f"rtsps://viewer:secret@127.0.0.1:{port}/cameras/cam-gym")
        await until(lambda: source.state == "playing" and source.gop.frames != ())
        sources.stop()


async def test_a_password_with_escapes_is_what_the_camera_is_told() -> None:
    cameras = Cameras([Camera("cam-gym", "gym", SHANGHAI)])
    async with server.serve_rtsp(cameras, credentials=CameraCredentials("viewer", "p@ss/w?rd%")) as port:
        sources = Sources()
        source = sources.open("cam-gym", f"rtsp://viewer:p%40ss%2Fw%3Frd%25@127.0.0.1:{port}/cameras/cam-gym")
        await until(lambda: source.state == "playing")
        sources.stop()


async def test_a_reader_that_is_stopped_leaves_no_relay_behind(building: Building) -> None:
    before, sources = set(threading.enumerate()), Sources()
    source = sources.open("cam-gym", building.url("cam-gym"))
    await until(lambda: source.state == "playing")
    its_own = set(threading.enumerate()) - before
    assert {"camera relay", "camera cam-gym"} <= {thread.name for thread in its_own}

    sources.stop()

    await until(lambda: not any(thread.is_alive() for thread in its_own if thread.name.startswith("camera ")))


SET_UP = "RTSP/1.0 200 OK\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 12345678\r\n\r\n"
NO_SUCH_TRANSPORT = "RTSP/1.0 461 Unsupported Transport\r\n\r\n"


def described(description: str = DESCRIPTION, *, base: str = "", control: str = "track1") -> str:
    """The answer to DESCRIBE."""
    text = "\r\n".join([description, f"a=control:{control}", ""])
    head = ["RTSP/1.0 200 OK", "Content-Type: application/sdp", *([f"Content-Base: {base}"] if base else [])]
    return "\r\n".join([*head, f"Content-Length: {len(text)}", "", text])


@asynccontextmanager
async def behind_tls(port: int, folder: Path) -> AsyncIterator[int]:
    """What is served in plain at `port`, behind TLS at the port this gives."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(passed_on(reader, inner_writer))
                group.create_task(passed_on(inner_reader, writer))
        finally:
            writer.close()
            inner_writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(folder))
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as tls:
        yield tls.sockets[0].getsockname()[1]


async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()
