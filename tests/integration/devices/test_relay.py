"""Does a relay lead to one camera and nowhere else, for one reader and no longer than it reads?"""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.rtsp.filter import NotRtsp, SentOn
from devices.rtsp.relay import open_relay
from tests.fakes.certificate import make_certificate
from tests.fakes.sockets import loopback_addresses

ASKED = b"OPTIONS rtsp://10.0.0.7/gym RTSP/1.0\r\nCSeq: 1\r\n\r\n"
OK = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 0\r\n\r\n"
FRAME = b"$\x00\x05\x78" + b"\x80" + 1399 * b"p"
TEARDOWN = b"TEARDOWN rtsp://10.0.0.7/gym RTSP/1.0\r\nCSeq: 2\r\n\r\n"
PATIENCE = 10.0
MOST = 64 << 20
"""Bytes: more than the kernel holds for those who do not read."""


@contextmanager
def camera(host: str = "127.0.0.1") -> Iterator[tuple[socket.socket, str]]:
    """A listening camera, and its address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        listening.settimeout(PATIENCE)
        yield listening, f"rtsp://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}/gym"


def reader_of(url: str) -> socket.socket:
    host, _, port = url.removeprefix("rtsp://").partition("/")[0].partition(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


@dataclass(frozen=True, slots=True)
class Talk:
    """The camera's end and the reader's end of one relay."""

    there: socket.socket
    here: socket.socket
    url: str


@contextmanager
def talk(host: str = "127.0.0.1") -> Iterator[Talk]:
    with (
        camera(host) as (listening, url),
        open_relay(url, PATIENCE) as reached,
        listening.accept()[0] as there,
        reader_of(reached.url) as here,
    ):
        there.settimeout(PATIENCE)
        here.sendall(ASKED)
        assert all_of(there, len(ASKED)) == ASKED
        yield Talk(there, here, reached.url)


def all_of(connection: socket.socket, length: int) -> bytes:
    """So many bytes, or fewer when it ends before."""
    got = b""
    while len(got) < length and (more := connection.recv(length - len(got))):
        got += more
    return got


def relays() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "camera relay"}


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    before = relays()
    yield
    assert relays() <= before


def test_what_either_side_says_reaches_the_other() -> None:
    with talk() as one:
        one.there.sendall(OK + FRAME)
        assert all_of(one.here, len(OK + FRAME)) == OK + FRAME
        one.here.sendall(TEARDOWN)
        one.here.close()
        assert all_of(one.there, 100) == TEARDOWN


def test_the_camera_hears_a_reader_s_last_words_even_when_the_relay_is_closed_at_once() -> None:
    with camera() as (listening, url):
        with open_relay(url, PATIENCE) as reached:
            there = listening.accept()[0]
            with reader_of(reached.url) as here:
                here.sendall(ASKED)
                all_of(there, len(ASKED))
                here.sendall(TEARDOWN)
        with there:
            there.settimeout(PATIENCE)
            assert all_of(there, 100) == TEARDOWN


def test_nobody_but_the_first_is_accepted() -> None:
    with talk() as one, pytest.raises(ConnectionRefusedError):
        reader_of(one.url)


def test_a_relay_that_nobody_came_to_ends_with_its_block() -> None:
    with camera() as (listening, url):
        with open_relay(url, PATIENCE):
            there = listening.accept()[0]

        with there:
            there.settimeout(PATIENCE)
            assert there.recv(1) == b""


def test_a_camera_that_ends_is_at_its_end_after_all_it_said() -> None:
    with camera() as (listening, url), open_relay(url, PATIENCE) as reached, reader_of(reached.url) as here:
        with listening.accept()[0] as there:
            there.sendall(100 * FRAME)

        assert all_of(here, 200 * len(FRAME)) == 100 * FRAME


def test_a_line_that_breaks_is_broken_to_the_reader_too() -> None:
    with talk() as one:
        one.there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.there.close()

        with pytest.raises(ConnectionResetError):
            one.here.recv(1)


@pytest.mark.parametrize(
    ("said", "refusal"),
    [(b"RTSP/1.0 302 Moved\r\nLocation: rtsp://garden/\r\n\r\n", SentOn), (b"HTTP/1.1 200 OK\r\n\r\n", NotRtsp)],
)
def test_a_camera_that_is_refused_is_cut_off_and_the_reader_reads_nothing_of_it(
    said: bytes, refusal: type[Exception]
) -> None:
    with ExitStack() as opened:
        one = opened.enter_context(talk())
        one.there.sendall(said)
        read = (one.here.recv(1), one.there.recv(1))

        with pytest.raises(refusal):
            opened.close()
    assert read == (b"", b"")


def test_a_reader_that_does_not_keep_up_holds_the_camera_and_loses_nothing() -> None:
    with talk() as one:
        sent = fill(one.there)

        assert sent < MOST
        assert all_of(one.here, sent) == (FRAME * (sent // len(FRAME) + 1))[:sent]


def test_a_relay_whose_reader_does_not_keep_up_ends_with_its_block() -> None:
    with talk() as one:
        fill(one.there)
        begun = time.monotonic()

    assert time.monotonic() - begun < PATIENCE / 2


def fill(there: socket.socket) -> int:
    """Send frames until nobody has taken any for a while; gives the bytes."""
    there.settimeout(0.3)
    sent, frames = 0, FRAME * 100
    try:
        while sent < MOST:
            sent += there.send(frames[sent % len(FRAME) :])
    except TimeoutError:
        pass
    return sent


def test_a_camera_that_refuses_the_connection_is_refused_at_once() -> None:
    with camera() as (listening, url):
        listening.close()

        with pytest.raises(ConnectionRefusedError), open_relay(url, PATIENCE):
            pass


def test_a_camera_that_takes_no_connection_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        place = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(place)
        begun = time.monotonic()

        with pytest.raises(TimeoutError), open_relay(f"rtsp://127.0.0.1:{place[1]}/gym", 0.5):
            pass

        assert time.monotonic() - begun < PATIENCE / 2
        for one in waiting:
            one.close()


def test_a_host_that_nobody_knows_is_an_error_of_the_world() -> None:
    for host in ("a..b", 70 * "a"):
        with pytest.raises(OSError, match=r"\[Errno -"), open_relay(f"rtsp://{host}/gym", 1):
            pass


@pytest.mark.parametrize("host", loopback_addresses())
def test_a_camera_is_reached_at_an_address_of_either_kind(host: str) -> None:
    with talk(host) as one:
        one.there.sendall(OK)

        assert all_of(one.here, len(OK)) == OK


def test_a_camera_that_speaks_tls_and_vouches_for_itself_is_read_in_plain(tmp_path: Path) -> None:
    def answer() -> None:
        with tls_of(tmp_path).wrap_socket(listening.accept()[0], server_side=True) as there:
            said.append(all_of(there, len(ASKED)))
            there.sendall(OK + 50 * FRAME)

    said: list[bytes] = []
    with camera() as (listening, url):
        answering = threading.Thread(target=answer)
        answering.start()
        with open_relay(url.replace("rtsp:", "rtsps:"), PATIENCE) as reached, reader_of(reached.url) as here:
            here.sendall(ASKED)
            got = all_of(here, len(OK + 50 * FRAME))
            answering.join(PATIENCE)

    assert said == [ASKED]
    assert got == OK + 50 * FRAME


def test_a_camera_that_never_answers_our_tls_is_given_up_in_time() -> None:
    with camera() as (_, url):
        begun = time.monotonic()

        with pytest.raises(TimeoutError), open_relay(url.replace("rtsp:", "rtsps:"), 0.3):
            pass

        assert time.monotonic() - begun < PATIENCE / 2


def tls_of(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(folder))
    return context
