"""May this person see this room now, clear or blurred, until when, because of what? The rules of live video alone.

The six rules stand in the order in which a refusal is told. A refusal says what kind of thing is missing and when it
may be possible again, in a code; it never says who objects. Where somebody objects, the picture is blurred, and refused
where it cannot be. What `access/may` answered comes in with the facts: without
its `Allowed` nothing here is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final, TypeAlias, assert_never
from zoneinfo import ZoneInfo

from hub.access import may
from hub.centre.model import NEVER_A_CAMERA
from hub.kit.ids import AccountId, AlarmId, RoomId, SeniorId
from hub.video.model import Picture

EVIDENCE_LASTS = timedelta(minutes=90)
LONGEST_REASON = 200

_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


class Code(StrEnum):
    """Why not. The pages have the words; `access/may` adds its own codes."""

    NO_CONSENT = "no-consent"
    VETO = "veto"
    NOT_PRESENT = "not-present"
    UNSURE = "unsure"
    SOMEONE_OBJECTS = "someone-objects"
    ROOM_NOT_ALLOWED = "room-not-allowed"
    CENTRE_CLOSED = "centre-closed"
    LAMP_SILENT = "lamp-silent"
    NO_CAMERA = "no-camera"
    REASON_MISSING = "reason-missing"


class Because(StrEnum):
    """Why a viewing was allowed, for the record that the senior and her family read."""

    CONSENT = "consent"
    STATED_REASON = may.Ground.STATED_REASON
    ACCEPTED_ALARM = may.Ground.ACCEPTED_ALARM


class Lamp(StrEnum):
    """The room's "being watched" lamp."""

    NONE = "none"  # this room has none
    ON = "on"  # it has reported that it shines
    DARK = "dark"  # it has reported off, or nothing


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to another; without an end it lasts until further notice."""

    from_at: datetime
    until_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.from_at <= now and (self.until_at is None or now < self.until_at)


@dataclass(frozen=True, slots=True)
class Hours:
    """When the centre is open, in its own time zone."""

    opens: time
    closes: time
    timezone: str


@dataclass(frozen=True, slots=True)
class Room:
    """What is true of the room, whoever looks.

    `objections` are the stays of others who do not want to be seen, and what they said "not now" to; those that ended
    are among them as long as a picture of before may still be kept. `can_blur`: there is a blurred picture of it, too.
    """

    id: RoomId
    type: str
    hours: Hours
    has_camera: bool = True
    can_blur: bool = False
    lamp: Lamp = Lamp.NONE
    objections: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Presence:
    """The room a senior is in, since when, and the last evidence of it."""

    room_id: RoomId
    from_at: datetime
    evidence_at: datetime


@dataclass(frozen=True, slots=True)
class Relative:
    """A family member and the senior whose room she wants to see."""

    access: may.AccessVerdict
    account_id: AccountId
    senior_id: SeniorId
    related_since: datetime | None
    consent: Span | None
    vetoes: tuple[Span, ...]
    presence: Presence | None


@dataclass(frozen=True, slots=True)
class Followed:
    """The senior of an alarm that names no room, who is in this one since `from_at`."""

    senior_id: SeniorId
    from_at: datetime


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of the staff or the organisation, with a reason, or with the P1 alarm of this room that she accepted.

    `followed`: it is the alarm of this room because its senior is in it.
    """

    access: may.AccessVerdict
    account_id: AccountId
    reason: str
    accepted_alarm: AlarmId | None = None
    accepted_at: datetime | None = None
    followed: Followed | None = None


RelativeOrColleague: TypeAlias = Relative | Colleague


@dataclass(frozen=True, slots=True)
class Grant:
    """It has held since `since` without a break, and ends at `until` by itself (None: when something changes).

    `depends_on` names what a change of ends it, as "kind:id" of `kit/changes`.
    """

    since: datetime
    until: datetime | None
    because: Because
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ViewingClear:
    """Yes: the picture as the camera sends it."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class ViewingBlurred:
    """Yes, but wholly blurred: somebody in the room objects to being seen. Never the picture as the camera sends it."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class ViewingRefused:
    """No, for this kind of reason; `next_at` is when it may be possible again, where that is known."""

    code: Code | may.Refusal
    next_at: datetime | None = None


Granted: TypeAlias = ViewingClear | ViewingBlurred
Verdict: TypeAlias = Granted | ViewingRefused


def picture_of(granted: Granted) -> Picture:
    """How much of the room may be seen."""
    match granted:
        case ViewingClear():
            return Picture.CLEAR
        case ViewingBlurred():
            return Picture.BLURRED
        case _:
            assert_never(granted)


def may_watch(viewer: RelativeOrColleague, room: Room, now: datetime) -> Verdict:
    """Decide. Taking anything away from the facts never shows more: refused stays refused, blurred is never clear."""
    if isinstance(viewer.access, may.Refused):
        return ViewingRefused(viewer.access.reason)
    if room.type in NEVER_A_CAMERA:
        return ViewingRefused(Code.ROOM_NOT_ALLOWED)
    if not room.has_camera:
        return ViewingRefused(Code.NO_CAMERA)
    if isinstance(viewer, Colleague):
        return _decide_colleague(viewer, viewer.access, room, now)
    return _decide_relative(viewer, viewer.access, room, now)


