"""How are simulated cameras read? RTSP 1.0 (RFC 2326): RTP inside the connection or over UDP, Digest authentication."""

from __future__ import annotations

import asyncio
import re
import secrets
import struct
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from simulators.rtsp import rtp
from simulators.rtsp.authentication import CameraAuthenticator, CameraCredentials
from simulators.rtsp.camera import Camera, Fault, Sent, SimulatedStream
from simulators.rtsp.oddities import Oddities

LARGEST_REQUEST = 16_384
MOST_UNSENT = 1_000_000
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"
REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    454: "Session Not Found", 455: "Method Not Valid in This State", 461: "Unsupported Transport",
    503: "Service Unavailable",
}  # fmt: skip
# A camera by its own id or its room's: rtsp://…/cameras/cam-gym, rtsp://…/gym/sub
PATH = re.compile(r"rtsps?://[^/]+(?:/cameras)?/([a-z0-9-]+)(/sub)?(?:/(track[0-9]))?/?$")


@dataclass(frozen=True, slots=True)
class Request:
    """One RTSP request; header names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """One RTSP response before it has its CSeq."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


def track_of(url: str) -> str:
    """The track that an RTSP URL names; a stream by itself is its video."""
    found = PATH.match(url)
    return (found[3] if found else None) or "track1"


class Cameras:
    """All cameras of one process and their streams."""

    def __init__(self, cameras: Sequence[Camera]) -> None:
        self.by_id = {camera.id: camera for camera in cameras}
        self._named = {camera.room_id: camera for camera in cameras} | self.by_id
        self.streams = {
            (camera.id, name): SimulatedStream(camera, knobs)
            for camera in cameras
            for name, knobs in (("main", camera.main), ("sub", camera.sub))
        }

    def of_url(self, url: str) -> SimulatedStream | None:
        """The stream that an RTSP URL names; None when there is no such camera."""
        found = PATH.match(url)
        camera = self._named.get(found[1]) if found else None
        if found is None or camera is None:
            return None
        return self.streams[camera.id, "sub" if found[2] else "main"]


@asynccontextmanager
async def serve_rtsp(
    cameras: Cameras, *, host: str = "127.0.0.1", port: int = 0, credentials: CameraCredentials | None = None
) -> AsyncIterator[int]:
    """Serve RTSP for as long as this lasts; gives the port. Raises OSError when it cannot listen."""
    async with asyncio.TaskGroup() as group:
        running = {group.create_task(stream.run()) for stream in cameras.streams.values()}

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = group.create_task(_RtspConnection(cameras, credentials, reader, writer).run())
            running.add(task)
            task.add_done_callback(running.discard)
            # Also of a connection that was cancelled before it began.
            task.add_done_callback(lambda _: writer.transport.abort())

        listening = await asyncio.start_server(connected, host, port, limit=LARGEST_REQUEST)
        try:
            yield listening.sockets[0].getsockname()[1]
        finally:
            listening.close()
            for task in tuple(running):
                task.cancel()


class _Way(Protocol):
    """How RTP reaches one reader: inside the RTSP connection, or over UDP."""

    @property
    def reply(self) -> str: ...

    def send(self, packet: bytes) -> None: ...

    def send_stray(self, content: bytes) -> None: ...

    def is_full(self) -> bool: ...

    def close(self) -> None: ...


class _Interleaved:
    """RTP inside the RTSP connection (RFC 2326 clause 10.12)."""

    def __init__(self, writer: asyncio.StreamWriter, channel: int) -> None:
        self._writer = writer
        self._channel = channel
        self.reply = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"

    def send(self, packet: bytes) -> None:
        self._writer.write(struct.pack("!cBH", b"$", self._channel, len(packet)) + packet)

    def send_stray(self, content: bytes) -> None:
        self._writer.write(content)

    def is_full(self) -> bool:
        return self._writer.transport.get_write_buffer_size() > MOST_UNSENT

    def close(self) -> None:
        pass


