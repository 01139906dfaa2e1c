"""What does the database say about one question: may this session see this camera? Rows become facts for the policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time

from hub.access import may
from hub.access.model import Relation, Role, SessionKind, Subject
from hub.kit.ids import AccountId, AlarmId, CentreId, DeviceId, RoomId, SeniorId
from hub.video.policy import (
    Colleague,
    Followed,
    Hours,
    Presence,
    Relative,
    RelativeOrColleague,
    Room,
    Span,
    Verdict,
    may_watch,
)


@dataclass(frozen=True, slots=True)
class Question:
    """May this account, in this session, see this camera: for this senior's sake, or for that reason?"""

    account_id: AccountId
    session_id: bytes
    camera_id: DeviceId
    senior_id: SeniorId | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ViewingFacts:
    """One row of `store.facts`; what is None does not exist or does not hold."""

    n: int
    account_id: AccountId
    person: str
    role: str
    active: bool
    account_centre_id: CentreId
    session_kind: str | None
    signed_in_until: datetime | None
    camera_centre_id: CentreId | None
    camera_enabled: bool | None
    address: str | None
    room_id: RoomId | None
    room_type: str | None
    opens: time | None
    closes: time | None
    timezone: str | None
    senior_centre_id: CentreId | None
    confirmed_at: datetime | None
    blocked_at: datetime | None
    has_relation: bool
    consent_from: datetime | None
    consent_until: datetime | None
    present_in: RoomId | None
    present_from: datetime | None
    evidence_at: datetime | None
    veto_froms: list[datetime]
    veto_untils: list[datetime | None]
    objection_froms: list[datetime]
    objection_untils: list[datetime | None]
    alarm_id: AlarmId | None
    accepted_at: datetime | None
    followed_id: SeniorId | None
    followed_from: datetime | None


def decide_viewing(question: Question, facts: ViewingFacts, now: datetime) -> Verdict | None:
    """The policy's answer; None when there is no such camera in a room."""
    room = room_of(facts)
    if room is None or facts.address is None:
        return None
    return may_watch(viewer_of(question, facts, now), room, now)


def room_of(facts: ViewingFacts) -> Room | None:
    """The room the camera looks at now.

    No kind of device is a "being watched" lamp yet, and nothing blurs a picture, so no room has either.
    """
    if facts.room_id is None or facts.room_type is None:
        return None
    assert facts.opens is not None
    assert facts.closes is not None
    assert facts.timezone is not None
    return Room(
        id=facts.room_id,
        type=facts.room_type,
        hours=Hours(facts.opens, facts.closes, facts.timezone),
        has_camera=bool(facts.camera_enabled),
        objections=_build_spans(facts.objection_froms, facts.objection_untils),
    )


def viewer_of(question: Question, facts: ViewingFacts, now: datetime) -> RelativeOrColleague:
    """Who asks, with what `access/may` says to it."""
    subject = _build_subject(question, facts, now)
    if question.senior_id is None:
        return _build_colleague(question, subject, facts, now)
    centre_id = facts.senior_centre_id or facts.account_centre_id
    return Relative(
        access=may.may(subject, may.Action.WATCH_SENIOR, may.OfSenior(centre_id, question.senior_id), now),
        account_id=question.account_id,
        senior_id=question.senior_id,
        related_since=facts.confirmed_at,
        consent=Span(facts.consent_from, facts.consent_until) if facts.consent_from else None,
        vetoes=_build_spans(facts.veto_froms, facts.veto_untils),
        presence=_build_presence(facts),
    )


def _build_colleague(question: Question, subject: Subject | None, facts: ViewingFacts, now: datetime) -> Colleague:
    picture = may.RoomPicture(facts.camera_centre_id or facts.account_centre_id, facts.alarm_id is not None)
    return Colleague(
        access=may.may(subject, may.Action.WATCH_ROOM, picture, now),
        account_id=question.account_id,
        reason=question.reason,
        accepted_alarm=facts.alarm_id,
        accepted_at=facts.accepted_at,
        followed=_build_followed(facts),
    )


def _build_subject(question: Question, facts: ViewingFacts, now: datetime) -> Subject | None:
    if facts.session_kind is None or facts.signed_in_until is None or facts.signed_in_until <= now:
        return None
    relations: tuple[Relation, ...] = ()
    if question.senior_id is not None and facts.has_relation:
        relations = (Relation(question.senior_id, facts.confirmed_at, facts.blocked_at),)
    return Subject(
        account_id=question.account_id,
        centre_id=facts.account_centre_id,
        role=Role(facts.role),
        kind=SessionKind(facts.session_kind),
        active=facts.active,
        signed_in_until=facts.signed_in_until,
        relations=relations,
    )


def _build_presence(facts: ViewingFacts) -> Presence | None:
    if facts.present_in is None or facts.present_from is None or facts.evidence_at is None:
        return None
    return Presence(facts.present_in, facts.present_from, facts.evidence_at)


def _build_followed(facts: ViewingFacts) -> Followed | None:
    if facts.followed_id is None or facts.followed_from is None:
        return None
    return Followed(facts.followed_id, facts.followed_from)


def _build_spans(froms: list[datetime], untils: list[datetime | None]) -> tuple[Span, ...]:
    return tuple(Span(from_at, until_at) for from_at, until_at in zip(froms, untils, strict=True))
