"""Where is mother, how is she, and may she be seen? One family member's first screen, read under her own account."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.access.errors import NotAllowed
from hub.access.may import OfSenior, Refusal, Refused, may
from hub.access.needs import Caller
from hub.attendance.model import Stay, Whereabouts
from hub.attendance.service import locate_senior, stays_between
from hub.centre.shown import ShownCentre, read_shown_centre
from hub.kit.changes import Change
from hub.kit.db import Conn
from hub.kit.http import Databases
from hub.kit.ids import AccountId, CentreId, DeviceId, RoomId
from hub.people.model import Purpose
from hub.people.relative_store import relations_of
from hub.telemetry.service import latest_by_room
from hub.video.policy import Code
from hub.video.service import decide_picture, viewings_of_senior
from hub.video.store import WatchedRow
from hub.web import store
from hub.web.board import camera_state
from hub.web.cards import CameraState
from hub.web.home import DayMoment, FamilyMember, HerAlarm, HerSenior, Home, HomePicture, HomeViewing, NamedRoom, Where
from hub.web.live import PageEvent, Shown

_VIEWINGS_FOR = timedelta(days=7)
_CHANGES = frozenset({"alarm", "presence", "grant", "account", "viewing", "device", "senior", "notice", "lost"})


@dataclass(frozen=True, slots=True)
class FamilyHome:
    """The feed of one family member: her home, whole, whenever anything in it changes."""

    account_id: AccountId
    databases: Databases
    plain_http: bool
    fresh_seconds: float = 15.0
    is_urgent: bool = False

    @property
    def key(self) -> str:
        return f"family {self.account_id}"

    def concerns(self, change: Change) -> bool:
        return change.kind in _CHANGES

    async def read(self, caller: Caller, _shown: Shown, now: datetime) -> list[PageEvent] | None:
        try:
            home = await self.home(caller, now)
        except NotAllowed:
            return None
        return [PageEvent("home", home.senior.id, home.model_dump_json().encode())]

    def snapshot(self, said: Iterable[PageEvent], _now: datetime) -> tuple[str, bytes]:
        (home,) = said
        return home.event, home.data

    async def home(self, caller: Caller, now: datetime) -> Home:
        """Her first screen. Raises NotAllowed without a relation that staff confirmed and nobody blocked."""
        async with self.databases.web.transaction_as(caller.account_id) as conn:
            tie = await store.confirmed_relation_of(conn, caller.account_id)
            if tie is None:
                raise NotAllowed(await _why_no_relation(conn, caller, now))
            seen = await _load_seen(conn, tie, now)
        async with self.databases.hub.transaction() as conn:
            picture = await _decide_picture(conn, caller, seen, now)
        return _build_home(seen, picture, plain_http=self.plain_http)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the database gave for one home."""

    tie: store.RelativeRow
    centre: ShownCentre
    covers: frozenset[str]
    rooms: Mapping[RoomId, store.NamedRoomRow]
    whereabouts: Whereabouts
    visits: Sequence[store.VisitRow]
    stays: Sequence[Stay]
    viewings: Sequence[WatchedRow]
    alarms: Sequence[store.HerAlarmRow]


async def _load_seen(conn: Conn, tie: store.RelativeRow, now: datetime) -> _Seen:
    centre = await read_shown_centre(conn, tie.centre_id)
    midnight = day_begins(now, centre.timezone)
    covers = await store.granted_scopes(conn, tie.account_id, tie.senior_id, now)
    return _Seen(
        tie=tie,
        centre=centre,
        covers=covers,
        rooms=await store.room_names(conn, tie.centre_id),
        whereabouts=await locate_senior(conn, tie.senior_id, now),
        visits=await store.visits_since(conn, tie.senior_id, midnight),
        stays=await stays_between(conn, tie.senior_id, midnight, now + timedelta(seconds=1)),
        viewings=await viewings_of_senior(conn, tie.senior_id, now - _VIEWINGS_FOR),
        alarms=await store.alarms_since(conn, tie.senior_id, midnight) if Purpose.ALARMS in covers else (),
    )


