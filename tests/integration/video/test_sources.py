"""Is a camera read without its sound, and does a defect in a reader end the process rather than leave it dark?"""

import asyncio
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hub.video.media.sources import Sources
from simulators.rtsp import server
from simulators.rtsp.camera import Camera
from simulators.rtsp.server import Cameras, Credentials
from tests.fakes.cameras import DESCRIPTION, answering, elsewhere
from tests.fakes.certificate import make_certificate
from tests.integration.mqtt.fakes import until
from tests.integration.video.conftest import SHANGHAI, Building

# Nothing that can be looked up, and not one of the errors that a reader knows.
_A_DEFECT = """
import asyncio
from hub.video.media.sources import Sources

async def watch():
    Sources().open("cam-gym", "rtsp://\\ud800/")
    await asyncio.sleep(60)

asyncio.run(watch())
"""


async def test_a_reader_that_dies_of_a_defect_ends_the_process_and_does_not_leave_a_camera_dark() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _A_DEFECT, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(20):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

    assert process.returncode == 1
    assert "UnicodeEncodeError" in said.decode()
    assert "the reader of camera cam-gym has died" in said.decode()


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

    assert source.problem == "the port in the camera's address is not one from 1 to 65535"


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 301), ("DESCRIBE", 302), ("SETUP", 305), ("PLAY", 302)])
async def test_a_camera_that_sends_us_on_is_not_followed_and_people_are_told(
    method: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with elsewhere() as other:
        answers = {
            "DESCRIBE": described(),
            "SETUP": "RTSP/1.0 200 OK\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 12345678\r\n\r\n",
            method: f"RTSP/1.0 {status} Moved\r\nLocation: rtsp://127.0.0.1:{other.port}/the-garden\r\n\r\n",
        }
        async with answering(answers) as camera:
            sources = Sources()
            source = sources.open("cam-gym", camera.url())
            await until(lambda: source.state in ("silent", "unusable"))
            sources.stop()

            assert not other.was_visited
    assert source.state == "unusable"
    assert source.problem == "the camera sends us on to another address: give the address that sends the picture itself"
    assert f"camera cam-gym cannot be shown: {source.problem}" in caplog.text
    assert not any(secret in caplog.text for secret in ("the-garden", "secret", str(camera.port)))


async def test_addresses_in_a_description_are_names_that_only_the_camera_is_asked_for() -> None:
    with elsewhere() as other:
        garden = f"rtsp://127.0.0.1:{other.port}"
        answers = {"DESCRIBE": described(base=f"{garden}/gym/", control=f"{garden}/gym/1"), "SETUP": NO_SUCH_TRANSPORT}
        async with answering(answers) as camera:
            sources = Sources()
            source = sources.open("cam-gym", camera.url())
            await until(lambda: source.state == "silent")
            sources.stop()

            assert not other.was_visited
    assert camera.asked[2] == f"SETUP {garden}/gym/1"


@pytest.mark.parametrize("way", ["RTP/AVP;unicast", "RTP/AVP/UDP;multicast;destination=127.0.0.1;ttl=1"])
async def test_a_camera_that_answers_with_another_transport_is_not_read_over_it(way: str) -> None:
    with elsewhere() as other, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", other.port))
        datagrams.settimeout(0)
        where = f"source=127.0.0.1;port={other.port}-{other.port};server_port={other.port}-{other.port}"
        set_up = f"RTSP/1.0 200 OK\r\nTransport: {way};{where};client_port=5000-5001\r\nSession: 12345678\r\n\r\n"
        async with answering({"DESCRIBE": described(), "SETUP": set_up}) as camera:
            sources = Sources()
            source = sources.open("cam-gym", camera.url())
            await until(lambda: source.state == "silent")
            sources.stop()

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
    async with server.serve(cameras, credentials=Credentials("viewer", "p@ss/w?rd%")) as port:
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


NO_SUCH_TRANSPORT = "RTSP/1.0 461 Unsupported Transport\r\n\r\n"


def described(*, base: str = "", control: str = "track1") -> str:
    """The answer to DESCRIBE."""
    text = "\r\n".join([DESCRIPTION, f"a=control:{control}", ""])
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