def open_hours(hours: Hours, now: datetime) -> Span | ViewingRefused:
    """The opening hours that hold at `now`; outside of them a refusal with the next opening."""
    local = now.astimezone(ZoneInfo(hours.timezone))
    opens, closes = (datetime.combine(local.date(), at, local.tzinfo) for at in (hours.opens, hours.closes))
    if opens <= local < closes:
        return Span(opens.astimezone(UTC), closes.astimezone(UTC))
    next_day = local.date() if local < opens else local.date() + timedelta(days=1)
    return ViewingRefused(Code.CENTRE_CLOSED, datetime.combine(next_day, hours.opens, local.tzinfo).astimezone(UTC))


def _decide_relative(viewer: Relative, access: may.Allowed, room: Room, now: datetime) -> Verdict:
    if viewer.related_since is None:
        return ViewingRefused(may.Refusal.RELATION_UNCONFIRMED)
    if viewer.consent is None or not viewer.consent.holds(now):
        return ViewingRefused(Code.NO_CONSENT)
    if veto := _first_active(viewer.vetoes, now):
        return ViewingRefused(Code.VETO, veto.until_at)
    hours = open_hours(room.hours, now)
    if isinstance(hours, ViewingRefused):
        return hours
    here = _check_presence(viewer.presence, room, now)
    if isinstance(here, ViewingRefused):
        return here
    own = Grant(
        since=_latest_of(
            (viewer.related_since, viewer.consent.from_at, hours.from_at, here.from_at), _past_ends(viewer.vetoes, now)
        ),
        until=_earliest_of(
            (access.until, viewer.consent.until_at, hours.until_at, here.until_at), _future_starts(viewer.vetoes, now)
        ),
        because=Because.CONSENT,
        depends_on=(*access.depends_on, f"presence:{viewer.senior_id}", f"senior:{viewer.senior_id}"),
    )
    return _decide_room(own, room, now)


def _decide_colleague(viewer: Colleague, access: may.Allowed, room: Room, now: datetime) -> Verdict:
    if viewer.accepted_alarm is not None and viewer.accepted_at is not None:
        if room.lamp is Lamp.DARK:
            return ViewingRefused(Code.LAMP_SILENT)
        since, depends_on = viewer.accepted_at, (*access.depends_on, f"alarm:{viewer.accepted_alarm}")
        if viewer.followed is not None:
            since = max(since, viewer.followed.from_at)
            depends_on = (*depends_on, f"presence:{viewer.followed.senior_id}")
        return ViewingClear(Grant(since, access.until, Because.ACCEPTED_ALARM, depends_on))
    if not 0 < len(viewer.reason.strip()) <= LONGEST_REASON:
        return ViewingRefused(Code.REASON_MISSING)
    own = Grant(_ALWAYS, access.until, Because.STATED_REASON, access.depends_on)
    return _decide_room(own, room, now)


def _decide_room(own: Grant, room: Room, now: datetime) -> Verdict:
    """What is left of a grant because of those in the room: where one of them objects, a blurred picture or none."""
    is_objected = _first_active(room.objections, now) is not None
    if is_objected and not room.can_blur:
        return ViewingRefused(Code.SOMEONE_OBJECTS)
    if room.lamp is Lamp.DARK:
        return ViewingRefused(Code.LAMP_SILENT)
    if is_objected:
        return ViewingBlurred(own)
    since = _latest_of((own.since,), _past_ends(room.objections, now))
    return ViewingClear(
        replace(own, since=since, until=_earliest_of((own.until,), _future_starts(room.objections, now)))
    )


def _check_presence(presence: Presence | None, room: Room, now: datetime) -> Span | ViewingRefused:
    """The time for which she is known to be in this room."""
    if presence is None or presence.room_id != room.id or now < presence.from_at:
        return ViewingRefused(Code.NOT_PRESENT)
    sure_until = presence.evidence_at + EVIDENCE_LASTS
    return Span(presence.from_at, sure_until) if now < sure_until else ViewingRefused(Code.UNSURE)


def _first_active(spans: Iterable[Span], now: datetime) -> Span | None:
    return next((span for span in spans if span.holds(now)), None)


def _past_ends(spans: Iterable[Span], now: datetime) -> list[datetime]:
    return [span.until_at for span in spans if span.until_at is not None and span.until_at <= now]


def _future_starts(spans: Iterable[Span], now: datetime) -> list[datetime]:
    return [span.from_at for span in spans if span.from_at > now]


def _latest_of(moments: Iterable[datetime], more: Iterable[datetime]) -> datetime:
    return max((*moments, *more), default=_ALWAYS)


def _earliest_of(moments: Iterable[datetime | None], more: Iterable[datetime]) -> datetime | None:
    return min((moment for moment in (*moments, *more) if moment is not None), default=None)
