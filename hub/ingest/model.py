"""What intake makes of a message, and how it answers one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from devices.contract.messages import Ack, Reason
from devices.contract.side_values import DeviceMessage
from devices.contract.topics import Topic
from hub.kit.ids import CentreId, DeviceId, RoomId, SeniorId
from hub.mqtt.model import Inbound


@dataclass(frozen=True, slots=True)
class DecodedMessage:
    """A message of the contract. `left_out` names the side values that were odd."""

    topic: Topic
    said: DeviceMessage
    left_out: tuple[str, ...] = ()


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
    """A registered device, and whose it is at the time that was asked for; `clock_behind` is how far its clock is
    behind the hub's, None while nobody knows."""

    device_id: DeviceId
    centre_id: CentreId
    senior_id: SeniorId | None
    room_id: RoomId | None
    clock_behind: timedelta | None


SendToDevice: TypeAlias = Callable[[str, bytes], Awaitable[None]]
"""Carries a payload to the device behind a topic: `publish` of a broker or of a link to one. Raises Unreachable."""