class _Datagrams(asyncio.DatagramProtocol):
    """RTP over UDP. What the reader sends back (RTCP, hole punching) is not needed."""

    def __init__(self, reader_host: str, reader_ports: tuple[int, int]) -> None:
        self._to = (reader_host, reader_ports[0])
        self._reader_ports = reader_ports
        self._pair: tuple[asyncio.DatagramTransport, asyncio.DatagramTransport] | None = None

    async def open(self, host: str) -> None:
        """Bind an even port and the odd one after it. Raises OSError when twenty tries found none."""
        loop = asyncio.get_running_loop()
        for _ in range(20):
            first, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
            port = first.get_extra_info("sockname")[1]
            try:
                if port % 2:
                    raise OSError("RTP wants an even port")
                second, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(host, port + 1))
            except OSError:
                first.close()
                continue
            self._pair = (first, second)
            return
        raise OSError("no pair of free UDP ports")

    @property
    def reply(self) -> str:
        assert self._pair is not None
        port = self._pair[0].get_extra_info("sockname")[1]
        return (
            f"RTP/AVP;unicast;client_port={self._reader_ports[0]}-{self._reader_ports[1]};server_port={port}-{port + 1}"
        )

    def send(self, packet: bytes) -> None:
        if self._pair is not None:
            self._pair[0].sendto(packet, self._to)

    def send_stray(self, content: bytes) -> None:
        self.send(content)

    def is_full(self) -> bool:
        return False

    def close(self) -> None:
        for transport in self._pair or ():
            transport.close()


class _Delivery:
    """The pictures of one stream on their way to one reader: from the first key picture on, whole pictures only."""

    def __init__(self, way: _Way, odd: Oddities) -> None:
        self._way = way
        self._odd = odd
        self._pictures = 0
        self._source = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._begun = False

    def __call__(self, picture: Sent) -> None:
        if self._way.is_full():
            self._begun = False
        if not self._begun and not picture.is_key:
            return
        self._begun = not self._way.is_full()
        for number, payload in enumerate(picture.payloads, start=1):
            packet = rtp.build_packet(
                payload,
                marker=number == len(picture.payloads),
                sequence=self._sequence,
                timestamp=picture.timestamp,
                source=self._source,
            )
            self._sequence += 1
            self._way.send(packet)
        self._pictures += 1
        if self._odd.stray and self._pictures % self._odd.stray_every == 0:
            self._way.send_stray(self._odd.stray)


