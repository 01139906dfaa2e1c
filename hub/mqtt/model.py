"""What passes between a broker and the hub: a message heard, who may send it, where it goes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable


@dataclass(frozen=True, slots=True)
class Inbound:
    """One PUBLISH as it reached the hub."""

    topic: str
    payload: bytes
    qos: int
    publisher: str | None
    """The device the built-in broker authenticated; None behind an external broker, where the topic tells."""
    live_retain: bool
    """A client set RETAIN on a live publish: it happened now. Only the built-in broker can see this."""
    replayed: bool
    """A broker delivered it because the hub subscribed: it is old."""
    received_at: datetime
    dup: bool = False
    """Its sender, or a broker between, says that it may have sent it before (MQTT 3.1.1, 3.3.1.1)."""
    degraded: bool = False
    """It was spooled: the database could not commit when it came."""


class DeviceRefusal(StrEnum):
    """Why the built-in broker ended the connection of a device that it knows, or did not take it."""

    QOS_2 = "qos-2"
    WRONG_TOPIC = "wrong-topic"
    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    PROTOCOL_VERSION = "protocol-version"
    LAST_WILL = "last-will"
    CLIENT_ID = "client-id"
    OUT_OF_TURN = "out-of-turn"


NoteRefusal: TypeAlias = Callable[[str, DeviceRefusal, str], None]
"""Takes the device, why it was refused, and the same in words for whoever sets it up. It waits for nothing."""


class NotDurable(Exception):
    """The message could not be kept; it must not be acknowledged, so that its sender repeats it."""


class Unreachable(Exception):
    """Nobody took the message: the device is not connected, or the broker is not."""


class AuthenticationUnavailable(Exception):
    """The rows that authenticate clients cannot be read now: the client has to try again."""


Receiver: TypeAlias = Callable[[Inbound], Awaitable[None]]
"""Returns when the message is durable (or shed): the transport then acknowledges it. Raises NotDurable."""


@dataclass(frozen=True, slots=True)
class Receivers:
    """The two lanes of the alarm path. A message on one never waits for the other.

    `alarm` may wait without limit. `state` returns within a second in every case and never raises NotDurable: what
    cannot be committed by then it sheds and counts.
    """

    alarm: Receiver
    state: Receiver


@dataclass(frozen=True, slots=True)
class ReportRoute:
    """A topic to which a device may report, decided once for all that it sends there."""

    topic: str
    publisher: str
    label: bytes
    """Both, as they are handed over: see `hub.mqtt.frames`."""


SettleReport: TypeAlias = Callable[[int | None], None]
"""Tells a connection that the report with this packet id is committed or shed; None for QoS 0."""

TakeReport: TypeAlias = Callable[[ReportRoute, bytes, SettleReport, int | None], None]
"""Takes what devices report, readings and visits: route, payload, whom to tell, packet id. It waits for nothing, and
settles each once, in whatever order: those of QoS 0 within a second."""

PublishNow: TypeAlias = Callable[[str, bytes], None]
"""Hands a payload to the devices that subscribed to a topic. Raises Unreachable when none did."""


@runtime_checkable
class LocalWire(Protocol):
    """What an end of a local socket needs of its transport.

    Why a protocol: asyncio's transports have it, and uvloop's, which do not inherit from asyncio's.
    """

    def write(self, data: bytes) -> None: ...
    def abort(self) -> None: ...


@runtime_checkable
class ClientWire(LocalWire, Protocol):
    """What the connection of a client needs of its transport.

    Why a protocol: asyncio's transports have it, and uvloop's, which do not inherit from asyncio's.
    """

    def close(self) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def get_write_buffer_size(self) -> int: ...


class End(StrEnum):
    """Why a connection ended; the broker counts each."""

    LEFT = "left"
    LOST = "lost"
    TAKEN_OVER = "taken_over"
    CREDENTIALS = "credentials"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    MALFORMED = "malformed"
    VIOLATION = "violation"
    SILENT = "silent"
    SLOW = "slow"
    NOT_DURABLE = "not_durable"
    SHUT = "shut"
    TOO_MANY = "too_many"
    PROXY = "proxy"


class Transport(Protocol):
    """A broker, inside the hub or elsewhere, that feeds the receivers and carries messages to devices."""

    async def run(self) -> None:
        """Serve until cancelled."""

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand a message over for delivery. Raises Unreachable when nobody took it."""

    def is_connected(self, device_id: str) -> bool:
        """Whether the device can be reached now, as far as this broker can tell."""


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated device and the topics its rows allow."""

    device_id: str
    may_publish: tuple[str, ...]
    may_subscribe: tuple[str, ...]
    stamp: str
    """Changes whenever the rows behind this principal change: its connections are then closed."""
    observer: bool = False
    """Only watches: a message that nobody but observers took reached nobody."""


class Authenticator(Protocol):
    """Authenticates clients of the built-in broker from the hub's own rows.

    Why a protocol: the rows are those of the fleet, which is above the broker in the stack.
    """

    async def authenticate(self, username: str, password: str, address: str) -> Principal | None:
        """The principal behind these credentials, or None. Wrong ones are counted by the authenticator.

        `address`: whose share of the work it takes. Raises AuthenticationUnavailable.
        """

    async def stamp_of(self, device_id: str) -> str | None:
        """The stamp a principal admitted now would carry, or None when the device would be refused.

        Raises AuthenticationUnavailable.
        """
