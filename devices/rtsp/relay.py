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
from devices.rtsp.authentication import parse_account
from devices.rtsp.conversation import CameraRefused, Passed, RelayedNames, RtspConversation
from devices.rtsp.datagrams import Datagrams
from devices.rtsp.filter import NotRtsp, SentOn

_CHUNK = 1 << 16
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Reached:
    """A camera that took our connection: the address to give FFmpeg, and the seconds that are left to open it.

    `video_codecs` gives what its description names, once FFmpeg has asked for it; `has_ended`, which FFmpeg does not
    tell from other errors, whether the camera has ended the connection.
    """

    url: str
    seconds: float
    video_codecs: Callable[[], tuple[str, ...]]
    has_ended: Callable[[], bool]


class RelayDied(Exception):
    """A relay ended by a defect of ours, whose traceback its thread has printed."""


@contextmanager
def open_relay(url: str, within: float) -> Iterator[Reached]:
    """Connect to the camera at an rtsp:// or rtsps:// address, for one reader in this block, which must close in it.

    Raises OSError when the camera cannot be reached `within` these seconds, NotAnAddress when there is no camera to
    reach; and in place of what the reader made of it at the end of the block SentOn, NotRtsp or CameraRefused, when the
    camera was cut off for it.
    """
    address = parse_address(url)
    deadline = time.monotonic() + within
    relay = _Relay(_connect_camera(address, deadline), address)
    try:
        seconds = max(deadline - time.monotonic(), 0.1)
        yield Reached(
            address.reached_at(relay.port), seconds, lambda: relay.video_codecs, lambda: relay.has_camera_ended
        )
    finally:
        relay.close()
        if relay.refusal is not None:
            raise relay.refusal


class _Relay:
    """One connection to a camera, and the thread that passes its bytes on to the one reader that comes for them."""

    def __init__(self, camera: socket.socket, address: CameraAddress) -> None:
        self.refusal: SentOn | NotRtsp | CameraRefused | None = None
        self.has_camera_ended = False
        self._camera = camera
        self._camera.settimeout(0)
        self._door = socket.create_server(("127.0.0.1", 0), backlog=1)
        self.port: int = self._door.getsockname()[1]
        place = RelayedNames(address.reached_at(self.port).removesuffix(address.rest).encode(), address.named.encode())
        self._conversation = RtspConversation(parse_account(address.account), place, self._open_datagrams)
        self._datagrams: Datagrams | None = None
        self._waiting = selectors.PollSelector()
        self._stop, self._stopped = socket.socketpair()
        self._is_through = False
        self._thread = threading.Thread(target=self._run, name="camera relay", daemon=True)
        self._thread.start()

    @property
    def video_codecs(self) -> tuple[str, ...]:
        return self._conversation.video_codecs

    def close(self) -> None:
        """End the thread, and both connections. Raises RelayDied when a defect has ended it already."""
        self._stop.close()
        self._thread.join()
        if not self._is_through:
            raise RelayDied

    def _run(self) -> None:
        with self._camera, self._stopped, self._waiting:
            try:
                reader = self._accept_reader()
                if reader is not None:
                    with reader:
                        self._pass_all(reader)
            finally:
                if self._datagrams is not None:
                    self._datagrams.close()
            self._is_through = True

    def _accept_reader(self) -> socket.socket | None:
        """The first that comes; nobody comes after it. None when the relay is closed before."""
        with self._door:
            for one in (self._door, self._stopped):
                self._waiting.register(one, selectors.EVENT_READ)
            came = {key.fileobj for key, _ in self._waiting.select()}
            self._waiting.unregister(self._door)
            if self._door not in came:
                return None
            try:
                reader, _ = self._door.accept()
                reader.settimeout(0)
                reader.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:  # it has gone again
                return None
        return reader

    def _open_datagrams(self) -> tuple[int, int]:
        """Listen for what the camera sends over UDP. Raises OSError."""
        ours, camera = self._camera.getsockname()[0], self._camera.getpeername()[0]
        self._datagrams = Datagrams(ours, camera, self._camera.family)
        for one in self._datagrams.sockets:
            self._waiting.register(one, selectors.EVENT_READ)
        return self._datagrams.ports

    def _pass_all(self, reader: socket.socket) -> None:
        """Pass on until either side ends, the camera is refused, or the relay is closed."""
        for one in (reader, self._camera):
            self._waiting.register(one, selectors.EVENT_READ)
        is_open = True
        while is_open:
            ready = {key.fileobj for key, _ in self._waiting.select()}
            # The reader first: it has said all it will when the relay is closed, and the camera is to hear of its end.
            if reader in ready or self._stopped in ready:
                is_open = self._from_reader(reader)
            if is_open and self._camera in ready:
                is_open = self._from_camera(reader)
            if is_open and self._datagrams is not None:
                is_open = self._from_datagrams(self._datagrams, reader)
            is_open = is_open and self._stopped not in ready

    def _from_reader(self, reader: socket.socket) -> bool:
        """Pass on what the reader says; False when either side has ended."""
        try:
            chunk = reader.recv(_CHUNK)
            return bool(chunk) and self._passed(self._conversation.hear_reader(chunk), reader)
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
            self.has_camera_ended = True
            with suppress(OSError):  # the reader is to see a broken line as well, and not an end
                reader.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return False
        self.has_camera_ended = not chunk
        before = self._conversation.server_ports
        try:
            is_open = bool(chunk) and self._passed(self._conversation.hear_camera(chunk), reader)
        except (SentOn, NotRtsp, CameraRefused) as refusal:
            self.refusal = refusal
            return False
        except OSError:
            return False
        ports = self._conversation.server_ports
        if self._datagrams is not None and ports is not None and ports != before:
            self._datagrams.open_way(ports)
        return is_open

    def _from_datagrams(self, datagrams: Datagrams, reader: socket.socket) -> bool:
        """Pass on what has come over UDP; False when the reader has ended."""
        arrived = b"".join(datagrams.receive(one) for one in datagrams.sockets)
        try:
            return self._passed(Passed(to_reader=arrived), reader)
        except OSError:
            return False

    def _passed(self, passed: Passed, reader: socket.socket) -> bool:
        """Write what is to be written to either side; False when the relay is closed meanwhile. Raises OSError."""
        if self._datagrams is not None and self._conversation.server_ports is not None:
            for report in passed.reports:
                self._datagrams.send_report(report, self._conversation.server_ports[1])
        to_camera, to_reader = passed.to_camera, passed.to_reader
        return (not to_camera or self._sent(self._camera, to_camera)) and (
            not to_reader or self._sent(reader, to_reader)
        )

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
