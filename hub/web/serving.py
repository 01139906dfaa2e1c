"""How are the pages served, so that no client takes more than its share of memory, time and connections?

uvicorn over h11. What h11 bounds by itself is the size of a head, or of a line between two chunks, that has not ended.
Everything else is bounded here: how long a head, a body, a slow reader and a TLS handshake may take, how much of a body
is read, and how many connections there are, of one address and in all.
"""

import asyncio
import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from hub.kit.descriptors import places_for_clients
from hub.kit.http import SessionOfConnection
from hub.kit.proxy_protocol import BadProxyHeader, Network, bytes_of_header_missing, is_in, read_proxy_header
from hub.web.places import Limits, Places

log = logging.getLogger(__name__)

_BACKLOG: Final = 512
_ACCEPT_PAUSE: Final = 0.2  # seconds without accepting while the process has no file descriptor left
_SAY_EVERY: Final = 60.0  # seconds between two log lines about connections that were refused
_START_FAILED: Final = 3  # the exit status that uvicorn gives when it cannot listen


Activity: TypeAlias = tuple[str, object]
"""What a connection does, and which of its requests or pauses that is about: as long as it is equal, time counts."""


class BoundedConnection(H11Protocol):
    """One client's connection. `lost` is set when it has ended; `told_address`: what its proxy says of it."""

    def __init__(
        self, config: uvicorn.Config, server_state: ServerState, limits: Limits, told_address: str | None = None
    ) -> None:
        self._session = SessionOfConnection()
        super().__init__(config, server_state, {SessionOfConnection.NAME: self._session})
        self._told_address = told_address
        self.lost = asyncio.Event()
        self._limits = limits
        self._doing: Activity | None = None
        self._since = 0.0
        self._pauses = 0
        self._body_of: object = None
        self._body_bytes = 0

    @property
    def is_signed_in(self) -> bool:
        """Whether one of its requests had a session that holds."""
        return self._session.is_signed_in

    @property
    def is_waited_for(self) -> bool:
        """Whether it is the client's turn: nothing of it is being answered."""
        return self.cycle is None or bool(self.cycle.response_complete)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """The connection is there, under the client's own address."""
        super().connection_made(transport)
        if self._told_address is not None:
            self.client = (self._told_address, 0)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended, by whatever way."""
        super().connection_lost(exc)
        self.lost.set()

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is more of one body than any request has."""
        super().data_received(data)
        if self.conn.their_state is not h11.SEND_BODY:
            return
        if self._body_of is not self.cycle:
            self._body_of, self._body_bytes = self.cycle, 0
        self._body_bytes += len(data)
        if self._body_bytes > self._limits.body_bytes:
            self.transport.abort()

    def pause_writing(self) -> None:
        """The client reads more slowly than is written."""
        self._pauses += 1
        super().pause_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP; where an answer is under way already, end it."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def end_if_late(self, now: float, *, under_pressure: bool) -> None:
        """End the connection if it has been at one thing for too long; `now` is of the loop's clock."""
        doing = self._what()
        if doing is None or doing != self._doing:
            self._doing, self._since = doing, now
        elif now - self._since > self._seconds_for(doing, under_pressure=under_pressure and not self.is_signed_in):
            self.transport.abort()

    def _what(self) -> Activity | None:
        if self.transport.is_closing():
            return "closing", None
        if self.flow.write_paused:
            return "unread", self._pauses
        if self.conn.their_state is h11.SEND_BODY:
            return "body", self.cycle
        # Between two requests, uvicorn itself ends a connection that says nothing.
        if self.conn.their_state is h11.IDLE and (self.cycle is None or self.conn.trailing_data[0]):
            return "head", self.cycle
        return None

    def _seconds_for(self, doing: Activity, *, under_pressure: bool) -> float:
        match doing[0]:
            case "head" if under_pressure:
                return self._limits.head_seconds_under_pressure
            case "head":
                return self._limits.head_seconds
            case "body":
                return self._limits.body_seconds
            case _:
                return self._limits.unread_seconds


@dataclass(frozen=True, slots=True)
class Proxies:
    """`named`: whose word is taken for where a request came from; `with_header`: whose connections begin with it."""

    named: tuple[Network, ...] = ()
    with_header: tuple[Network, ...] = ()


class _OpenConnection:
    """One client from its first byte on: its proxy's header, a TLS handshake, requests."""

    def __init__(self, accepted: socket.socket, task: asyncio.Task[None] | None = None) -> None:
        self.socket = accepted
        self.task = task
        self.serves: BoundedConnection | None = None

    @property
    def is_signed_in(self) -> bool:
        return self.serves is not None and self.serves.is_signed_in

    @property
    def is_waited_for(self) -> bool:
        return self.serves is None or self.serves.is_waited_for

    def shed(self) -> None:
        """End it, at whatever it is."""
        if self.serves is not None and self.serves.transport is not None:
            self.serves.transport.abort()
        elif self.task is not None:
            self.task.cancel()


