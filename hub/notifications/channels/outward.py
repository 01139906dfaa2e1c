"""How does a webhook reach its host? Over connections whose address is checked when they are opened."""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Final

import httpcore

from hub.notifications.destinations import Forbidden, Outbound

_TRIED_AT_MOST: Final = 4
"""Addresses of one name: one that hangs must leave time for the next."""


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Opens TCP connections to addresses that may be connected to, and to no others.

    The name is resolved here and the address that was checked is the one that is connected to: a name server that
    answers something else a moment later changes nothing.
    """

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of `host` that answers. Raises Forbidden where all of them are, ConnectError."""
        addresses, refused = await self._resolve_allowed(host, port)
        if not addresses:
            raise refused or httpcore.ConnectError(f"{host} has no address")
        return _Closing(await self._connect_first(addresses, port, timeout, local_address, socket_options))

    async def _connect_first(
        self,
        addresses: Sequence[str],
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.AsyncNetworkStream:
        share = None if timeout is None else timeout / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def _resolve_allowed(self, host: str, port: int) -> tuple[list[str], Forbidden | None]:
        """Up to `_TRIED_AT_MOST` addresses that may be connected to, and why another one may not."""
        allowed: list[str] = []
        refused = None
        for address in await resolve_host(host, port):
            try:
                self._outbound.check_address(host, port, address, own={address} if is_own(address) else ())
                allowed.append(address)
            except Forbidden as error:
                refused = error
        return allowed[:_TRIED_AT_MOST], refused


class _Closing(httpcore.AsyncNetworkStream):
    """A connection that is closed when its handshake is cancelled, as it is when a message's time is over.

    httpcore 1.0.9 closes it after errors alone, and leaves the rest to the garbage collector.
    """

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except asyncio.CancelledError:
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


async def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of a name, each once. Raises httpcore.ConnectError, and Forbidden for what no name can be.

    Each question has a thread of its own: the event loop has a few for all questions, and a name server that does not
    answer would keep them from whoever sends mail. `slots` bounds how many wait.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[list[str]] = loop.create_future()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            settle = partial(_settle_answer, answered, list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found)))
        except OSError:
            settle = partial(_settle_answer, answered, httpcore.ConnectError(f"{host} cannot be resolved"))
        except UnicodeError:
            settle = partial(_settle_answer, answered, Forbidden("bad-address"))
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle)

    Thread(target=ask, name="resolve", daemon=True).start()
    return await answered


def _settle_answer(answered: "asyncio.Future[list[str]]", outcome: list[str] | Exception) -> None:
    if answered.done():
        return
    if isinstance(outcome, Exception):
        answered.set_exception(outcome)
    else:
        answered.set_result(outcome)


def is_own(address: str) -> bool:
    """Whether this machine has the address: only then a socket can be bound to it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
