"""Is each surprise of a camera shown all the same, or a reason in words at that camera?"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

import pytest

from hub.video.media import sources as reading
from hub.video.media.frames import Frame
from hub.video.media.sources import CameraSource, Sources
from simulators.rtsp import server
from simulators.rtsp.authentication import CameraCredentials
from simulators.rtsp.camera import Camera, Fault
from simulators.rtsp.oddities import Oddities
from simulators.rtsp.server import Cameras
from tests.integration.mqtt.fakes import until
from tests.integration.video.conftest import SHANGHAI

pytestmark = pytest.mark.long


@dataclass(slots=True)
class Read:
    """One camera, its reader, and the pictures that came of it."""

    camera: Camera
    cameras: Cameras
    source: CameraSource
    frames: list[Frame]


@contextmanager
def reading_of(url: str, failing: float = 0.0) -> Iterator[CameraSource]:
    sources = Sources(failing=failing)
    try:
        yield sources.open("cam-gym", url)
    finally:
        sources.stop()


@asynccontextmanager
async def read(odd: Oddities, *, password: str = "secret", path: str = "cameras/cam-gym") -> AsyncIterator[Read]:
    """A camera with these oddities, read by the hub with this password."""
    camera = Camera("cam-gym", "gym", SHANGHAI, odd=odd)
    cameras = Cameras([camera])
    async with server.serve_rtsp(cameras, credentials=CameraCredentials("viewer", "secret")) as port:
        account = f"viewer:{password}@" if password else ""
        with reading_of(f"rtsp://{account}127.0.0.1:{port}/{path}") as source:
            one = Read(camera, cameras, source, [])
            source.listeners.add(one.frames.append)
            yield one


async def shown(one: Read) -> None:
    await until(lambda: len(one.frames) > 3 or one.source.problem is not None)
    assert one.source.problem is None
    assert one.frames[0].is_key


async def said_of(source: CameraSource) -> tuple[str, int]:
    await until(lambda: source.problem is not None)
    assert source.problem is not None
    assert source.state == "unusable"
    assert "secret" not in source.problem.message
    return source.problem.code, source.problem.status


@pytest.mark.parametrize(
    "odd",
    [
        Oddities(challenges=("MD5", "SHA-256")),
        Oddities(challenges=("SHA-256", "MD5")),
        Oddities(challenges=("SHA-256",)),
        Oddities(challenges=("SHA-512-256:auth",)),
        Oddities(challenges=("SHA-256:auth-int",)),
        Oddities(challenges=("MD5-sess:auth",)),
        Oddities(challenges=("MD5:auth,auth-int",)),
        Oddities(challenges=("MD5:auth", "Basic")),
        Oddities(challenges=("Basic", "MD5")),
        Oddities(challenges=("Basic",)),
        Oddities(requests_a_nonce=1),
        Oddities(challenges=("SHA-256:auth",), requests_a_nonce=1),
        Oddities(transports=frozenset({"udp"})),
        Oddities(transports=frozenset({"udp"}), challenges=("SHA-256:auth",), requests_a_nonce=1),
        Oddities(layout="sound-first"),
        Oddities(layout="jpeg-first"),
        Oddities(layout="sub-second"),
        Oddities(has_control=False),
        Oddities(content_base="/cameras/"),
        Oddities(content_base=""),
        Oddities(content_base="rtsp://camera.example/cameras/cam-gym"),
        Oddities(padding=60_000),
        Oddities(answers={"OPTIONS": 501}),
        Oddities(stray=bytes.fromhex("0000000a5f13"), stray_every=2),
        Oddities(stray=b"$\x00\xff\xff", stray_every=2),
        Oddities(stray=b"RTSP/1.0", stray_every=2),
    ],
)
async def test_an_odd_camera_is_shown(odd: Oddities) -> None:
    async with read(odd) as one:
        await shown(one)

        assert one.camera.set_up[-1] == "track1"
        assert one.source.connections == 1


@pytest.mark.parametrize(
    ("odd", "code", "status"),
    [
        (Oddities(password="changed"), "wrong-account", 401),
        (Oddities(password="changed", challenges=("SHA-256", "MD5")), "wrong-account", 401),
        (Oddities(password="changed", challenges=("Basic",)), "wrong-account", 401),
        (Oddities(challenges=("SHA-3",)), "unknown-sign-in", 401),
        (Oddities(answers={"DESCRIBE": 403}), "forbidden", 403),
        (Oddities(answers={"DESCRIBE": 404}), "path-not-found", 404),
        (Oddities(answers={"SETUP": 404}), "path-not-found", 404),
        (Oddities(answers={"SETUP": 453}), "too-many-readers", 453),
        (Oddities(answers={"PLAY": 453}), "too-many-readers", 453),
        (Oddities(answers={"DESCRIBE": 503}), "too-many-readers", 503),
        (Oddities(transports=frozenset()), "no-transport", 461),
        (Oddities(answers={"DESCRIBE": 500}), "camera-error", 500),
        (Oddities(answers={"PLAY": 551}), "camera-error", 551),
        (Oddities(answers={"SETUP": 455}), "refused", 455),
        (Oddities(rtpmap="SVAC/90000"), "codec", 0),
        (Oddities(rtpmap="H265/90000"), "codec", 0),
        (Oddities(rtpmap="MP4V-ES/90000"), "codec", 0),
        (Oddities(padding=70_000), "not-rtsp", 0),
    ],
)
async def test_a_camera_that_cannot_be_shown_is_said_why(odd: Oddities, code: str, status: int) -> None:
    async with read(odd) as one:
        assert await said_of(one.source) == (code, status)

        assert one.frames == []


async def test_a_camera_that_wants_an_account_and_is_given_none_is_said_so() -> None:
    async with read(Oddities(), password="") as one:
        assert await said_of(one.source) == ("no-account", 401)


async def test_a_path_that_the_camera_does_not_know_is_said_so() -> None:
    async with read(Oddities(), path="cameras/cam-roof") as one:
        assert await said_of(one.source) == ("path-not-found", 404)


async def test_a_wrong_password_is_not_tried_again_and_again() -> None:
    """Cameras lock an account after some wrong ones; the pause is checked where it is decided."""
    async with read(Oddities(password="changed")) as one:
        await said_of(one.source)

        assert one.source.connections == 0


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    return f"rtsp://viewer:secret@127.0.0.1:{port}/gym"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (closed_port, "closed-port"),
        (lambda: "rtsp://viewer:secret@camera.invalid/gym", "unknown-host"),
        (lambda: "rtsp://viewer:secret@a..b/gym", "unknown-host"),
        (lambda: "rtsp://viewer:secret@127.0.0.1:99999/gym", "bad-address"),
    ],
)
async def test_a_camera_that_cannot_be_reached_is_said_why(url: Callable[[], str], code: str) -> None:
    with reading_of(url()) as source:
        assert (await said_of(source))[0] == code


@asynccontextmanager
async def saying(said: bytes, *, ends: bool) -> AsyncIterator[str]:
    """What answers anything with this, a byte after the other, and ends or waits; gives its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(1)
            for at in range(0, len(said), 1000):
                writer.write(said[at : at + 1000])
                await writer.drain()
            while not ends and await reader.read(1000):
                pass
        except ConnectionError:
            pass
        finally:
            writer.close()

    serving: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as group:
        server = await asyncio.start_server(
            lambda reader, writer: serving.add(group.create_task(serve(reader, writer))), "127.0.0.1", 0
        )
        try:
            yield f"rtsp://viewer:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/gym"
        finally:
            server.close()
            for task in serving:
                task.cancel()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not-rtsp"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not-rtsp"),
        (b"RTSP/1.0 200 OK\r\nX: " + b"a" * 20_000, "not-rtsp"),
        (b"", "connection-ends"),
        (b"RTSP/1.0 200 OK\r\n", "connection-ends"),
    ],
)
async def test_what_speaks_something_else_is_said_to(said: bytes, code: str) -> None:
    async with saying(said, ends=True) as url:
        with reading_of(url) as source:
            assert (await said_of(source))[0] == code


