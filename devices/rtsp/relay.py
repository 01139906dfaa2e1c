"""How does FFmpeg reach a camera, and nothing else? Through a port of this machine that leads to one host alone."""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from devices.rtsp.address import CameraAddress, parse_address
from devices.rtsp.filter import NotRtsp, RtspFilter, SentOn

_CHUNK = 1 << 16
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Reached:
    """A camera that took our connection: the address to give FFmpeg, and the seconds that are left to open it.

    `video_codecs` gives what its description names, once FFmpeg has asked for it.
    """

    url: str
    seconds: float
    video_codecs: Callable[[], tuple[str, ...]]


class RelayDied(Exception):
    """A relay ended by a defect of ours, whose traceback its thread has printed."""


@contextmanager
def open_relay(url: str, within: float) -> Iterator[Reached]:
    """Connect to the camera at an rtsp:// or rtsps:// address, for one reader in this block, which must close in it.

    Raises OSError when the camera cannot be reached `within` these seconds, NotAnAddress when there is no camera to
    reach; and in place of what the reader made of it at the end of the block SentOn or NotRtsp, when the camera was cut
    off for it.
    """
    address = parse_address(url)
    deadline = time.monotonic() + within
    relay = _Relay(_connect_camera(address, deadline))
    try:
        seconds = max(deadline - time.monotonic(), 0.1)
        yield Reached(address.reached_at(relay.port), seconds, lambda: relay.video_codecs)
    finally:
        relay.close()
        if relay.refusal is not None:
            raise relay.refusal


class _Relay:
    """One connection to a camera, and the thread that passes its bytes on to the one reader that comes for them."""

    def __init__(self, camera: socket.socket) -> None:
        self.refusal: SentOn | NotRtsp | None = None
        self._camera = camera
        self._camera.settimeout(0)
        self._filter = RtspFilter()
        self._door = socket.create_server(("127.0.0.1", 0), backlog=1)
        self.port: int = self._door.getsockname()[1]
        self._stop, self._stopped = socket.socketpair()
        self._is_through = False
        self._thread = threading.Thread(target=self._run, name="camera relay", daemon=True)
        self._thread.start()

    @property
    def video_codecs(self) -> tuple[str, ...]:
        return self._filter.video_codecs

    def close(self) -> None:
        """End the thread, and both connections. Raises RelayDied when a defect has ended it already."""
        self._stop.close()
        self._thread.join()
        if not self._is_through:
            raise RelayDied

    def _run(self) -> None:
        with self._camera, self._stopped, selectors.PollSelector() as waiting:
            reader = self._accept_reader(waiting)
            if reader is not None:
                with reader:
                    self._pass_all(waiting, reader)
            self._is_through = True

    def _accept_reader(self, waiting: selectors.BaseSelector) -> socket.socket | None:
        """The first that comes; nobody comes after it. None when the relay is closed before."""
        with self._door:
            for one in (self._door, self._stopped):
                waiting.register(one, selectors.EVENT_READ)
            came = {key.fileobj for key, _ in waiting.select()}
            waiting.unregister(self._door)
            if self._door not in came:
                return None
            try:
                reader, _ = self._door.accept()
                reader.settimeout(0)
                reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:  # it has gone again
                return None
        return reader

    def _pass_all(self, waiting: selectors.BaseSelector, reader: socket.socket) -> None:
        """Pass on until either side ends, the camera is refused, or the relay is closed."""
        for one in (reader, self._camera):
            waiting.register(one, selectors.EVENT_READ)
        is_open = True
        while is_open:
            ready = {key.fileobj for key, _ in waiting.select()}
            # The reader first: it has said all it will when the relay is closed, and the camera is to hear of its end.
            if reader in ready or self._stopped in ready:
                is_open = self._from_reader(reader)
            if is_open and self._camera in ready:
                is_open = self._from_camera(reader)
            is_open = is_open and self._stopped not in ready

    def _from_reader(self, reader: socket.socket) -> bool:
        """Pass on what the reader says; False when either side has ended."""
        try:
            chunk = reader.recv(_CHUNK)
            return bool(chunk) and self._sent(self._camera, chunk)
        except _NOT_YET:
            return True
        except OSError:
            return False

    def _from_camera(self, reader: socket.socket) -> bool:
        """Pass on what the reader may see of what the camera says; False when either side has ended."""
        try:
            chunk = self._camera.recv(_CHUNK)
        except _NOT_YET:
            return True
        except OSError:
            with suppress(OSError):  # the reader is to see a broken line as well, and not an end
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return False
        try:
            return bool(chunk) and self._sent(reader, self._filter.feed(chunk))
        except (SentOn, NotRtsp) as refusal:
            self.refusal = refusal
        except OSError:
            pass
        return False

    def _sent(self, to: socket.socket, content: bytes) -> bool:
        """Send it all, however long that takes; False when the relay is closed meanwhile.

        Nothing is read from the other side until then, which is how it learns to send no faster.
        """
        left = memoryview(content)
        while left:
            try:
                left = left[to.send(left) :]
            except _NOT_YET:
                with selectors.PollSelector() as waiting:
                    waiting.register(to, selectors.EVENT_WRITE)
                    waiting.register(self._stopped, selectors.EVENT_READ)
                    if any(key.fileobj is self._stopped for key, _ in waiting.select()):
                        return False
        return True


def _connect_camera(address: CameraAddress, deadline: float) -> socket.socket:
    """A connection to the camera. Raises OSError, also at the deadline."""
    camera = _connect_first_address(address, deadline)
    try:
        camera.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not address.is_tls:
            return camera
        camera.settimeout(max(deadline - time.monotonic(), 0.1))
        return _unverified_tls_context().wrap_socket(camera, server_hostname=address.host)
    except BaseException:
        camera.close()
        raise


def _connect_first_address(address: CameraAddress, deadline: float) -> socket.socket:
    """A connection to the first of the host's addresses that answers; each has its share of the time."""
    found = socket.getaddrinfo(address.host.encode(), address.port, type=socket.SOCK_STREAM)
    problem: OSError | None = None
    for nth, (family, kind, protocol, _, place) in enumerate(found):
        camera = socket.socket(family, kind, protocol)
        camera.settimeout(max(deadline - time.monotonic(), 0.1) / (len(found) - nth))
        try:
            camera.connect(place)
        except OSError as error:
            camera.close()
            problem = error
        else:
            return camera
    raise problem or OSError("the camera's host has no address")


def _unverified_tls_context() -> ssl.SSLContext:
    """TLS as FFmpeg 8 takes it by default: cameras vouch for themselves, and no certificate is verified.

    That keeps out whoever only listens. Ciphers are those of OpenSSL: Python's own choice leaves out what old cameras
    speak.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.options |= ssl.OP_NO_RENEGOTIATION  # writing never has to wait for reading
    context.set_ciphers("DEFAULT")
    return context
