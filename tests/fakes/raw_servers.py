"""Servers on loopback that do with a connection what a test says: hang at any point, answer byte by byte, or lie."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class RawServer:
    """A server of which every connection is one `talk`; `connections` counts them."""

    port: int = 0
    connections: int = 0
    open_now: int = 0
    most_at_once: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def raw_server(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    """Serve until the block ends; a `talk` that still hangs then is ended."""
    state = RawServer()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.connections += 1
        state.open_now += 1
        state.most_at_once = max(state.most_at_once, state.open_now)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
                await talk(reader, writer)
        finally:
            state.open_now -= 1
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        state.ended.set()
        server.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """One HTTP request with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return head + await reader.readexactly(length)


def answers(raw: bytes) -> Talk:
    """Read a request, send exactly this, close."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(raw)
        await writer.drain()

    return talk


def ok_with(body: bytes, *headers: bytes) -> bytes:
    """A whole HTTP answer of status 200."""
    lines = (b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), b"Connection: close", *headers, b"", body)
    return b"\r\n".join(lines)


def hangs_after(raw: bytes, *, reads: bool = True) -> Talk:
    """Send this (of a request that is read or not) and nothing more, until the other side goes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if reads:
            await read_request(reader)
        writer.write(raw)
        await writer.drain()
        await reader.read()

    return talk


def drips(raw: bytes, seconds: float) -> Talk:
    """Send a byte every so often, for ever when they are over: the last one again and again."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        position = 0
        while not reader.at_eof():
            writer.write(raw[position : position + 1] or raw[-1:])
            await writer.drain()
            position += 1
            await asyncio.sleep(seconds)

    return talk