@pytest.mark.parametrize("said", [b"", b"RTSP/1.0 200 OK\r\n"])
async def test_a_camera_that_answers_nothing_or_half_is_said_to(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "OPEN_SECONDS", 0.3)
    async with saying(said, ends=False) as url:
        with reading_of(url) as source:
            assert (await said_of(source))[0] == "no-answer"


async def test_a_camera_that_speaks_no_tls_is_said_to() -> None:
    async with saying(b"RTSP/1.0 400 Bad Request\r\n\r\n", ends=True) as url:
        with reading_of(url.replace("rtsp:", "rtsps:")) as source:
            assert (await said_of(source))[0] == "no-tls"


async def test_a_camera_that_is_mended_is_shown_and_its_problem_is_over() -> None:
    async with read(Oddities(answers={"DESCRIBE": 503})) as one:
        await said_of(one.source)

        one.camera.odd = Oddities()
        await shown_again(one)

        assert one.source.problem is None


async def shown_again(one: Read) -> None:
    await until(lambda: len(one.frames) > 3 and one.source.problem is None)


async def test_a_camera_that_fails_for_a_moment_is_silent_and_not_said_to_be_wrong() -> None:
    async with read(Oddities()) as one:
        await shown(one)
        one.source._outage.patience = 3600.0

        one.camera.break_with(Fault.REFUSE, 0.0)
        await until(lambda: one.source.state == "silent")

        assert one.source.problem is None


