"""What a rule hears, what it concludes: the words shared by intake, the rules and the alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from hub.kit.ids import CentreId, DeviceId, PressId, RoomId, SeniorId
from hub.notices.model import Priority as Priority  # what a finding is as urgent as; its owner stands lowest


class PressKind(StrEnum):
    """What a trigger said, in the words of the device protocol."""

    PRESS = "press"
    LONG_PRESS = "long_press"
    DOUBLE_PRESS = "double_press"
    PULL_CORD = "pull_cord"
    FALL = "fall"
    CANCEL = "cancel"
    TEST = "test"


class VisitKind(StrEnum):
    """What a card, badge or bed reader said about a senior."""

    ARRIVE = "arrive"
    ENTER = "enter"
    LEAVE = "leave"


class ReportedState(StrEnum):
    """What a device or its Last Will said about its connection."""

    ONLINE = "online"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class PressHeard:
    """One press, stored as a row of `press` in the same transaction."""

    press_id: PressId
    centre_id: CentreId
    device_id: DeviceId
    kind: PressKind  # PRESS when the message was unreadable
    senior_id: SeniorId | None  # whose the trigger was at `pressed_at`; at most one of the two
    room_id: RoomId | None
    pressed_at: datetime
    received_at: datetime
    late: bool = False  # pressed more than 10 s before receipt
    time_uncertain: bool = False
    unreadable: bool = False  # an undecodable alarm-lane message of a known device
    old: bool = False  # replayed by a broker and never seen before
    test_round: bool = False  # staff have a test round open for this device
    degraded: bool = False  # it came while the database could not commit, and was spooled


@dataclass(frozen=True, slots=True)
class ReadingHeard:
    """One measured value."""

    centre_id: CentreId
    device_id: DeviceId
    senior_id: SeniorId | None  # whose the device was at `at`; at most one of the two
    room_id: RoomId | None
    name: str
    unit: str  # RFC 8428
    value: float
    at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class VisitHeard:
    """A senior arrived, entered a room or left."""

    centre_id: CentreId
    device_id: DeviceId
    senior_id: SeniorId | None  # None: nobody has that card
    room_id: RoomId | None
    what: VisitKind
    at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class StatusHeard:
    """A device came online, or its Last Will says that it went."""

    centre_id: CentreId
    device_id: DeviceId
    state: ReportedState
    received_at: datetime
    senior_id: SeniorId | None = None
    room_id: RoomId | None = None


Event: TypeAlias = PressHeard | ReadingHeard | VisitHeard | StatusHeard


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule concludes: the only thing that opens an alarm or raises a notice.

    `cleared` says that the condition of an earlier finding of the same rule and subject has ended.
    `params` are ids, codes and numbers for the page's own words; `summary` is text per language.
    """

    rule_id: str
    priority: Priority
    klass: str  # `help`, `fall`, or the rule's id
    centre_id: CentreId
    at: datetime
    senior_id: SeniorId | None = None
    room_id: RoomId | None = None
    device_id: DeviceId | None = None
    press_id: PressId | None = None
    summary: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str | int | None] = field(default_factory=dict)
    late: bool = False
    time_uncertain: bool = False
    degraded: bool = False
    cleared: bool = False
    about: str | None = None  # the subject where it is neither senior, room nor device

    @property
    def subject(self) -> str:
        """Whom or what this is about: `senior:…`, else `room:…`, else `device:…`, else `about`, else the centre."""
        if self.about is not None:
            return self.about
        if self.senior_id is not None:
            return f"senior:{self.senior_id}"
        if self.room_id is not None:
            return f"room:{self.room_id}"
        if self.device_id is not None:
            return f"device:{self.device_id}"
        return f"centre:{self.centre_id}"
