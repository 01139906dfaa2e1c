"""Who may do what, against a table written by hand and laws that always hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.may import (
    Action,
    Allowed,
    Anything,
    Audience,
    Object,
    OfAccount,
    OfCentre,
    OfSenior,
    Refusal,
    Refused,
    RoomPicture,
    audience_of,
    may,
)
from hub.access.model import Relation, Role, SessionKind, Subject
from hub.kit.ids import AccountId, CentreId, SeniorId

NOW = datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC)
HERE, THERE = CentreId("jiuquan-road"), CentreId("elsewhere")
WANG, LI = SeniorId("s-wang"), SeniorId("s-li")
CONFIRMED = Relation(WANG, confirmed_at=NOW - timedelta(days=1), blocked_at=None)
SIGNED_IN_ACTIONS = [action for action in Action if audience_of(action) is not Audience.PUBLIC]


def somebody(role: Role, *relations: Relation) -> Subject:
    kind = SessionKind.FAMILY if role is Role.FAMILY else SessionKind.STAFF
    return Subject(
        AccountId("zhou"), HERE, role, kind, active=True, signed_in_until=NOW + timedelta(hours=1), relations=relations
    )


def answer(subject: Subject | None, action: Action, what: Object = Anything()) -> str:  # noqa: B008 - frozen
    verdict = may(subject, action, what, NOW)
    return verdict.because if isinstance(verdict, Allowed) else verdict.reason


@pytest.mark.parametrize(
    ("role", "action", "expected"),
    [
        (Role.STAFF, Action.ACCEPT_ALARM, "role"),
        (Role.SOCIAL_WORKER, Action.ACCEPT_ALARM, "role"),
        (Role.GRID_HEAD, Action.ACCEPT_ALARM, "role"),
        (Role.STREET_OFFICE, Action.ACCEPT_ALARM, "role"),
        (Role.ADMINISTRATOR, Action.ACCEPT_ALARM, "role"),
        (Role.AUDITOR, Action.ACCEPT_ALARM, "not-your-role"),
        (Role.FAMILY, Action.ACCEPT_ALARM, "not-your-role"),
        (Role.AUDITOR, Action.SEE_BOARD, "not-your-role"),
        (Role.AUDITOR, Action.SEE_OWN_ACCOUNT, "role"),
        (Role.GRID_HEAD, Action.RECORD_PRESENCE, "not-your-role"),
        (Role.STAFF, Action.RECORD_PRESENCE, "role"),
        (Role.STREET_OFFICE, Action.SEE_QUARANTINE, "not-your-role"),
        (Role.FAMILY, Action.SEE_FAMILY_HOME, "role"),
        (Role.STAFF, Action.SEE_FAMILY_HOME, "not-your-role"),
        (Role.FAMILY, Action.SEE_BOARD, "not-your-role"),
    ],
)
def test_each_role_may_do_its_work_and_no_more(role: Role, action: Action, expected: str) -> None:
    assert answer(somebody(role), action) == expected


def test_a_daughter_may_only_what_concerns_her_own_mother() -> None:
    daughter = somebody(Role.FAMILY, CONFIRMED)

    assert answer(daughter, Action.WATCH_SENIOR, OfSenior(HERE, WANG)) == "relation"
    assert answer(daughter, Action.WATCH_SENIOR, OfSenior(HERE, LI)) == "not-your-relative"


def test_a_relation_counts_once_it_is_confirmed_and_while_it_is_not_blocked() -> None:
    unconfirmed = replace(CONFIRMED, confirmed_at=None)
    blocked = replace(CONFIRMED, blocked_at=NOW)

    assert (
        answer(somebody(Role.FAMILY, unconfirmed), Action.WATCH_SENIOR, OfSenior(HERE, WANG)) == "relation-unconfirmed"
    )
    assert answer(somebody(Role.FAMILY, blocked), Action.WATCH_SENIOR, OfSenior(HERE, WANG)) == "relation-blocked"


def test_what_takes_a_daughters_picture_away_is_named() -> None:
    verdict = may(somebody(Role.FAMILY, CONFIRMED), Action.WATCH_SENIOR, OfSenior(HERE, WANG), NOW)

    assert isinstance(verdict, Allowed)
    assert verdict.until == NOW + timedelta(hours=1)
    assert set(verdict.depends_on) == {"account:zhou", "session:zhou", "grant:s-wang"}


def test_staff_look_at_a_room_with_a_reason_and_responders_once_they_have_accepted() -> None:
    picture = RoomPicture(HERE, accepted_here=False)

    assert answer(somebody(Role.STAFF), Action.WATCH_ROOM, picture) == "stated-reason"
    assert answer(somebody(Role.GRID_HEAD), Action.WATCH_ROOM, picture) == "no-alarm"
    assert answer(somebody(Role.GRID_HEAD), Action.WATCH_ROOM, replace(picture, accepted_here=True)) == "accepted-alarm"


def test_nobody_reaches_into_another_centre_or_another_account() -> None:
    assert answer(somebody(Role.LEAD), Action.SEE_ALARM, OfCentre(THERE)) == "not-your-centre"
    assert answer(somebody(Role.LEAD), Action.PLAY, OfAccount(AccountId("sun"))) == "not-yours"
    assert answer(somebody(Role.LEAD), Action.PLAY, OfAccount(AccountId("zhou"))) == "own"


@pytest.mark.parametrize("action", SIGNED_IN_ACTIONS)
def test_nobody_without_a_session_may_anything(action: Action) -> None:
    assert answer(None, action) == "signed-out"


@given(
    st.sampled_from(SIGNED_IN_ACTIONS),
    st.sampled_from(Role),
    st.sampled_from([Anything(), OfCentre(HERE), OfSenior(HERE, WANG), RoomPicture(HERE, accepted_here=True)]),
)
def test_a_session_that_ended_and_a_disabled_account_may_nothing(action: Action, role: Role, what: Object) -> None:
    subject = somebody(role, CONFIRMED)

    assert may(replace(subject, signed_in_until=NOW), action, what, NOW) == Refused(Refusal.SIGNED_OUT)
    assert may(replace(subject, active=False), action, what, NOW) == Refused(Refusal.ACCOUNT_DISABLED)


@given(st.sampled_from(SIGNED_IN_ACTIONS), st.sampled_from(Role))
def test_what_a_role_may_never_do_it_may_not_do_to_anything(action: Action, role: Role) -> None:
    subject = somebody(role, CONFIRMED)
    if isinstance(may(subject, action, Anything(), NOW), Refused):
        for what in (
            OfCentre(HERE),
            OfSenior(HERE, WANG),
            RoomPicture(HERE, accepted_here=True),
            OfAccount(AccountId("zhou")),
        ):
            assert isinstance(may(subject, action, what, NOW), Refused)


@pytest.mark.parametrize(
    ("confirmed", "blocked", "holds"),
    [(None, None, False), (-1, None, True), (0, None, True), (1, None, False), (-1, 1, True), (-1, 0, False)],
)
def test_a_relation_holds_from_the_moment_it_is_confirmed_to_the_one_in_which_it_is_blocked(
    confirmed: int | None, blocked: int | None, holds: bool
) -> None:
    def moment(seconds: int | None) -> datetime | None:
        return None if seconds is None else NOW + timedelta(seconds=seconds)

    assert Relation(WANG, moment(confirmed), moment(blocked)).holds(NOW) is holds
