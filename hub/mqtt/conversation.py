"""What does a packet mean at this point of a connection? (MQTT 3.1.1, 3.1 and 4.8)

Pure: packets and monotonic seconds in, one step out; the broker does what the step says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from hub.mqtt.codec import (
    ConnackCode,
    Connect,
    Disconnect,
    ForeignConnect,
    Packet,
    Pingreq,
    Puback,
    Publish,
    Subscribe,
    Unsubscribe,
    Will,
)
from hub.mqtt.model import DeviceRefusal
from hub.mqtt.topics import Lane, lane_of

ADMITTED_WITHIN_SECONDS = 10.0
"""From its first byte until it is authenticated; the authenticator itself gives up sooner."""


class ConversationStage(StrEnum):
    NEW = "new"
    ADMITTING = "admitting"
    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Admit:
    """Ask the authenticator, then call `admitted`; packets that come meanwhile have to wait."""

    connect: Connect


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer CONNECT with this code and close."""

    code: ConnackCode
    reason: str
    refusal: DeviceRefusal = field(default=DeviceRefusal.OUT_OF_TURN, compare=False)
    connect: Connect | None = field(default=None, compare=False)
    """Who asks, to have a device noticed that proves that it is one."""


@dataclass(frozen=True, slots=True)
class RefuseVersion:
    """Answer CONNECT of another protocol version in a form that its client can read, and close."""

    level: int
    connect: ForeignConnect | None = field(default=None, compare=False)

    @property
    def reason(self) -> str:
        return f"speaks protocol level {self.level}; this broker speaks 4 (MQTT 3.1.1)"


@dataclass(frozen=True, slots=True)
class TakePublish:
    publish: Publish
    lane: Lane


@dataclass(frozen=True, slots=True)
class Answered:
    packet_id: int


@dataclass(frozen=True, slots=True)
class Pong:
    pass


@dataclass(frozen=True, slots=True)
class Leave:
    """The client sent DISCONNECT: close, and discard its will (3.14)."""


@dataclass(frozen=True, slots=True)
class Violation:
    """The client broke the protocol: close, and its will is published."""

    reason: str
    refusal: DeviceRefusal = field(default=DeviceRefusal.OUT_OF_TURN, compare=False)


PacketAction: TypeAlias = (
    Admit | Refuse | RefuseVersion | TakePublish | Subscribe | Unsubscribe | Answered | Pong | Leave | Violation
)


class Conversation:
    """One connection, from its first byte to its end."""

    def __init__(self, opened_at: float) -> None:
        self.stage = ConversationStage.NEW
        self.will: Will | None = None
        self._opened_at = opened_at
        self._quiet_until: float | None = None
        self._patience: float | None = None

    def receive(self, packet: Packet, at: float) -> PacketAction:
        """What the packet asks for. Must not be called while ADMITTING or after the end."""
        if self.stage is ConversationStage.NEW:
            return self._first(packet)
        assert self.stage is ConversationStage.OPEN
        self.note_activity(at)
        return self._next(packet)

    def admitted(self, connect: Connect, at: float) -> None:
        """The client is in: one and a half keep-alive periods of silence end the connection (3.1.2.10).

        A keep-alive of 0 switches that off, as the standard says; TCP's own keep-alive is left.
        """
        self.stage = ConversationStage.OPEN
        self.will = connect.will
        self._patience = connect.keep_alive_seconds * 1.5 or None
        self.note_activity(at)

    def note_activity(self, at: float) -> None:
        """Something came from the client, or the broker itself paused reading (backpressure)."""
        self._quiet_until = None if self._patience is None else at + self._patience

    def is_overdue(self, at: float, connect_within_seconds: float) -> bool:
        """Whether the client has missed its keep-alive, or was not authenticated in time, however much it sent."""
        if self.stage is ConversationStage.ENDED:
            return False
        if self.stage is not ConversationStage.OPEN:
            asked = self.stage is ConversationStage.ADMITTING
            return at >= self._opened_at + (ADMITTED_WITHIN_SECONDS if asked else connect_within_seconds)
        return self._quiet_until is not None and at >= self._quiet_until

    def end(self) -> Will | None:
        """The connection is over; returns the will to publish, once."""
        will, self.will = self.will, None
        self.stage = ConversationStage.ENDED
        return will

    def _first(self, packet: Packet) -> PacketAction:
        match packet:
            case ForeignConnect(level):
                return RefuseVersion(level, packet)
            case Connect() as connect if refusal := _find_connect_refusal(connect):
                return refusal
            case Connect() as connect:
                self.stage = ConversationStage.ADMITTING
                return Admit(connect)
            case _:
                return Violation("the first packet is not CONNECT")

    def _next(self, packet: Packet) -> PacketAction:
        match packet:
            case Publish(qos=2):
                return Violation("QoS 2 is not offered: publish with QoS 1 and repeat the same id", DeviceRefusal.QOS_2)
            case Publish(topic=topic):
                return TakePublish(packet, lane_of(topic))
            case Puback(packet_id):
                return Answered(packet_id)
            case Subscribe() | Unsubscribe():
                return packet
            case Pingreq():
                return Pong()
            case Disconnect():
                self.will = None
                return Leave()
            case Connect() | ForeignConnect():
                return Violation("a second CONNECT")
            case _:
                return Violation(f"{type(packet).__name__.upper()} is not for a client to send")


def _find_connect_refusal(connect: Connect) -> Refuse | None:
    """What cannot be admitted whoever asks. A press must have happened: a Last Will cannot be one."""
    if not connect.client_id and not connect.clean_session:
        why = "a lasting session needs a client id"
        return Refuse(ConnackCode.WRONG_CLIENT_ID, why, DeviceRefusal.CLIENT_ID, connect)
    if connect.will is not None and lane_of(connect.will.topic) is Lane.ALARM:
        return Refuse(ConnackCode.NOT_AUTHORISED, "a Last Will on the alarm lane", DeviceRefusal.LAST_WILL, connect)
    if connect.will is not None and connect.will.qos == 2:
        return Refuse(ConnackCode.NOT_AUTHORISED, "a Last Will of QoS 2", DeviceRefusal.LAST_WILL, connect)
    return None
