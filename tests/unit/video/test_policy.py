"""Who may see a room, and the law that taking something away never opens a picture."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.access import may
from hub.centre.model import NEVER_A_CAMERA
from hub.kit.ids import AccountId, AlarmId, RoomId, SeniorId
from hub.video.policy import (
    Code,
    Colleague,
    Followed,
    Hours,
    Lamp,
    Presence,
    Relative,
    Room,
    Span,
    Verdict,
    ViewingBlurred,
    ViewingClear,
    ViewingRefused,
    may_watch,
    picture_of,
)

NOW = datetime(2026, 11, 23, 2, 14, tzinfo=UTC)  # 10:14 in Lanzhou
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
GYM, MUSIC = RoomId("gym"), RoomId("music")

DAUGHTER = Relative(
    access=may.Allowed(NOW + 24 * HOUR, may.Ground.RELATION, ("account:wang-daughter",)),
    account_id=AccountId("wang-daughter"),
    senior_id=SeniorId("s-wang"),
    related_since=NOW - 100 * HOUR,
    consent=Span(NOW - 50 * HOUR),
    vetoes=(),
    presence=Presence(GYM, NOW - 20 * MINUTE, NOW - 5 * MINUTE),
)
ROOM = Room(GYM, "gym", Hours(time(8), time(18), "Asia/Shanghai"))
NURSE = Colleague(
    access=may.Allowed(NOW + 12 * HOUR, may.Ground.STATED_REASON, ("account:liu",)),
    account_id=AccountId("liu"),
    reason="她没有应答",
)
RESPONDER = replace(NURSE, reason="", accepted_alarm=AlarmId("a-1"), accepted_at=NOW - MINUTE)


def test_a_daughter_sees_the_room_her_mother_is_in() -> None:
    verdict = may_watch(DAUGHTER, ROOM, NOW)

    assert isinstance(verdict, ViewingClear)
    assert verdict.grant.since == NOW - 20 * MINUTE
    assert verdict.grant.until == NOW + 85 * MINUTE
    assert verdict.grant.because == "consent"


@pytest.mark.parametrize(
    ("viewer", "room", "refused"),
    [
        (
            replace(DAUGHTER, access=may.Refused(may.Refusal.RELATION_BLOCKED)),
            ROOM,
            ViewingRefused(may.Refusal.RELATION_BLOCKED),
        ),
        (
            replace(DAUGHTER, access=may.Refused(may.Refusal.ACCOUNT_DISABLED)),
            ROOM,
            ViewingRefused(may.Refusal.ACCOUNT_DISABLED),
        ),
        (replace(DAUGHTER, related_since=None), ROOM, ViewingRefused(may.Refusal.RELATION_UNCONFIRMED)),
        (replace(DAUGHTER, consent=None), ROOM, ViewingRefused(Code.NO_CONSENT)),
        (replace(DAUGHTER, consent=Span(NOW - HOUR, NOW)), ROOM, ViewingRefused(Code.NO_CONSENT)),
        (replace(DAUGHTER, consent=Span(NOW + MINUTE)), ROOM, ViewingRefused(Code.NO_CONSENT)),
        (replace(DAUGHTER, vetoes=(Span(NOW, NOW + HOUR),)), ROOM, ViewingRefused(Code.VETO, NOW + HOUR)),
        (replace(DAUGHTER, vetoes=(Span(NOW - HOUR),)), ROOM, ViewingRefused(Code.VETO)),
        (replace(DAUGHTER, presence=None), ROOM, ViewingRefused(Code.NOT_PRESENT)),
        (replace(DAUGHTER, presence=Presence(MUSIC, NOW - MINUTE, NOW)), ROOM, ViewingRefused(Code.NOT_PRESENT)),
        (replace(DAUGHTER, presence=Presence(GYM, NOW + MINUTE, NOW)), ROOM, ViewingRefused(Code.NOT_PRESENT)),
        (
            replace(DAUGHTER, presence=Presence(GYM, NOW - 3 * HOUR, NOW - 90 * MINUTE)),
            ROOM,
            ViewingRefused(Code.UNSURE),
        ),
        (DAUGHTER, replace(ROOM, objections=(Span(NOW - MINUTE),)), ViewingRefused(Code.SOMEONE_OBJECTS)),
        (DAUGHTER, replace(ROOM, type="counselling"), ViewingRefused(Code.ROOM_NOT_ALLOWED)),
        (DAUGHTER, replace(ROOM, has_camera=False), ViewingRefused(Code.NO_CAMERA)),
        (DAUGHTER, replace(ROOM, lamp=Lamp.DARK), ViewingRefused(Code.LAMP_SILENT)),
        (
            DAUGHTER,
            replace(ROOM, hours=Hours(time(8), time(10), "Asia/Shanghai")),
            ViewingRefused(Code.CENTRE_CLOSED, datetime(2026, 11, 24, 0, tzinfo=UTC)),
        ),
        (
            DAUGHTER,
            replace(ROOM, hours=Hours(time(11), time(18), "Asia/Shanghai")),
            ViewingRefused(Code.CENTRE_CLOSED, datetime(2026, 11, 23, 3, tzinfo=UTC)),
        ),
        (replace(NURSE, reason="  "), ROOM, ViewingRefused(Code.REASON_MISSING)),
        (replace(NURSE, reason="x" * 201), ROOM, ViewingRefused(Code.REASON_MISSING)),
        (NURSE, replace(ROOM, objections=(Span(NOW - MINUTE),)), ViewingRefused(Code.SOMEONE_OBJECTS)),
        (
            replace(RESPONDER, access=may.Refused(may.Refusal.NOT_YOUR_CENTRE)),
            ROOM,
            ViewingRefused(may.Refusal.NOT_YOUR_CENTRE),
        ),
        (RESPONDER, replace(ROOM, type="bath"), ViewingRefused(Code.ROOM_NOT_ALLOWED)),
        (replace(RESPONDER, accepted_at=None), ROOM, ViewingRefused(Code.REASON_MISSING)),
        (replace(RESPONDER, accepted_alarm=None), ROOM, ViewingRefused(Code.REASON_MISSING)),
    ],
)
def test_one_missing_thing_is_a_refusal_of_its_kind(
    viewer: Relative | Colleague, room: Room, refused: ViewingRefused
) -> None:
    assert may_watch(viewer, room, NOW) == refused


@pytest.mark.parametrize(
    ("viewer", "room"),
    [
        (replace(DAUGHTER, vetoes=(Span(NOW - HOUR, NOW),)), ROOM),
        (DAUGHTER, replace(ROOM, objections=(Span(NOW - HOUR, NOW),))),
        (NURSE, replace(ROOM, objections=(Span(NOW - HOUR, NOW),))),
    ],
)
def test_a_picture_of_before_an_objection_ended_is_not_shown_from_the_moment_on_at_which_it_ends(
    viewer: Relative | Colleague, room: Room
) -> None:
    verdict = may_watch(viewer, room, NOW)

    assert isinstance(verdict, ViewingClear)
    assert verdict.grant.since == NOW


@pytest.mark.parametrize(
    ("viewer", "room"),
    [
        (replace(DAUGHTER, vetoes=(Span(NOW + MINUTE),)), ROOM),
        (DAUGHTER, replace(ROOM, objections=(Span(NOW + MINUTE),))),
        (NURSE, replace(ROOM, objections=(Span(NOW + MINUTE),))),
        (DAUGHTER, replace(ROOM, objections=(Span(NOW + MINUTE, NOW + HOUR),))),
        (NURSE, replace(ROOM, objections=(Span(NOW + MINUTE, NOW + HOUR),))),
    ],
)
def test_a_picture_is_shown_until_an_objection_begins(viewer: Relative | Colleague, room: Room) -> None:
    verdict = may_watch(viewer, room, NOW)

    assert isinstance(verdict, ViewingClear)
    assert verdict.grant.since <= NOW
    assert verdict.grant.until == NOW + MINUTE


@pytest.mark.parametrize("reason", ["x", "x" * 200])
def test_a_reason_has_one_to_two_hundred_characters(reason: str) -> None:
    assert isinstance(may_watch(replace(NURSE, reason=reason), ROOM, NOW), ViewingClear)


def test_a_colleague_with_a_reason_may_look_outside_of_opening_hours() -> None:
    closed = replace(ROOM, hours=Hours(time(1), time(2), "Asia/Shanghai"))

    assert isinstance(may_watch(NURSE, closed, NOW), ViewingClear)


@pytest.mark.parametrize("viewer", [DAUGHTER, NURSE])
def test_where_somebody_objects_the_picture_is_blurred_if_it_can_be(viewer: Relative | Colleague) -> None:
    objected = replace(ROOM, objections=(Span(NOW - HOUR, NOW + MINUTE),), can_blur=True)

    verdict = may_watch(viewer, objected, NOW)

    assert isinstance(verdict, ViewingBlurred)
    assert picture_of(verdict) == "blurred"
    assert may_watch(viewer, replace(objected, lamp=Lamp.DARK), NOW) == ViewingRefused(Code.LAMP_SILENT)
    clear = may_watch(viewer, objected, NOW + MINUTE)
    assert isinstance(clear, ViewingClear)
    assert picture_of(clear) == "clear"
    assert clear.grant.since == NOW + MINUTE


@pytest.mark.parametrize("can_blur", [False, True])
def test_who_accepted_the_alarm_of_the_room_may_look_whoever_objects(*, can_blur: bool) -> None:
    objected = replace(ROOM, objections=(Span(NOW - HOUR),), can_blur=can_blur)

    verdict = may_watch(RESPONDER, objected, NOW)

    assert isinstance(verdict, ViewingClear)
    assert verdict.grant.because == "accepted-alarm"
    assert "alarm:a-1" in verdict.grant.depends_on


@pytest.mark.parametrize(("came_in", "since"), [(5 * MINUTE, MINUTE), (MINUTE / 2, MINUTE / 2)])
def test_who_follows_a_senior_s_alarm_sees_nothing_from_before_she_was_in_the_room(
    came_in: timedelta, since: timedelta
) -> None:
    following = replace(RESPONDER, followed=Followed(SeniorId("s-wang"), NOW - came_in))

    verdict = may_watch(following, ROOM, NOW)

    assert isinstance(verdict, ViewingClear)
    assert verdict.grant.since == NOW - since
    assert "presence:s-wang" in verdict.grant.depends_on


def test_no_picture_of_the_time_before_somebody_who_objects_left() -> None:
    left = replace(ROOM, objections=(Span(NOW - HOUR, NOW - timedelta(seconds=2)),))

    verdict = may_watch(DAUGHTER, left, NOW)

    assert isinstance(verdict, ViewingClear)
    assert verdict.grant.since == NOW - timedelta(seconds=2)


moments = st.integers(-300, 300).map(lambda minutes: NOW + minutes * MINUTE)
spans = st.builds(lambda a, b: Span(min(a, b), max(a, b)), moments, moments) | st.builds(Span, moments)
hours = st.builds(
    lambda a, b: Hours(time(min(a, b)), time(max(a, b) + 1), "Asia/Shanghai"), st.integers(0, 22), st.integers(0, 22)
)
rooms = st.builds(
    Room,
    id=st.just(GYM),
    type=st.sampled_from(["gym", "dining", "toilet"]),
    hours=hours,
    has_camera=st.booleans(),
    lamp=st.sampled_from(Lamp),
    objections=st.lists(spans, max_size=2).map(tuple),
    can_blur=st.booleans(),
)
accesses = st.builds(may.Allowed, until=moments.filter(lambda at: at > NOW), because=st.just("relation")) | st.builds(
    may.Refused, reason=st.just("relation-blocked")
)
presences = st.builds(
    lambda room_id, one, other: Presence(room_id, min(one, other), max(one, other)),
    st.sampled_from([GYM, MUSIC]),
    moments,
    moments.filter(lambda at: at <= NOW),
)
relatives = st.builds(
    Relative,
    access=accesses,
    account_id=st.just(AccountId("wang-daughter")),
    senior_id=st.just(SeniorId("s-wang")),
    related_since=st.none() | moments.filter(lambda at: at <= NOW),
    consent=st.none() | spans,
    vetoes=st.lists(spans, max_size=2).map(tuple),
    presence=st.none() | presences,
)
colleagues = st.builds(
    Colleague,
    access=accesses,
    account_id=st.just(AccountId("liu")),
    reason=st.sampled_from(["", "她没有应答"]),
    accepted_alarm=st.none() | st.just(AlarmId("a-1")),
    accepted_at=st.just(NOW),
    followed=st.none() | st.builds(Followed, st.just(SeniorId("s-wang")), moments.filter(lambda at: at <= NOW)),
)
viewers = relatives | colleagues


def with_less(viewer: Relative | Colleague, room: Room) -> list[tuple[Relative | Colleague, Room]]:
    """The same facts with one thing taken away, each once."""
    objection = replace(room, objections=(*room.objections, Span(NOW - MINUTE)))
    less: list[tuple[Relative | Colleague, Room]] = [
        (replace(viewer, access=may.Refused(may.Refusal.ACCOUNT_DISABLED)), room),
        (viewer, objection),
        (viewer, replace(room, type="toilet")),
        (viewer, replace(room, has_camera=False)),
        (viewer, replace(room, lamp=Lamp.DARK)),
    ]
    if isinstance(viewer, Relative):
        less += [
            (replace(viewer, consent=None), room),
            (replace(viewer, presence=None), room),
            (replace(viewer, related_since=None), room),
            (replace(viewer, vetoes=(*viewer.vetoes, Span(NOW - MINUTE))), room),
        ]
    else:
        less += [(replace(viewer, reason=""), room), (replace(viewer, accepted_alarm=None), room)]
    return less


def shown(verdict: Verdict) -> int:
    """How much of the room a verdict shows: nothing, a blurred picture, a clear one."""
    return [ViewingRefused, ViewingBlurred, ViewingClear].index(type(verdict))


@given(viewers, rooms)
def test_taking_anything_away_never_shows_more(viewer: Relative | Colleague, room: Room) -> None:
    now_shown = shown(may_watch(viewer, room, NOW))

    assert all(shown(may_watch(v, r, NOW)) <= now_shown for v, r in with_less(viewer, room))


@given(viewers, rooms)
def test_without_a_blurred_picture_of_the_room_nobody_is_granted_one(viewer: Relative | Colleague, room: Room) -> None:
    assert not isinstance(may_watch(viewer, replace(room, can_blur=False), NOW), ViewingBlurred)


@given(viewers, rooms)
@example(NURSE, replace(ROOM, lamp=Lamp.DARK, objections=(Span(NOW - MINUTE),)))
@example(NURSE, replace(ROOM, objections=(Span(NOW - MINUTE),)))
def test_a_blurred_picture_takes_the_place_of_that_refusal_and_of_nothing_else(
    viewer: Relative | Colleague, room: Room
) -> None:
    without, blurs = (may_watch(viewer, replace(room, can_blur=can_blur), NOW) for can_blur in (False, True))
    if_nobody_objected = may_watch(viewer, replace(room, objections=()), NOW)
    is_refused_for_it = without == ViewingRefused(Code.SOMEONE_OBJECTS)
    is_refused_anyway = isinstance(if_nobody_objected, ViewingRefused)

    assert is_refused_for_it or blurs == without
    assert not is_refused_for_it or isinstance(blurs, ViewingBlurred) is not is_refused_anyway
    assert not (is_refused_for_it and is_refused_anyway) or blurs == if_nobody_objected


@given(viewers, rooms, st.floats(0, 1))
def test_what_is_allowed_until_a_moment_is_allowed_until_then(
    viewer: Relative | Colleague, room: Room, share: float
) -> None:
    room = replace(room, can_blur=False)
    verdict = may_watch(viewer, room, NOW)

    if isinstance(verdict, ViewingClear):
        assert verdict.grant.since <= NOW
        until = verdict.grant.until or NOW + HOUR
        assert until > NOW
        later = may_watch(viewer, room, NOW + (until - NOW) * share * 0.999)
        assert isinstance(later, ViewingClear)
        assert later.grant.since == verdict.grant.since


@given(viewers, rooms, st.floats(0, 1))
def test_what_is_granted_blurred_is_not_refused_before_its_grant_ends(
    viewer: Relative | Colleague, room: Room, share: float
) -> None:
    verdict = may_watch(viewer, room, NOW)

    if isinstance(verdict, ViewingBlurred):
        until = verdict.grant.until or NOW + HOUR
        assert verdict.grant.since <= NOW < until
        assert shown(may_watch(viewer, room, NOW + (until - NOW) * share * 0.999)) > 0


@given(relatives, rooms)
def test_nothing_is_allowed_at_the_moment_it_ends(viewer: Relative, room: Room) -> None:
    verdict = may_watch(viewer, room, NOW)

    if not isinstance(verdict, ViewingRefused) and verdict.grant.until is not None:
        access = viewer.access
        assert isinstance(access, may.Allowed)
        if verdict.grant.until == access.until:  # asked again, `access/may` says so itself
            viewer = replace(viewer, access=may.Refused(may.Refusal.SIGNED_OUT))
        after = may_watch(viewer, room, verdict.grant.until)
        assert shown(after) < shown(verdict)
        assert room.can_blur or isinstance(after, ViewingRefused)


@given(viewers, rooms, st.sampled_from(sorted(NEVER_A_CAMERA)))
def test_no_reason_and_no_alarm_opens_a_room_of_a_forbidden_type(
    viewer: Relative | Colleague, room: Room, kind: str
) -> None:
    assert isinstance(may_watch(viewer, replace(room, type=kind), NOW), ViewingRefused)
