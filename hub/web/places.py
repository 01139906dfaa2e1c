"""Which connections to the pages are kept, when there are too many? Pure: clients and addresses in, who is shed out.

A client in which somebody is signed in is never shed. Of the others the oldest is, for a new one: that which has said
nothing, or half a request, before one whose request is being answered.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from hub.kit.proxy_protocol import Network, address_share, is_in


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may take; bytes, seconds and numbers of connections.

    400 boards are a real figure, all of them possibly behind one router: each holds a live stream and asks for more on
    one or two connections beside it. The file descriptors of all connections have to leave room for devices and
    database: a usual limit of a process is 1,024 or far more.
    """

    head_bytes: int = 64 * 1024
    head_seconds: float = 10.0
    head_seconds_under_pressure: float = 2.0  # while half of all connections are of people who are not signed in
    body_bytes: int = 256 * 1024  # on the wire, framing included; what a route reads is bounded by `kit/http`
    body_seconds: float = 20.0
    unread_seconds: float = 30.0  # how long an answer may wait for a client that does not read it
    handshake_seconds: float = 10.0
    connections: int = 900
    connections_of_one: int = 600
    look_seconds: float = 0.5  # between two looks at how long each connection has been at what it does


class Client(Protocol):
    """One connection, as far as this file asks about it.

    Why a protocol: the connection is of uvicorn's making, and this file is a decision.
    """

    @property
    def is_signed_in(self) -> bool: ...
    @property
    def is_waited_for(self) -> bool: ...


C = TypeVar("C", bound=Client)


class Places(Generic[C]):
    """The open connections, oldest first; those of `proxies` are bounded by the total alone."""

    def __init__(self, limits: Limits, proxies: tuple[Network, ...] = ()) -> None:
        self._limits = limits
        self._proxies = proxies
        self._open: dict[C, str] = {}
        self._of_share: Counter[str] = Counter()

    def enter(self, client: C, address: str) -> C | None:
        """Take a new connection, and give the one that is shed for it, which may be itself; None: there is room."""
        share = address_share(address)
        shed: C | None = None
        if self._of_share[share] >= self._limits.connections_of_one and not self._is_proxy(address):
            shed = self._find_shed({share}) or client
        elif len(self._open) >= self._limits.connections:
            shed = self._find_shed(set(self._of_share)) or client
        if shed is not client:
            self._open[client] = share
            self._of_share[share] += 1
        if shed is not None:
            self.leave(shed)
        return shed

    def leave(self, client: C) -> None:
        """This connection has ended; nothing happens when it is not here any more."""
        share = self._open.pop(client, None)
        if share is not None:
            self._of_share[share] -= 1
            if not self._of_share[share]:
                del self._of_share[share]

    def move(self, client: C, address: str) -> C | None:
        """Its own address became known, from what its proxy says; otherwise as `enter`."""
        self.leave(client)
        return self.enter(client, address)

    def under_pressure(self) -> bool:
        """Whether half of all places are taken by clients that are not signed in."""
        return sum(not client.is_signed_in for client in self._open) * 2 >= self._limits.connections

    def _find_shed(self, shares: set[str]) -> C | None:
        """The oldest that is not signed in, of that one among these shares which has most of them."""
        strangers = [(client, share) for client, share in self._open.items() if not client.is_signed_in]
        counts = Counter(share for _, share in strangers if share in shares)
        if not counts:
            return None
        most = counts.most_common(1)[0][0]
        of_most = [client for client, share in strangers if share == most]
        return next((client for client in of_most if client.is_waited_for), of_most[0])

    def _is_proxy(self, address: str) -> bool:
        return is_in(address, self._proxies)
