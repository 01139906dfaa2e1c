"""What intake makes of a message, and what it needs of the rest of the hub."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from devices.contract.messages import Ack, AlarmMessage, Done, Reason, StatusMessage, TeleMessage, VisitMessage
from devices.contract.topics import Topic
from hub.kit.db import Conn
from hub.kit.ids import AlarmId, CentreId, DeviceId, PressId, RoomId, SeniorId
from hub.mqtt.model import Inbound
from hub.rules.model import Event, Finding, ReadingHeard

Said: TypeAlias = AlarmMessage | TeleMessage | VisitMessage | StatusMessage | Done


@dataclass(frozen=True, slots=True)
class DecodedMessage:
    """A message of the contract."""

    topic: Topic
    said: Said


class QuarantineReason(StrEnum):
    """Why a message is quarantined: what the contract says of its bytes, and what only the hub can know."""

    TOO_LONG = Reason.TOO_LONG
    NOT_UTF8 = Reason.NOT_UTF8
    NOT_JSON = Reason.NOT_JSON
    NOT_AN_OBJECT = Reason.NOT_AN_OBJECT
    UNKNOWN_VERSION = Reason.UNKNOWN_VERSION
    MISSING_FIELD = Reason.MISSING_FIELD
    BAD_FIELD = Reason.BAD_FIELD
    UNKNOWN_TOPIC = "unknown-topic"
    UNKNOWN_DEVICE = "unknown-device"
    WRONG_LANE = "wrong-lane"
    REFUSED_BY_THE_DATABASE = "refused-by-the-database"
    DEFECT = "defect"


class SeenLane(StrEnum):
    """Among which messages one is looked for that was seen before."""

    ALARM = "alarm"
    UNREADABLE = "unreadable"
    VISIT = "visit"


@dataclass(frozen=True, slots=True)
class Undecodable:
    """An undecodable message. `topic` is None when the topic is none of ours; `detail` repeats no value."""

    topic: Topic | None
    reason: QuarantineReason
    detail: str
    message_id: str | None = None


Decoded: TypeAlias = DecodedMessage | Undecodable


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """One message, as far as it can be read."""

    inbound: Inbound
    decoded: Decoded


@dataclass(frozen=True, slots=True)
class AddressedAck:
    """The answer to a device. Only a message whose id can be decoded is answered."""

    topic: Topic
    ack: Ack


@dataclass(frozen=True, slots=True)
class Sender:
    """A registered device, and whose it is at the time that was asked for."""

    device_id: DeviceId
    centre_id: CentreId
    senior_id: SeniorId | None
    room_id: RoomId | None


class Hears(Protocol):
    """The rules: `hub.rules.service.Rules`."""

    async def hear(self, conn: Conn, events: Sequence[Event], now: datetime) -> Sequence[Finding]: ...


class Belonging(Protocol):
    """What a finding came to."""

    @property
    def alarm_id(self) -> AlarmId | None:
        """The alarm it opened or belongs to; None for a notice."""
        ...


class Concludes(Protocol):
    """The alarms: `service.conclude_findings`. Findings become alarms and notices, one result for each in order; the
    alarms of presses that were `cancelled` are marked, and staff still go and look. After it nothing is asked any
    more: the ledger's head is locked until the commit."""

    async def __call__(
        self, conn: Conn, findings: Sequence[Finding], now: datetime, taken_back: Sequence[PressId] = ()
    ) -> Sequence[Belonging]: ...


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The services that the alarm path's intake calls in the transaction of a message."""

    rules: Hears
    conclude: Concludes
    conclude_apart: Concludes
    """For a single message with which `conclude_findings` raised."""
    centre_id: CentreId
    """The centre that is notified of messages of unknown senders."""


@dataclass(frozen=True, slots=True)
class ReportNeighbours:
    """The services that telemetry's intake calls in the transaction of a batch."""

    rules: Hears
    hand_over: Callable[[Conn, Sequence[Finding], datetime], Awaitable[None]]
    """Findings become notices, and rows that the alarm path takes: `hub.rules.findings.hand_over`."""
    keep_readings: Callable[[Conn, Sequence[ReadingHeard]], Awaitable[object]]
    """Readings go into the time-series store; the same (device, name, at) is kept once."""
    centre_id: CentreId
    """The centre that is notified of messages of unknown senders."""


class Spoken(Protocol):
    """Whatever carries an answer to a device: a Transport."""

    async def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None: ...
