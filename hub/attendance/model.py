"""What a visit, a presence and a senior's whereabouts are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hub.kit.ids import AccountId, CentreId, DeviceId, RoomId, SeniorId


class AttendanceAction(StrEnum):
    """What a card, a badge or a member of staff says about a senior."""

    ARRIVE = "arrive"
    ENTER = "enter"
    LEAVE = "leave"


class Evidence(StrEnum):
    """How it is known where a senior is."""

    CARD = "card"
    BADGE = "badge"
    PRESS = "press"
    MEAL = "meal"
    STAFF = "staff"
    ROLL_CALL = "roll_call"


@dataclass(frozen=True, slots=True)
class Stay:
    """The room a senior is in: a row of `presence` that is still open."""

    id: str
    senior_id: SeniorId
    room_id: RoomId
    from_at: datetime
    evidence: Evidence
    evidence_at: datetime


@dataclass(frozen=True, slots=True)
class Attendance:
    """Where the hub has a senior now: her open visit, and the open stay in a room within it.

    `known_at` is the time of the latest evidence there is of her, of whatever kind.
    """

    senior_id: SeniorId
    visit_id: str | None = None
    arrived_at: datetime | None = None
    stay: Stay | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One piece of evidence about a senior. ENTER names the room; LEAVE ends the visit."""

    senior_id: SeniorId
    what: AttendanceAction
    room_id: RoomId | None
    evidence: Evidence
    at: datetime


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a senior is. `room_id` is None when she is not here, or here in no known room.

    `sure`: the evidence is younger than 90 minutes and nothing later says otherwise.
    """

    senior_id: SeniorId
    present: bool
    room_id: RoomId | None
    since: datetime | None
    evidence: Evidence | None
    evidence_at: datetime | None
    sure: bool


@dataclass(frozen=True, slots=True)
class PersonHere:
    """A senior as the page of who is here shows her.

    `version` counts the changes of where she is, from 0; the last one was at `changed_at`, known by `changed_how`, and
    where staff said it, by `changed_by`.
    """

    id: SeniorId
    centre_id: CentreId
    name: str
    address_as: str
    address_as_en: str
    present: bool
    room_id: RoomId | None
    since: datetime | None
    version: int
    changed_at: datetime | None
    changed_how: str | None
    changed_by: AccountId | None
    changed_by_name: str | None
    changed_by_name_en: str | None


@dataclass(frozen=True, slots=True)
class CardRead:
    """A reader saw a card. `room_id` is what the message names, else the reader's own room is meant."""

    centre_id: CentreId
    device_id: DeviceId
    token: str
    what: AttendanceAction
    room_id: RoomId | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Tapped:
    """A member of staff says where a senior is.

    `if_match` is the entity tag of what she saw when she said it; None compares nothing.
    """

    centre_id: CentreId
    senior_id: SeniorId
    what: AttendanceAction
    room_id: RoomId | None
    account_id: AccountId | None = None
    if_match: str | None = None


@dataclass(frozen=True, slots=True)
class Attended:
    """Whom a card belongs to and the room that was meant; no senior when nobody has that card."""

    senior_id: SeniorId | None
    room_id: RoomId | None


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """A visit that still stands although the centre has closed, or one of a day before."""

    centre_id: CentreId
    senior_id: SeniorId
    visit_id: str
    arrived_at: datetime
