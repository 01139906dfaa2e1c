"""What can go wrong on the line? A TCP proxy before the broker that can be cut, or stalled while it stays up."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from simulators.prove.proven_hub import LOOPBACK

_CHUNK: Final = 65536
_CONNECT_SECONDS: Final = 5.0


class DeviceLine:
    """Passes bytes between whoever connects and the broker, both ways, until told otherwise."""

    def __init__(self, broker_port: int) -> None:
        self.port = 0
        self._broker_port = broker_port
        self._loop = asyncio.new_event_loop()
        self._passing = asyncio.Event()
        self._over = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self._listens = threading.Event()

    def cut(self) -> None:
        """End every connection, and refuse new ones."""
        self._call_in_loop(self._cut_now)

    def stall(self) -> None:
        """Pass nothing more, and end nothing: what a router does that is overloaded."""
        self._call_in_loop(self._passing.clear)

    def mend(self) -> None:
        """Pass again, and let new connections in."""
        self._call_in_loop(self._mend_now)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Pass for as long as the block lasts."""
        thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        thread.start()
        self._listens.wait()
        try:
            yield
        finally:
            self._call_in_loop(self._over.set)
            thread.join()
            self._loop.close()

    def _call_in_loop(self, what: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(what)

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._pass_connection, LOOPBACK, 0, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        self._passing.set()
        self._listens.set()
        await self._over.wait()
        server.close()
        self._passing.set()
        self._cut_now()
        # Each handler ends with its connection; what still runs is cancelled with the loop.
        await asyncio.sleep(0.05)

    def _cut_now(self) -> None:
        self._is_cut = True
        for writer in tuple(self._writers):
            writer.transport.abort()

    def _mend_now(self) -> None:
        self._is_cut = False
        self._passing.set()

    async def _pass_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                from_broker, to_broker = await asyncio.open_connection(LOOPBACK, self._broker_port)
        except (OSError, TimeoutError):
            writer.transport.abort()
            return
        self._writers |= {writer, to_broker}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_bytes(reader, to_broker))
                group.create_task(self._pass_bytes(from_broker, writer))
        finally:
            self._writers -= {writer, to_broker}

    async def _pass_bytes(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while read := await reader.read(_CHUNK):
                await self._passing.wait()
                writer.write(read)
                await writer.drain()
        writer.close()
