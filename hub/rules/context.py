"""What a rule may look at besides the message: whose device, which room, who is there, is the centre open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from hub.centre.model import RoomType
from hub.fleet.model import DeviceKind
from hub.kit.ids import CentreId, DeviceId, RoomId, SeniorId
from hub.people.model import Category
from hub.rules.model import PressKind, VisitKind

Names: TypeAlias = dict[str, str]
"""One name per language, under "zh-CN" and "en"."""


@dataclass(frozen=True, slots=True)
class CentreFacts:
    """The building and its hours."""

    id: CentreId
    timezone: str
    opens: time
    closes: time

    def is_open(self, at: datetime) -> bool:
        """Whether `at` lies in the opening hours of that day, by the centre's own clock."""
        return self.opens <= at.astimezone(ZoneInfo(self.timezone)).time() < self.closes


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """The device that spoke, or that did not."""

    id: DeviceId
    kind: str
    names: Names
    heartbeat: timedelta  # silent for longer than this: noticed
    enabled: bool
    off_until: datetime | None = None  # until then no rule below P1 is asked about it

    def is_off(self, at: datetime) -> bool:
        """Whether staff have set it off, and not only until a moment before `at`."""
        return self.off_until is not None and at < self.off_until


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """A room of the centre."""

    id: RoomId
    type: str
    names: Names


@dataclass(frozen=True, slots=True)
class SeniorFacts:
    """A senior, and where she was last seen."""

    id: SeniorId
    address_as: Names
    categories: tuple[str, ...]
    present: bool  # inside the centre
    room: RoomFacts | None  # the room of the last evidence
    sure: bool  # that evidence is young enough to rely on


@dataclass(frozen=True, slots=True)
class Context:
    """Everything around one message. `room` and `senior` are whose the device is, at most one of them."""

    centre: CentreFacts
    device: DeviceFacts
    room: RoomFacts | None
    senior: SeniorFacts | None


FieldValue: TypeAlias = bool | str | list[str]
Variable: TypeAlias = float | dict[str, FieldValue]

SAMPLE: dict[str, Variable] = {
    "v": 1.0,
    "centre": {"id": "c", "open": True},
    "device": {"id": "d", "kind": DeviceKind.SENSOR},
    "room": {"id": "r", "type": RoomType.GYM},
    "senior": {"id": "s", "present": True, "room": "r", "sure": True, "categories": [Category.LIVING_ALONE]},
    "press": {"kind": PressKind.PRESS, "late": False},
    "visit": {"what": VisitKind.ENTER},
}
"""What an expression may read, by root, with a value of the right kind; `v` is the reading's value."""

FIELDS: dict[str, frozenset[str]] = {root: frozenset(to) for root, to in SAMPLE.items() if isinstance(to, dict)}


def build_variables(context: Context, at: datetime) -> dict[str, Variable]:
    """What expressions see of the context at `at`.

    A room or senior that there is none of is an empty map, so that a field of it is an error, and so `unknown`.
    """
    room, senior = context.room, context.senior
    return {
        "centre": {"id": context.centre.id, "open": context.centre.is_open(at)},
        "device": {"id": context.device.id, "kind": context.device.kind},
        "room": {} if room is None else {"id": room.id, "type": room.type},
        "senior": {} if senior is None else _senior_variables(senior),
    }


def _senior_variables(senior: SeniorFacts) -> dict[str, FieldValue]:
    return {
        "id": senior.id,
        "present": senior.present,
        "room": "" if senior.room is None else senior.room.id,
        "sure": senior.sure,
        "categories": list(senior.categories),
    }