async def test_b_frames_are_said_until_the_camera_is_known_to_send_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.video.media.faults.LONGEST_PAUSE", 0.1)
    monkeypatch.setattr(reading, "SETTLED_SECONDS", 1.0)
    async with read(Oddities()) as one:
        stream = one.cameras.streams["cam-gym", "main"]
        stream.knobs = replace(stream.knobs, profile="main", b_frames=2)
        assert await said_of(one.source) == ("b-frames", 0)
        stood: list[bool] = []
        one.source.listeners.add(lambda _: stood.append(one.source.problem is not None))

        connections = one.source.connections
        await until(lambda: one.source.connections > connections + 1)
        assert all(stood)

        stream.knobs = replace(stream.knobs, profile="baseline", b_frames=0)
        await shown_again(one)


async def test_key_pictures_that_are_far_apart_are_said_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONG_KEY_SECONDS", 0.5)
    async with read(Oddities()) as one:
        stream = one.cameras.streams["cam-gym", "main"]
        stream.knobs = replace(stream.knobs, gop=24)
        await until(lambda: one.source.advice is not None)

        assert one.source.advice is not None
        assert one.source.advice.code == "key-interval"
        assert (one.source.problem, one.source.is_well) == (None, False)
        await until(lambda: sum(frame.is_key for frame in one.frames) > 1)
        assert one.source.advice.seconds == 2


async def test_recovery_points_are_no_key_pictures_and_their_lack_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "KEY_LESS_SECONDS", 0.5)
    async with read(Oddities()) as one:
        await shown(one)
        one.source._begin_anew()  # as for a reader who comes when the only one has passed
        stream = one.cameras.streams["cam-gym", "main"]
        stream.knobs = replace(stream.knobs, intra_refresh=True)
        one.camera.break_with(Fault.DROP, 0.0)
        one.camera.break_with(None, 0.0)

        await until(lambda: one.source.advice is not None)

        assert one.source.advice is not None
        assert one.source.advice.code in ("no-key-pictures", "key-interval")


async def test_a_camera_with_little_in_its_long_gop_is_kept_whole_for_who_comes_late() -> None:
    async with read(Oddities()) as one:
        stream = one.cameras.streams["cam-gym", "main"]
        stream.knobs = replace(stream.knobs, gop=600)
        await until(lambda: len(one.frames) > 60)

        assert len(one.source.gop.frames) == len(one.frames)