async def _decide_picture(conn: Conn, caller: Caller, seen: _Seen, now: datetime) -> HomePicture:
    """The policy's answer for the room she is in; without consent that is the reason, wherever she is."""
    found = await decide_picture(conn, caller.subject, caller.session_id, seen.tie.senior_id, now)
    code = Code.NO_CONSENT if not found.allowed and Purpose.LIVE_VIDEO not in seen.covers else found.code
    camera = await _load_camera_state(conn, seen.tie.centre_id, found.camera_id, now) if found.allowed else None
    return HomePicture(
        camera_id=found.camera_id, camera=camera, allowed=found.allowed, code=code, next_at=found.next_at
    )


async def _load_camera_state(
    conn: Conn, centre_id: CentreId, camera_id: DeviceId | None, now: datetime
) -> CameraState | None:
    """What the board says of this camera."""
    found = next((one for one in await store.cameras_of(conn, centre_id, now) if one.id == camera_id), None)
    if found is None:
        return None
    readings = await latest_by_room(conn, centre_id, ("black", "frozen"), now)
    return camera_state(found, readings.get(found.room_id, {}))


async def _why_no_relation(conn: Conn, caller: Caller, now: datetime) -> str:
    subject = replace(caller.subject, relations=await relations_of(conn, caller.account_id))
    for relation in subject.relations:
        answer = may(subject, caller.action, OfSenior(caller.centre_id, relation.senior_id), now)
        if isinstance(answer, Refused):
            return answer.reason
    return Refusal.NOT_YOUR_RELATIVE


def _build_home(seen: _Seen, picture: HomePicture, *, plain_http: bool) -> Home:
    tie = seen.tie
    may_know_where = Purpose.WHEREABOUTS in seen.covers
    return Home(
        me=FamilyMember.model_validate(
            {
                "id": tie.account_id,
                "name": tie.name,
                "name_en": tie.name_en,
                "language": tie.language,
                "kinship": tie.kinship,
            }
        ),
        senior=HerSenior(id=tie.senior_id, address_as=tie.address_as, address_as_en=tie.address_as_en),
        at_centre=seen.whereabouts.present if may_know_where else None,
        presence=_build_presence(seen) if may_know_where else None,
        picture=picture,
        today=_build_today(seen) if may_know_where else [],
        viewings=[
            HomeViewing(
                is_you=viewing.account_id == tie.account_id,
                who=viewing.who,
                who_en=viewing.who_en,
                room=_named_room(seen, viewing.room_id) if may_know_where else None,
                from_at=viewing.from_at,
                to_at=viewing.to_at,
                because=viewing.because,
            )
            for viewing in seen.viewings
        ],
        alarms=[HerAlarm.model_validate(asdict(alarm)) for alarm in seen.alarms],
        centre=seen.centre,
        plain_http=plain_http,
    )


def _build_presence(seen: _Seen) -> Where | None:
    found = seen.whereabouts
    if not found.present or found.room_id is None or found.since is None or found.evidence is None:
        return None
    return Where(
        room=_named_room(seen, found.room_id), since=found.since, evidence=found.evidence.value, sure=found.sure
    )


def _build_today(seen: _Seen) -> list[DayMoment]:
    """Her day so far, in order. She arrives before she enters a room."""
    order = ("arrived", "entered", "left")
    moments = [
        *(DayMoment(at=visit.arrived_at, what="arrived", room=None) for visit in seen.visits),
        *(DayMoment(at=stay.from_at, what="entered", room=_named_room(seen, stay.room_id)) for stay in seen.stays),
        *(DayMoment(at=visit.left_at, what="left", room=None) for visit in seen.visits if visit.left_at is not None),
    ]
    return sorted(moments, key=lambda moment: (moment.at, order.index(moment.what)))


def _named_room(seen: _Seen, room_id: RoomId) -> NamedRoom:
    room = seen.rooms[room_id]
    return NamedRoom(id=room.id, name=room.name, name_en=room.name_en)


def day_begins(now: datetime, timezone: str) -> datetime:
    """The first moment of the day that it is at `now` in that time zone."""
    local = now.astimezone(ZoneInfo(timezone))
    return datetime.combine(local.date(), time.min, local.tzinfo)
