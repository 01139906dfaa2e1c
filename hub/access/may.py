"""Who may do what: the one function that answers, for every route, stream and picture.

`may` knows roles, centres, relations and sessions. What else a live picture depends on (consent, presence, veto, the
room, the hour, the lamp) is decided by `video/policy` on top of an answer of this function, never instead of it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never

from hub.access.model import Role, SessionKind, Subject
from hub.kit.ids import AccountId, CentreId, SeniorId


class Audience(StrEnum):
    """Whose session a route reads."""

    PUBLIC = "public"  # none: what protects it is in the request itself (a link's token, a password), or nothing need
    STAFF = "staff"
    FAMILY = "family"
    EITHER = "either"  # every session the browser has; the handler picks the one that fits


class Action(StrEnum):
    """What a route does. Every route declares exactly one."""

    PUBLIC = "public"
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    OPEN_INVITATION = "open_invitation"
    OPEN_ACCEPT_LINK = "open_accept_link"
    SEE_SIMULATION = "see_simulation"

    SEE_OWN_ACCOUNT = "see_own_account"
    SEE_BOARD = "see_board"
    SEE_ALARM = "see_alarm"
    ACCEPT_ALARM = "accept_alarm"
    RESOLVE_ALARM = "resolve_alarm"
    SEE_ROOM_DAY = "see_room_day"
    SEE_SENIORS = "see_seniors"
    RECORD_PRESENCE = "record_presence"
    SEE_QUARANTINE = "see_quarantine"
    SEE_RULES = "see_rules"
    SEE_DEVICES = "see_devices"
    WATCH_ROOM = "watch_room"

    SEE_FAMILY_HOME = "see_family_home"
    WATCH_SENIOR = "watch_senior"

    PLAY = "play"  # WHEP with a ticket, and what belongs to a running viewing


class Ground(StrEnum):
    """Why something is allowed."""

    PUBLIC = "public"
    ROLE = "role"
    OWN = "own"
    RELATION = "relation"
    STATED_REASON = "stated-reason"
    ACCEPTED_ALARM = "accepted-alarm"


class Refusal(StrEnum):
    """Why something is not allowed; pages have the words."""

    SIGNED_OUT = "signed-out"
    ACCOUNT_DISABLED = "account-disabled"
    NOT_YOUR_ROLE = "not-your-role"
    NOT_YOUR_CENTRE = "not-your-centre"
    NOT_YOURS = "not-yours"
    NO_ALARM = "no-alarm"
    NOT_YOUR_RELATIVE = "not-your-relative"
    RELATION_BLOCKED = "relation-blocked"
    RELATION_UNCONFIRMED = "relation-unconfirmed"


@dataclass(frozen=True, slots=True)
class Anything:
    """The question of a route, before its object is known: could this subject ever do it?"""


@dataclass(frozen=True, slots=True)
class OfCentre:
    """Something of a centre: an alarm, a device, a chart of a room."""

    centre_id: CentreId


@dataclass(frozen=True, slots=True)
class RoomPicture:
    """The live picture of a room, for staff. `accepted_here`: this subject owns a live P1 alarm of that room."""

    centre_id: CentreId
    accepted_here: bool


@dataclass(frozen=True, slots=True)
class OfSenior:
    """Something of one senior: where she is, her alarms, the picture of the room she is in."""

    centre_id: CentreId
    senior_id: SeniorId


@dataclass(frozen=True, slots=True)
class OfAccount:
    """Something of one account: a viewing, a session."""

    account_id: AccountId


Object: TypeAlias = Anything | OfCentre | RoomPicture | OfSenior | OfAccount


@dataclass(frozen=True, slots=True)
class Allowed:
    """Yes, until `until` (None: nothing ends it by itself), for the reason `because`.

    `depends_on` names what takes it away, as kinds and ids of `kit/changes`: "account:<id>", "session:<account id>",
    "grant:<senior id>".
    """

    until: datetime | None
    because: Ground
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """No, for this reason."""

    reason: Refusal


AccessVerdict: TypeAlias = Allowed | Refused

_IN_THE_BUILDING = frozenset({Role.STAFF, Role.SOCIAL_WORKER, Role.LEAD, Role.ADMINISTRATOR})
_RESPONDERS = _IN_THE_BUILDING | {Role.GRID_HEAD, Role.STREET_OFFICE}
_MAY_LOOK_WITH_A_REASON = frozenset({Role.STAFF, Role.SOCIAL_WORKER, Role.LEAD})
_STAFF_PAGES = frozenset(Role) - {Role.FAMILY}
_FAMILY = frozenset({Role.FAMILY})
_NOBODY_IN_PARTICULAR = frozenset[Role]()

_PERMITTED: dict[Action, tuple[Audience, frozenset[Role]]] = {
    Action.PUBLIC: (Audience.PUBLIC, _NOBODY_IN_PARTICULAR),
    Action.SIGN_IN: (Audience.PUBLIC, _NOBODY_IN_PARTICULAR),
    Action.SIGN_OUT: (Audience.PUBLIC, _NOBODY_IN_PARTICULAR),
    Action.OPEN_INVITATION: (Audience.PUBLIC, _NOBODY_IN_PARTICULAR),
    Action.OPEN_ACCEPT_LINK: (Audience.PUBLIC, _NOBODY_IN_PARTICULAR),
    Action.SEE_SIMULATION: (Audience.PUBLIC, _NOBODY_IN_PARTICULAR),
    Action.SEE_OWN_ACCOUNT: (Audience.STAFF, _STAFF_PAGES),
    Action.SEE_BOARD: (Audience.STAFF, _RESPONDERS),
    Action.SEE_ALARM: (Audience.STAFF, _RESPONDERS),
    Action.ACCEPT_ALARM: (Audience.STAFF, _RESPONDERS),
    Action.RESOLVE_ALARM: (Audience.STAFF, _RESPONDERS),
    Action.SEE_ROOM_DAY: (Audience.STAFF, _RESPONDERS),
    Action.SEE_SENIORS: (Audience.STAFF, _IN_THE_BUILDING),
    Action.RECORD_PRESENCE: (Audience.STAFF, _IN_THE_BUILDING),
    Action.SEE_QUARANTINE: (Audience.STAFF, _IN_THE_BUILDING),
    Action.SEE_RULES: (Audience.STAFF, _IN_THE_BUILDING),
    Action.SEE_DEVICES: (Audience.STAFF, _IN_THE_BUILDING),
    Action.WATCH_ROOM: (Audience.STAFF, _RESPONDERS),
    Action.SEE_FAMILY_HOME: (Audience.FAMILY, _FAMILY),
    Action.WATCH_SENIOR: (Audience.FAMILY, _FAMILY),
    Action.PLAY: (Audience.EITHER, frozenset(Role)),
}


def audience_of(action: Action) -> Audience:
    """Whose session a route with this action reads."""
    return _PERMITTED[action][0]


def may(subject: Subject | None, action: Action, what: Object, now: datetime) -> AccessVerdict:
    """Whether `subject` (None: nobody is signed in) may do `action` to `what` at `now`.

    An `Allowed` of this function is necessary for everything and sufficient for all but a family's live picture.
    """
    audience, roles = _PERMITTED[action]
    if audience is Audience.PUBLIC:
        return Allowed(until=None, because=Ground.PUBLIC)
    if subject is None or subject.signed_in_until <= now:
        return Refused(Refusal.SIGNED_OUT)
    if not subject.active:
        return Refused(Refusal.ACCOUNT_DISABLED)
    if subject.role not in roles or not _reads_kind(audience, subject.kind):
        return Refused(Refusal.NOT_YOUR_ROLE)
    return _may_to(subject, action, what, now)


def _reads_kind(audience: Audience, kind: SessionKind) -> bool:
    return audience is Audience.EITHER or audience.value == kind.value


def _may_to(subject: Subject, action: Action, what: Object, now: datetime) -> AccessVerdict:
    match what:
        case Anything():
            return _allow_subject(subject, because=Ground.ROLE)
        case OfCentre():
            return _within_centre(subject, what.centre_id)
        case RoomPicture():
            return _may_see_room(subject, action, what)
        case OfSenior():
            return _may_to_senior(subject, what, now)
        case OfAccount():
            own = subject.account_id == what.account_id
            return _allow_subject(subject, because=Ground.OWN) if own else Refused(Refusal.NOT_YOURS)
        case _:
            assert_never(what)


def _within_centre(subject: Subject, centre_id: CentreId) -> AccessVerdict:
    if subject.role is Role.FAMILY:
        return Refused(Refusal.NOT_YOUR_ROLE)
    return (
        _allow_subject(subject, because=Ground.ROLE)
        if subject.centre_id == centre_id
        else Refused(Refusal.NOT_YOUR_CENTRE)
    )


def _may_see_room(subject: Subject, action: Action, what: RoomPicture) -> AccessVerdict:
    within = _within_centre(subject, what.centre_id)
    if isinstance(within, Refused) or action is not Action.WATCH_ROOM:
        return within if isinstance(within, Refused) else Refused(Refusal.NOT_YOUR_ROLE)
    if what.accepted_here:
        return _allow_subject(subject, because=Ground.ACCEPTED_ALARM)
    return (
        _allow_subject(subject, because=Ground.STATED_REASON)
        if subject.role in _MAY_LOOK_WITH_A_REASON
        else Refused(Refusal.NO_ALARM)
    )


def _may_to_senior(subject: Subject, what: OfSenior, now: datetime) -> AccessVerdict:
    if subject.role is not Role.FAMILY:
        return _within_centre(subject, what.centre_id)
    relation = subject.relation_to(what.senior_id)
    if relation is None:
        return Refused(Refusal.NOT_YOUR_RELATIVE)
    if relation.is_blocked(now):
        return Refused(Refusal.RELATION_BLOCKED)
    if not relation.holds(now):
        return Refused(Refusal.RELATION_UNCONFIRMED)
    return _allow_subject(subject, because=Ground.RELATION, also=f"grant:{what.senior_id}")


def _allow_subject(subject: Subject, because: Ground, also: str | None = None) -> Allowed:
    depends_on = (f"account:{subject.account_id}", f"session:{subject.account_id}")
    return Allowed(subject.signed_in_until, because, depends_on if also is None else (*depends_on, also))
