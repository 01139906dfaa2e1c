"""Where is mother, how is she, and may she be seen? One family member's first screen, read under her own account."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.access.errors import NotAllowed
from hub.access.may import OfSenior, Refusal, Refused, may
from hub.access.needs import Caller
from hub.attendance.model import Stay, Whereabouts
from hub.attendance.service import stays_between, where
from hub.centre.shown import ShownCentre, shown_centre
from hub.kit.changes import Change
from hub.kit.db import Conn
from hub.kit.http import Databases
from hub.kit.ids import AccountId, CentreId, DeviceId, RoomId
from hub.people.model import Purpose
from hub.people.relative_store import relations_of
from hub.telemetry.service import latest
from hub.video.policy import Code
from hub.video.service import verdict, watched
from hub.video.store import Watched as WatchedRow
from hub.web import store
from hub.web.board import camera_state
from hub.web.cards import CameraState
from hub.web.home import FamilyMember, HerAlarm, HerSenior, Home, Moment, NamedRoom, Picture, Watched, Where
from hub.web.live import Said, Shown

_VIEWINGS_FOR = timedelta(days=7)
_CHANGES = frozenset({"alarm", "presence", "grant", "account", "viewing", "device", "senior", "notice", "lost"})


@dataclass(frozen=True, slots=True)
class FamilyHome:
    """The feed of one family member: her home, whole, whenever anything in it changes."""

    account_id: AccountId
    databases: Databases
    demo: bool
    plain_http: bool
    fresh_seconds: float = 15.0
    is_urgent: bool = False

    @property
    def key(self) -> str:
        return f"family {self.account_id}"

    def concerns(self, change: Change) -> bool:
        return change.kind in _CHANGES

    async def read(self, caller: Caller, _shown: Shown, now: datetime) -> list[Said] | None:
        try:
            home = await self.home(caller, now)
        except NotAllowed:
            return None
        return [Said("home", home.senior.id, home.model_dump_json().encode())]

    def snapshot(self, said: Iterable[Said], _now: datetime) -> tuple[str, bytes]:
        (home,) = said
        return home.event, home.data

    async def home(self, caller: Caller, now: datetime) -> Home:
        """Her first screen. Raises NotAllowed without a relation that staff confirmed and nobody blocked."""
        async with self.databases.web.transaction_as(caller.account_id) as conn:
            tie = await store.relative(conn, caller.account_id)
            if tie is None:
                raise NotAllowed(await _why_no_relation(conn, caller, now))
            seen = await _see(conn, tie, now)
        async with self.databases.hub.transaction() as conn:
            picture = await _picture(conn, caller, seen, now)
        return _home(seen, picture, demo=self.demo, plain_http=self.plain_http)


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


async def _see(conn: Conn, tie: store.RelativeRow, now: datetime) -> _Seen:
    centre = await shown_centre(conn, tie.centre_id)
    midnight = day_begins(now, centre.timezone)
    covers = await store.covered(conn, tie.account_id, tie.senior_id, now)
    return _Seen(
        tie=tie,
        centre=centre,
        covers=covers,
        rooms=await store.room_names(conn, tie.centre_id),
        whereabouts=await where(conn, tie.senior_id, now),
        visits=await store.visits_since(conn, tie.senior_id, midnight),
        stays=await stays_between(conn, tie.senior_id, midnight, now + timedelta(seconds=1)),
        viewings=await watched(conn, tie.senior_id, now - _VIEWINGS_FOR),
        alarms=await store.her_alarms(conn, tie.senior_id, midnight) if Purpose.ALARMS in covers else (),
    )


async def _picture(conn: Conn, caller: Caller, seen: _Seen, now: datetime) -> Picture:
    """The policy's answer for the room she is in; without consent that is the reason, wherever she is."""
    found = await verdict(conn, caller.subject, caller.session_id, seen.tie.senior_id, now)
    code = Code.NO_CONSENT if not found.allowed and Purpose.LIVE_VIDEO not in seen.covers else found.code
    camera = await _camera(conn, seen.tie.centre_id, found.camera_id, now) if found.allowed else None
    return Picture(camera_id=found.camera_id, camera=camera, allowed=found.allowed, code=code, next_at=found.next_at)


async def _camera(conn: Conn, centre_id: CentreId, camera_id: DeviceId | None, now: datetime) -> CameraState | None:
    """What the board says of this camera."""
    found = next((one for one in await store.cameras_of(conn, centre_id, now) if one.id == camera_id), None)
    if found is None:
        return None
    readings = await latest(conn, centre_id, ("black", "frozen"), now)
    return camera_state(found, readings.get(found.room_id, {}))


async def _why_no_relation(conn: Conn, caller: Caller, now: datetime) -> str:
    subject = replace(caller.subject, relations=await relations_of(conn, caller.account_id))
    for relation in subject.relations:
        answer = may(subject, caller.action, OfSenior(caller.centre_id, relation.senior_id), now)
        if isinstance(answer, Refused):
            return answer.reason
    return Refusal.NOT_YOUR_RELATIVE


def _home(seen: _Seen, picture: Picture, *, demo: bool, plain_http: bool) -> Home:
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
        presence=_presence(seen) if may_know_where else None,
        picture=picture,
        today=_today(seen) if may_know_where else [],
        viewings=[
            Watched(
                is_you=viewing.account_id == tie.account_id,
                who=viewing.who,
                who_en=viewing.who_en,
                room=_room(seen, viewing.room_id) if may_know_where else None,
                from_at=viewing.from_at,
                to_at=viewing.to_at,
                because=viewing.because,
            )
            for viewing in seen.viewings
        ],
        alarms=[HerAlarm.model_validate(asdict(alarm)) for alarm in seen.alarms],
        centre=seen.centre,
        demo=demo,
        plain_http=plain_http,
    )


def _presence(seen: _Seen) -> Where | None:
    found = seen.whereabouts
    if not found.present or found.room_id is None or found.since is None or found.evidence is None:
        return None
    return Where(room=_room(seen, found.room_id), since=found.since, evidence=found.evidence.value, sure=found.sure)


def _today(seen: _Seen) -> list[Moment]:
    """Her day so far, in order. She arrives before she enters a room."""
    order = ("arrived", "entered", "left")
    moments = [
        *(Moment(at=visit.arrived_at, what="arrived", room=None) for visit in seen.visits),
        *(Moment(at=stay.from_at, what="entered", room=_room(seen, stay.room_id)) for stay in seen.stays),
        *(Moment(at=visit.left_at, what="left", room=None) for visit in seen.visits if visit.left_at is not None),
    ]
    return sorted(moments, key=lambda moment: (moment.at, order.index(moment.what)))


def _room(seen: _Seen, room_id: RoomId) -> NamedRoom:
    room = seen.rooms[room_id]
    return NamedRoom(id=room.id, name=room.name, name_en=room.name_en)


def day_begins(now: datetime, timezone: str) -> datetime:
    """The first moment of the day that it is at `now` in that time zone."""
    local = now.astimezone(ZoneInfo(timezone))
    return datetime.combine(local.date(), time.min, local.tzinfo)
