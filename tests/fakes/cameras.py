"""A camera that answers what a test tells it to, and a place where nobody should ever come."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

DESCRIPTION = "\r\n".join(
    ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=camera", "t=0 0", "m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000"]
)
"""The SDP of one H.264 track, without its `a=control`."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A host and port that no camera's address names."""

    _listening: socket.socket
    port: int

    @property
    def was_visited(self) -> bool:
        """Whether anybody has connected; the kernel keeps whoever did, also when she has gone."""
        try:
            self._listening.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@contextmanager
def listen_elsewhere() -> Iterator[Elsewhere]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield Elsewhere(listening, listening.getsockname()[1])


@dataclass(slots=True)
class Scripted:
    """What a camera that follows a script was asked: methods and addresses, in order."""

    port: int = 0
    asked: list[str] = field(default_factory=list)

    def url(self, account: str = "viewer:secret") -> str:
        return f"rtsp://{account}@127.0.0.1:{self.port}/gym"


@asynccontextmanager
async def run_scripted_camera(answers: Mapping[str, str]) -> AsyncIterator[Scripted]:
    """A camera that answers each method with its text, status line to body, `CSeq` added; 200 to any other."""
    camera = Scripted()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, url, *_ = request.split(" ")
                number = next(line for line in request.split("\r\n") if line.startswith("CSeq:"))
                camera.asked.append(f"{method} {url}")
                status, _, rest = answers.get(method, "RTSP/1.0 200 OK\r\n\r\n").partition("\r\n")
                writer.write(f"{status}\r\n{number}\r\n{rest}".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        camera.port = server.sockets[0].getsockname()[1]
        yield camera
