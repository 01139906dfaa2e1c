"""Who comes, goes and changes rooms, and where is a senior now?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from hub.attendance import store
from hub.attendance.errors import RoomMissing, WhereaboutsChanged
from hub.attendance.model import (
    Attendance,
    AttendanceAction,
    Attended,
    CardRead,
    Evidence,
    LeftOpen,
    Sighting,
    Stay,
    Tapped,
    Whereabouts,
)
from hub.attendance.whereabouts import (
    Move,
    StayBegins,
    StayConfirmed,
    StayEnds,
    VisitBegins,
    VisitEnds,
    decide_moves,
    whereabouts_at,
)
from hub.centre.errors import NoSuchRoom
from hub.kit.db import Conn
from hub.kit.etags import is_matched
from hub.kit.ids import CentreId, SeniorId, new_id
from hub.notices.model import NoticeCode, Raised
from hub.notices.service import clear_notice, raise_notice
from hub.people.errors import NoSuchSenior


async def record_card_read(conn: Conn, read: CardRead, now: datetime) -> Attended:
    """Write what a card says about its senior. A card that nobody has is noticed once per reader, and that is all."""
    room_id = await store.room_of(conn, read.centre_id, read.room_id, read.device_id, read.at)
    senior_id = await store.senior_of_card(conn, read.centre_id, read.token)
    if senior_id is None:
        await raise_notice(conn, Raised(read.centre_id, NoticeCode.UNKNOWN_CARD, f"device:{read.device_id}"), now)
        return Attended(None, room_id)
    room_meant = room_id if read.what is not AttendanceAction.LEAVE else read.room_id and room_id
    seen = Sighting(senior_id, read.what, room_meant, Evidence.CARD, min(read.at, now))
    attendance = await _lock_attendance(conn, read.centre_id, senior_id)
    await _record_sighting(conn, read, attendance, seen, now)
    return Attended(senior_id, room_id)


async def record_presence(conn: Conn, tapped: Tapped, now: datetime) -> int:
    """Write what a member of staff says; how often it has changed where the senior is by then.

    Raises NoSuchSenior, NoSuchRoom, RoomMissing, and WhereaboutsChanged when she saw another state than the one that
    stands. What holds already is no conflict, whoever said it first (RFC 9110, 13.1.1): a tap that is sent twice.
    """
    if tapped.what is AttendanceAction.ENTER and tapped.room_id is None:
        raise RoomMissing
    if tapped.room_id is not None and not await store.has_room(conn, tapped.centre_id, tapped.room_id):
        raise NoSuchRoom
    seen = Sighting(tapped.senior_id, tapped.what, tapped.room_id, Evidence.STAFF, now)
    attendance = await _lock_attendance(conn, tapped.centre_id, tapped.senior_id)
    if not is_matched(tapped.if_match, await store.version_of(conn, tapped.senior_id)) and _changes_whereabouts(
        attendance, seen
    ):
        (stands,) = await store.read_people(conn, tapped.centre_id, tapped.senior_id)
        raise WhereaboutsChanged(stands)
    await _record_sighting(conn, tapped, attendance, seen, now)
    return await store.version_of(conn, tapped.senior_id)


async def locate_senior(conn: Conn, senior_id: SeniorId, now: datetime) -> Whereabouts:
    """Where a senior is at `now`. Raises NoSuchSenior."""
    found = await locate_seniors(conn, [senior_id], now)
    if senior_id not in found:
        raise NoSuchSenior
    return found[senior_id]


async def locate_seniors(conn: Conn, senior_ids: Sequence[SeniorId], now: datetime) -> dict[SeniorId, Whereabouts]:
    """Where each of these seniors is at `now`; one that does not exist is not in the answer."""
    found = await store.read_attendances(conn, senior_ids)
    return {senior_id: whereabouts_at(attendance, now) for senior_id, attendance in found.items()}


async def stays_between(conn: Conn, senior_id: SeniorId, from_at: datetime, to_at: datetime) -> list[Stay]:
    """The rooms a senior entered in that time, oldest first."""
    return await store.stays_between(conn, senior_id, from_at, to_at)


async def notice_open_visits(conn: Conn, now: datetime) -> list[LeftOpen]:
    """Notice each visit that still stands half an hour after closing; somebody looks whether she is still there."""
    found = await store.find_open_visits(conn, now)
    for visit in found:
        raised = Raised(
            visit.centre_id, NoticeCode.VISIT_LEFT_OPEN, f"senior:{visit.senior_id}", params={"visit": visit.visit_id}
        )
        await raise_notice(conn, raised, now)
    return found


async def _lock_attendance(conn: Conn, centre_id: CentreId, senior_id: SeniorId) -> Attendance:
    """Lock the senior, then read where she is: nobody else changes it before this transaction ends. Or NoSuchSenior."""
    if not await store.lock_senior(conn, centre_id, senior_id):
        raise NoSuchSenior
    return (await store.read_attendances(conn, [senior_id]))[senior_id]


def _changes_whereabouts(attendance: Attendance, seen: Sighting) -> bool:
    """Whether it changes where she is, and not only since when that is sure."""
    return any(not isinstance(move, StayConfirmed) for move in decide_moves(attendance, seen))


async def _record_sighting(
    conn: Conn, about: CardRead | Tapped, attendance: Attendance, seen: Sighting, now: datetime
) -> None:
    """Write what changes, of a senior who is locked."""
    if _changes_whereabouts(attendance, seen):
        account_id = about.account_id if isinstance(about, Tapped) else None
        await store.count_change(conn, seen.senior_id, seen.evidence, account_id, seen.at)
    visit_id = attendance.visit_id or new_id("v", now)
    for move in decide_moves(attendance, seen):
        await _write_move(conn, attendance, visit_id, move, now)
        if isinstance(move, VisitEnds):
            await clear_notice(conn, about.centre_id, NoticeCode.VISIT_LEFT_OPEN, f"senior:{seen.senior_id}", now)


async def _write_move(conn: Conn, attendance: Attendance, visit_id: str, move: Move, now: datetime) -> None:
    senior_id = attendance.senior_id
    match move:
        case VisitBegins(at=at):
            await store.begin_visit(conn, visit_id, senior_id, at)
        case VisitEnds(at=at):
            await store.end_visit(conn, senior_id, at)
        case StayBegins(room_id=room_id, evidence=evidence, at=at):
            new = store.NewStay(new_id("pr", now), visit_id, senior_id, room_id, evidence, at)
            await store.begin_stay(conn, new)
        case StayConfirmed(evidence=evidence, at=at):
            await store.confirm_stay(conn, senior_id, evidence, at)
        case StayEnds(at=at):
            await store.end_stay(conn, senior_id, at)
        case _ as never:
            assert_never(never)
