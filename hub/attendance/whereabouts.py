"""What does one piece of evidence change, and where is a senior as far as anybody can know?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from hub.attendance.model import Attendance, AttendanceAction, Evidence, Sighting, Whereabouts
from hub.kit.ids import RoomId

YOUNG = timedelta(minutes=90)
"""How long evidence of a room can be relied on (70-people-access, live video, 4)."""


@dataclass(frozen=True, slots=True)
class VisitBegins:
    """She came."""

    at: datetime


@dataclass(frozen=True, slots=True)
class VisitEnds:
    """She left the centre."""

    at: datetime


@dataclass(frozen=True, slots=True)
class StayBegins:
    """She is in a room."""

    room_id: RoomId
    evidence: Evidence
    at: datetime


@dataclass(frozen=True, slots=True)
class StayConfirmed:
    """She is still in the same room."""

    evidence: Evidence
    at: datetime


@dataclass(frozen=True, slots=True)
class StayEnds:
    """She is in that room no longer."""

    at: datetime


Move: TypeAlias = VisitBegins | VisitEnds | StayBegins | StayConfirmed | StayEnds


def decide_moves(attendance: Attendance, seen: Sighting) -> tuple[Move, ...]:
    """What `seen` changes, in the order in which it is to be written.

    Entering without having arrived begins a visit. Entering another room ends the stay in the former. Leaving a named
    room ends the stay there and not the visit; leaving without a room ends both. Evidence that is older than what is
    known already changes nothing.
    """
    if attendance.known_at is not None and seen.at < attendance.known_at:
        return ()
    match seen.what:
        case AttendanceAction.LEAVE:
            return _moves_of_leaving(attendance, seen)
        case AttendanceAction.ARRIVE | AttendanceAction.ENTER:
            begins = () if attendance.visit_id is not None else (VisitBegins(seen.at),)
            return begins if seen.room_id is None else (*begins, *_moves_of_entering(attendance, seen.room_id, seen))


def whereabouts_at(attendance: Attendance, now: datetime) -> Whereabouts:
    """Where she is at `now`; sure only while the last evidence of the room is younger than 90 minutes."""
    stay = attendance.stay
    return Whereabouts(
        senior_id=attendance.senior_id,
        present=attendance.visit_id is not None,
        room_id=stay.room_id if stay is not None else None,
        since=stay.from_at if stay is not None else attendance.arrived_at,
        evidence=stay.evidence if stay is not None else None,
        evidence_at=stay.evidence_at if stay is not None else None,
        sure=stay is not None and now - stay.evidence_at < YOUNG,
    )


def _moves_of_entering(attendance: Attendance, room_id: RoomId, seen: Sighting) -> tuple[Move, ...]:
    if attendance.stay is None:
        return (StayBegins(room_id, seen.evidence, seen.at),)
    if attendance.stay.room_id == room_id:
        return (StayConfirmed(seen.evidence, seen.at),)
    return (StayEnds(seen.at), StayBegins(room_id, seen.evidence, seen.at))


def _moves_of_leaving(attendance: Attendance, seen: Sighting) -> tuple[Move, ...]:
    stay_ends = () if attendance.stay is None else (StayEnds(seen.at),)
    if seen.room_id is None:
        return stay_ends if attendance.visit_id is None else (*stay_ends, VisitEnds(seen.at))
    in_that_room = attendance.stay is not None and attendance.stay.room_id == seen.room_id
    return stay_ends if in_that_room else ()