class PageServer(uvicorn.Server):
    """uvicorn with limits, and without signal handlers of its own: `processes.pages` decides what a signal means."""

    def __init__(
        self,
        config: uvicorn.Config,
        limits: Limits | None = None,
        proxies: Proxies = Proxies(),
    ) -> None:
        given = limits or Limits()
        config.h11_max_incomplete_event_size = given.head_bytes
        super().__init__(config)
        self._limits = replace(given, connections=places_for_clients(given.connections))
        self._proxies = proxies
        self._places = Places[_OpenConnection](self._limits, (*proxies.named, *proxies.with_header))
        self._group = asyncio.TaskGroup()
        self._accepting: list[asyncio.Task[None]] = []
        self._refused = 0
        self._said_at = -_SAY_EVERY

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `should_exit` or cancelled. Exits with status 3 when it cannot listen."""
        async with self._group:
            await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and accept connections in tasks of this server's own."""
        self.servers = []
        try:
            listening = sockets or await _open_listening_sockets(self.config.host, self.config.port)
        except OSError as error:
            log.error("the pages cannot be served: %s", error)
            sys.exit(_START_FAILED)
        for one in listening:
            one.listen(_BACKLOG)
            one.settimeout(0)
            self._accepting.append(self._group.create_task(self._accept(one)))
        self._accepting.append(self._group.create_task(self._end_late_connections()))
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nobody any more, then let those who are here finish."""
        for task in self._accepting:
            task.cancel()
        await super().shutdown(sockets)
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listening:
            while True:
                try:
                    accepted, address = await loop.sock_accept(listening)
                except OSError as error:
                    log.warning("no connection could be accepted: %s", error.strerror)
                    await asyncio.sleep(_ACCEPT_PAUSE)
                    continue
                client = _OpenConnection(accepted)
                if self._shed(self._places.enter(client, address[0])) is client:
                    accepted.close()
                else:
                    client.task = self._group.create_task(self._serve_connection(client, address[0]))

    def _shed(self, shed: _OpenConnection | None) -> _OpenConnection | None:
        if shed is not None:
            shed.shed()
            self._log_shed(asyncio.get_running_loop().time())
        return shed

    async def _serve_connection(self, client: _OpenConnection, address: str) -> None:
        """Serve one client until it has gone; a handshake that fails or takes too long is its own matter."""
        tls = self.config.ssl
        try:
            told = await self._read_proxy_header(client, address)
            client.serves = connection = BoundedConnection(self.config, self.server_state, self._limits, told)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                client.socket,
                ssl=tls,
                ssl_handshake_timeout=self._limits.handshake_seconds if tls else None,
                ssl_shutdown_timeout=self._limits.handshake_seconds if tls else None,
            )
            await connection.lost.wait()
        except (OSError, EOFError, TimeoutError, BadProxyHeader) as error:
            log.debug("a connection did not come about: %s", type(error).__name__)
        finally:
            if client.serves is None:
                client.socket.close()
            self._places.leave(client)

    async def _read_proxy_header(self, client: _OpenConnection, address: str) -> str | None:
        """What a proxy that begins with a PROXY header says of its client; None where there is no such proxy.

        Raises BadProxyHeader, TimeoutError, EOFError and OSError.
        """
        if not is_in(address, self._proxies.with_header):
            return None
        loop, received = asyncio.get_running_loop(), b""
        async with asyncio.timeout(self._limits.head_seconds):
            while (header := read_proxy_header(received)) is None:
                some = await loop.sock_recv(client.socket, bytes_of_header_missing(received))
                if not some:
                    raise EOFError
                received += some
        if header.address is not None and self._shed(self._places.move(client, header.address)) is client:
            raise EOFError
        return header.address

    async def _end_late_connections(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._limits.look_seconds)
            under_pressure = self._places.under_pressure()
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, BoundedConnection):
                    connection.end_if_late(loop.time(), under_pressure=under_pressure)

    def _log_shed(self, now: float) -> None:
        self._refused += 1
        if now - self._said_at >= _SAY_EVERY:
            log.warning("%d connections to the pages were shed: too many are open", self._refused)
            self._refused, self._said_at = 0, now


async def _open_listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Sockets for every address of `host`. Raises OSError when one of them is occupied or may not be used."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    places = dict.fromkeys((family, address[:2]) for family, _, _, _, address in found)
    return [socket.create_server(address, family=family) for family, address in places]
