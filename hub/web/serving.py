"""How are the pages served, so that no client takes more than its share of memory, time and connections?

uvicorn over h11. What h11 bounds by itself is the size of a head, or of a line between two chunks, that has not ended.
Everything else is bounded here: how long a head, a body, a slow reader and a TLS handshake may take, how much of a body
is read, and how many connections there are, of one address and in all.
"""

import asyncio
import ipaddress
import logging
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

log = logging.getLogger(__name__)

_BACKLOG: Final = 512
_ACCEPT_PAUSE: Final = 0.2  # seconds without accepting while the process has no file descriptor left
_SAY_EVERY: Final = 60.0  # seconds between two log lines about connections that were refused
_START_FAILED: Final = 3  # the exit status that uvicorn gives when it cannot listen


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may take; bytes, seconds and numbers of connections.

    400 boards are a real figure, all of them possibly behind one router: each holds a live stream and asks for more on
    one or two connections beside it. The file descriptors of all connections have to leave room for devices and
    database: a usual limit of a process is 1,024 or far more.
    """

    head_bytes: int = 64 * 1024
    head_seconds: float = 10.0
    body_bytes: int = 256 * 1024  # on the wire, framing included; what a route reads is bounded by `kit/http`
    body_seconds: float = 20.0
    unread_seconds: float = 30.0  # how long an answer may wait for a client that does not read it
    handshake_seconds: float = 10.0
    connections: int = 900
    connections_of_one: int = 600
    look_seconds: float = 0.5  # between two looks at how long each connection has been at what it does


class Places:
    """How many connections each address has; those of `proxies` are bounded by the total alone."""

    def __init__(self, limits: Limits, proxies: str) -> None:
        self._limits = limits
        self._proxies = [ipaddress.ip_network(one.strip(), strict=False) for one in proxies.split(",") if one.strip()]
        self._taken: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Whether one more connection of this address is accepted (rate limit); it is counted if so."""
        place = rate_limit_key(address)
        if self._taken.total() >= self._limits.connections:
            return False
        if self._taken[place] >= self._limits.connections_of_one and not self._is_proxy(address):
            return False
        self._taken[place] += 1
        return True

    def leave(self, address: str) -> None:
        """One connection of this address has ended."""
        place = rate_limit_key(address)
        self._taken[place] -= 1
        if self._taken[place] == 0:
            del self._taken[place]

    def _is_proxy(self, address: str) -> bool:
        one = _unmap_address(address)
        return any(one in network for network in self._proxies)


def rate_limit_key(address: str) -> str:
    """Who shares a share: an IPv4 address, or the /64 network of an IPv6 address, in which a host has any number."""
    one = _unmap_address(address)
    if isinstance(one, ipaddress.IPv4Address):
        return str(one)
    return str(ipaddress.ip_network((one, 64), strict=False).network_address)


def _unmap_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    one = ipaddress.ip_address(address.partition("%")[0])
    return (one.ipv4_mapped or one) if isinstance(one, ipaddress.IPv6Address) else one


Activity: TypeAlias = tuple[str, object]
"""What a connection does, and which of its requests or pauses that is about: as long as it is equal, time counts."""


class BoundedConnection(H11Protocol):
    """One client's connection. `lost` is set when it has ended."""

    def __init__(
        self, config: uvicorn.Config, server_state: ServerState, app_state: dict[str, object], limits: Limits
    ) -> None:
        super().__init__(config, server_state, app_state)
        self.lost = asyncio.Event()
        self._limits = limits
        self._doing: Activity | None = None
        self._since = 0.0
        self._pauses = 0
        self._body_of: object = None
        self._body_bytes = 0

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

    def end_if_late(self, now: float) -> None:
        """End the connection if it has been at one thing for too long; `now` is of the loop's clock."""
        doing = self._what()
        if doing is None or doing != self._doing:
            self._doing, self._since = doing, now
        elif now - self._since > self._seconds_for(doing):
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

    def _seconds_for(self, doing: Activity) -> float:
        match doing[0]:
            case "head":
                return self._limits.head_seconds
            case "body":
                return self._limits.body_seconds
            case _:
                return self._limits.unread_seconds


class PageServer(uvicorn.Server):
    """uvicorn with limits, and without signal handlers of its own: `processes.pages` decides what a signal means."""

    def __init__(self, config: uvicorn.Config, limits: Limits | None = None, proxies: str = "") -> None:
        config.h11_max_incomplete_event_size = (limits or Limits()).head_bytes
        super().__init__(config)
        self._limits = limits or Limits()
        self._places = Places(self._limits, proxies)
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
                if self._places.enter(address[0]):
                    self._group.create_task(self._serve_connection(accepted, address[0]))
                else:
                    accepted.close()
                    self._log_refused(loop.time())

    async def _serve_connection(self, accepted: socket.socket, address: str) -> None:
        """Serve one client until it has gone; a handshake that fails or takes too long is its own matter."""
        connection = BoundedConnection(self.config, self.server_state, {}, self._limits)
        tls = self.config.ssl
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection,
                accepted,
                ssl=tls,
                ssl_handshake_timeout=self._limits.handshake_seconds if tls else None,
                ssl_shutdown_timeout=self._limits.handshake_seconds if tls else None,
            )
            await connection.lost.wait()
        except (OSError, EOFError) as error:
            log.debug("a connection did not come about: %s", type(error).__name__)
        finally:
            self._places.leave(address)

    async def _end_late_connections(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._limits.look_seconds)
            for connection in tuple(self.server_state.connections):
                if isinstance(connection, BoundedConnection):
                    connection.end_if_late(loop.time())

    def _log_refused(self, now: float) -> None:
        self._refused += 1
        if now - self._said_at >= _SAY_EVERY:
            log.warning("%d connections to the pages were refused: too many are open", self._refused)
            self._refused, self._said_at = 0, now


async def _open_listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Sockets for every address of `host`. Raises OSError when one of them is occupied or may not be used."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    places = dict.fromkeys((family, address[:2]) for family, _, _, _, address in found)
    return [socket.create_server(address, family=family) for family, address in places]
