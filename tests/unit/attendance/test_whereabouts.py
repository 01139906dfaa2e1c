"""What one piece of evidence changes, and how long it can be relied on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.attendance.model import Attendance, AttendanceAction, Evidence, Sighting, Stay
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
from hub.kit.ids import RoomId, SeniorId

NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
WANG, GYM, MUSIC = SeniorId("wang"), RoomId("gym"), RoomId("music")
AWAY = Attendance(WANG)
ARRIVED = Attendance(WANG, "v-1", NINE, None, NINE)
IN_THE_GYM = replace(ARRIVED, stay=Stay("p-1", WANG, GYM, NINE, Evidence.CARD, NINE))
LATER = NINE + timedelta(minutes=10)
CARD = Evidence.CARD


def seen(what: AttendanceAction, room_id: RoomId | None = None, at: datetime = LATER) -> Sighting:
    return Sighting(WANG, what, room_id, CARD, at)


@pytest.mark.parametrize(
    ("before", "evidence", "changes"),
    [
        (AWAY, seen(AttendanceAction.ARRIVE), (VisitBegins(LATER),)),
        (AWAY, seen(AttendanceAction.ENTER, GYM), (VisitBegins(LATER), StayBegins(GYM, CARD, LATER))),
        (AWAY, seen(AttendanceAction.LEAVE), ()),
        (ARRIVED, seen(AttendanceAction.ARRIVE), ()),
        (ARRIVED, seen(AttendanceAction.ENTER, GYM), (StayBegins(GYM, CARD, LATER),)),
        (ARRIVED, seen(AttendanceAction.LEAVE), (VisitEnds(LATER),)),
        (IN_THE_GYM, seen(AttendanceAction.ENTER, GYM), (StayConfirmed(CARD, LATER),)),
        (IN_THE_GYM, seen(AttendanceAction.ENTER, MUSIC), (StayEnds(LATER), StayBegins(MUSIC, CARD, LATER))),
        (IN_THE_GYM, seen(AttendanceAction.LEAVE, GYM), (StayEnds(LATER),)),
        (IN_THE_GYM, seen(AttendanceAction.LEAVE, MUSIC), ()),
        (IN_THE_GYM, seen(AttendanceAction.LEAVE), (StayEnds(LATER), VisitEnds(LATER))),
        (IN_THE_GYM, seen(AttendanceAction.ENTER, MUSIC, NINE - timedelta(seconds=1)), ()),
    ],
)
def test_each_piece_of_evidence_changes_what_it_should(
    before: Attendance, evidence: Sighting, changes: tuple[Move, ...]
) -> None:
    assert decide_moves(before, evidence) == changes


def test_evidence_can_be_relied_on_for_ninety_minutes() -> None:
    fresh = whereabouts_at(IN_THE_GYM, NINE + timedelta(minutes=89, seconds=59))
    stale = whereabouts_at(IN_THE_GYM, NINE + timedelta(minutes=90))

    assert (fresh.room_id, fresh.sure) == (GYM, True)
    assert (stale.room_id, stale.present, stale.sure) == (GYM, True, False)


def test_somebody_in_no_room_is_present_and_nobody_is_sure_where() -> None:
    found = whereabouts_at(ARRIVED, LATER)

    assert (found.present, found.room_id, found.since, found.sure) == (True, None, NINE, False)


def applied(before: Attendance, changes: tuple[Move, ...]) -> Attendance:
    """What the rows would say afterwards; fails on a change that the rows would refuse."""
    now = before
    for change in changes:
        match change:
            case VisitBegins(at=at):
                assert now.visit_id is None
                now = replace(now, visit_id="v", arrived_at=at)
            case VisitEnds():
                assert now.visit_id is not None
                assert now.stay is None
                now = replace(now, visit_id=None, arrived_at=None)
            case StayBegins(room_id=room_id, evidence=evidence, at=at):
                assert now.visit_id is not None
                assert now.stay is None
                now = replace(now, stay=Stay("p", WANG, room_id, at, evidence, at))
            case StayConfirmed(at=at):
                assert now.stay is not None
                now = replace(now, stay=replace(now.stay, evidence_at=at))
            case StayEnds(at=at):
                assert now.stay is not None
                assert at >= now.stay.from_at
                now = replace(now, stay=None)
        now = replace(now, known_at=change.at)
    return now


@given(
    st.lists(
        st.tuples(st.sampled_from(AttendanceAction), st.sampled_from([GYM, MUSIC, None]), st.integers(0, 3600)),
        max_size=30,
    )
)
def test_whatever_is_seen_in_whatever_order_nobody_is_in_a_room_without_a_visit(
    stream: list[tuple[AttendanceAction, RoomId | None, int]],
) -> None:
    attendance = AWAY
    for what, room_id, seconds in stream:
        if what is AttendanceAction.ENTER and room_id is None:
            continue
        attendance = applied(
            attendance, decide_moves(attendance, seen(what, room_id, NINE + timedelta(seconds=seconds)))
        )

        assert attendance.stay is None or attendance.visit_id is not None
