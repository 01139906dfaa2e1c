"""Which connections does the broker keep that it has not authenticated, and where does each come from?"""

from __future__ import annotations

import logging
from typing import Generic, Protocol, TypeVar

from hub.kit.clock import Clock
from hub.kit.proxy_protocol import Network, address_share, is_in
from hub.mqtt.unknown_connections import UnknownConnections, UnknownLimits

log = logging.getLogger(__name__)

SAY_EVERY_SECONDS = 10.0
"""Between two log lines about connections that ended before they were authenticated."""


class Sheddable(Protocol):
    """A connection that may be ended because its place is needed.

    Why a protocol: the connection is above this file, which it asks.
    """

    def shed(self) -> None: ...


S = TypeVar("S", bound=Sheddable)


class Admission(Generic[S]):
    """The connections of a broker until each is authenticated; `proxies` begin each of theirs with a PROXY header."""

    def __init__(self, clock: Clock, proxies: tuple[Network, ...], limits: UnknownLimits) -> None:
        self._clock = clock
        self._proxies = proxies
        self._unknown = UnknownConnections[S](limits)
        self._unsaid = 0
        self._said_at: float | None = None

    @property
    def connect_within_seconds(self) -> float:
        """How long a connection has now for its CONNECT."""
        return self._unknown.connect_within_seconds

    def is_proxy(self, address: str) -> bool:
        """Whether connections of this address begin with a PROXY header."""
        return is_in(address, self._proxies)

    def open(self, connection: S, address: str, *, is_full: bool) -> bool:
        """Whether a new connection is kept; another may be shed for it. `""` for a proxy, which has no share."""
        shed = self._unknown.add(connection, address_share(address), full=is_full)
        if shed is None and is_full:
            shed = connection
        if shed is not None:
            shed.shed()
        return shed is not connection

    def address_told(self, connection: S, address: str) -> None:
        """The proxy in front of a connection has said where it comes from."""
        if shed := self._unknown.move(connection, address_share(address)):
            shed.shed()

    def address_of(self, connection: S) -> str:
        """Whose share an unauthenticated connection takes."""
        return self._unknown.address_of(connection)

    def waits_for_answer(self, connection: S) -> None:
        """Its CONNECT has come whole."""
        self._unknown.waits_for_answer(connection)

    def authenticated(self, connection: S) -> None:
        """A device is behind it."""
        self._unknown.authenticated(connection)

    def ended(self, connection: S) -> None:
        """It is closed, authenticated or not."""
        self._unknown.remove(connection)

    def log_end(self, ended: str) -> None:
        """Say what became of a connection that nobody authenticated; of many in a row only some."""
        now = self._clock.monotonic()
        if self._said_at is None or now - self._said_at >= SAY_EVERY_SECONDS:
            log.warning("%s%s", ended, f" (and {self._unsaid} others before)" if self._unsaid else "")
            self._unsaid, self._said_at = 0, now
        else:
            self._unsaid += 1