class _RtspConnection:
    """One RTSP connection, which carries at most one session."""

    def __init__(
        self,
        cameras: Cameras,
        credentials: CameraCredentials | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._cameras = cameras
        self._credentials = credentials
        self._reader = reader
        self._writer = writer
        self._authenticator: CameraAuthenticator | None = None
        self._session = secrets.token_hex(8)
        self._way: _Way | None = None
        self._stream: SimulatedStream | None = None
        self._playing = asyncio.Event()

    async def run(self) -> None:
        """Answer until the reader goes, the session is torn down, or a fault cuts the line."""
        try:
            async with asyncio.TaskGroup() as group:
                others = [group.create_task(self._deliver()), group.create_task(self._cut_by_fault())]
                await self._answer_all()
                for task in others:
                    task.cancel()
        except* (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, _Cut):
            pass
        finally:
            if self._way is not None:
                self._way.close()
            await self._hang_up()

    async def _hang_up(self) -> None:
        """Close once what was written is gone, or at once when the reader takes nothing any more."""
        self._writer.close()
        try:
            async with asyncio.timeout(0.5):
                await self._writer.wait_closed()
        except (TimeoutError, ConnectionError):
            self._writer.transport.abort()

    async def _answer_all(self) -> None:
        while (request := await self._next_request()) is not None:
            reply = await self._answer(request)
            self._write(request, reply)
            await self._writer.drain()
            if request.method == "PLAY" and reply.status == 200:
                self._playing.set()
            if request.method == "TEARDOWN":
                return

    async def _next_request(self) -> Request | None:
        """The next request; RTCP that the reader sends between is passed over. None when the reader went."""
        first = await self._reader.read(1)
        while first == b"$":
            header = await self._reader.readexactly(3)
            await self._reader.readexactly(int.from_bytes(header[1:], "big"))
            first = await self._reader.read(1)
        if not first:
            return None
        text = (first + await self._reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
        start, *lines = text.strip().split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = headers.get("content-length", "0")
        if length.isdigit() and 0 < int(length) <= LARGEST_REQUEST:
            await self._reader.readexactly(int(length))
        method, _, rest = start.partition(" ")
        return Request(method, rest.partition(" ")[0], headers)

    async def _answer(self, request: Request) -> Reply:
        stream = self._cameras.of_url(request.url)
        odd = Oddities() if stream is None else stream.camera.odd
        if request.method == "OPTIONS" and "OPTIONS" not in odd.answers:
            return Reply(200, (("Public", METHODS),))
        if (challenge := self._challenge(request, odd)) is not None:
            return Reply(401, challenge)
        if request.method in odd.answers:
            return Reply(odd.answers[request.method])
        if stream is None:
            return Reply(404)
        if stream.camera.fault is Fault.REFUSE:
            return Reply(503)
        match request.method:
            case "DESCRIBE":
                body = await asyncio.to_thread(stream.description)
                base = f"{request.url}/" if odd.content_base is None else odd.content_base
                return Reply(200, (("Content-Type", "application/sdp"), ("Content-Base", base)), body)
            case "SETUP":
                return await self._set_up(request, stream)
            case "PLAY" if self._way is not None:
                return Reply(200, (("Session", self._session), ("Range", "npt=now-")))
            case "GET_PARAMETER" | "TEARDOWN" if self._way is not None:
                return Reply(200, (("Session", self._session),))
            case "PLAY" | "GET_PARAMETER" | "TEARDOWN":
                return Reply(454)
            case _:
                return Reply(405, (("Allow", METHODS),))

    async def _set_up(self, request: Request, stream: SimulatedStream) -> Reply:
        track = track_of(request.url)
        stream.camera.set_up.append(track)
        if track != "track1":  # nobody listens to a microphone here, and there is no other picture
            return Reply(404)
        if self._way is not None:
            return Reply(455)
        wanted = request.headers.get("transport", "")
        transports = stream.camera.odd.transports
        if "tcp" in transports and (channel := re.search(r"RTP/AVP/TCP.*interleaved=(\d+)-\d+", wanted)):
            self._way = _Interleaved(self._writer, int(channel[1]))
        elif "udp" in transports and (ports := re.search(r"RTP/AVP(?:/UDP)?;unicast.*client_port=(\d+)-(\d+)", wanted)):
            ours, theirs = (self._writer.get_extra_info(name)[0] for name in ("sockname", "peername"))
            datagrams = _Datagrams(theirs, (int(ports[1]), int(ports[2])))
            await datagrams.open(ours)
            self._way = datagrams
        else:
            return Reply(461)
        self._stream = stream
        return Reply(200, (("Transport", self._way.reply), ("Session", f"{self._session};timeout=60")))

    def _challenge(self, request: Request, odd: Oddities) -> tuple[tuple[str, str], ...] | None:
        """The headers that ask who this is; None once it is known, or where anybody may read."""
        if self._credentials is None:
            return None
        if self._authenticator is None:
            self._authenticator = CameraAuthenticator(odd.challenges, odd.requests_a_nonce)
        known = self._credentials if odd.password is None else replace(self._credentials, password=odd.password)
        if self._authenticator.admits(known, request.method, request.headers.get("authorization", "")):
            return None
        return self._authenticator.challenge()

    def _write(self, request: Request, reply: Reply) -> None:
        lines = [
            f"RTSP/1.0 {reply.status} {REASONS.get(reply.status, 'Refused')}",
            f"CSeq: {request.headers.get('cseq', '0')}",
        ]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if reply.body:
            lines.append(f"Content-Length: {len(reply.body)}")
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n" + reply.body).encode())

    async def _deliver(self) -> None:
        await self._playing.wait()
        assert self._stream is not None
        assert self._way is not None
        with self._stream.read_by(_Delivery(self._way, self._stream.camera.odd)):
            await asyncio.Event().wait()

    async def _cut_by_fault(self) -> None:
        await self._playing.wait()
        assert self._stream is not None
        camera = self._stream.camera
        while True:
            if camera.fault is Fault.DROP:
                await asyncio.sleep(1)
                raise _Cut
            await camera.fault_changed.wait()
            if camera.fault in (Fault.DROP, Fault.REFUSE):
                raise _Cut


class _Cut(Exception):
    """A fault cuts this connection."""
