"""What the staff's board shows: alarms, rooms, notices of one centre, read under the account of one who looks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from hub.access.model import Role
from hub.access.needs import Caller
from hub.alarms.card import AlarmCard, read_card, read_unclosed_cards
from hub.alarms.model import AlarmState
from hub.kit.bulkhead import Defect, call_in_bulkhead
from hub.kit.changes import Change
from hub.kit.db import Conn
from hub.kit.http import Databases
from hub.kit.ids import AlarmId, CentreId, RoomId
from hub.notices.model import NoticeCode
from hub.telemetry.model import Latest
from hub.telemetry.service import latest_by_room
from hub.video.service import count_viewers_by_room
from hub.web import store
from hub.web.cards import CameraState, Cell, NoticeCard, PresentSenior, RoomCamera, RoomCard
from hub.web.live import PageEvent, Shown

_CHANGES = frozenset(
    {"alarm", "presence", "notice", "device", "viewing", "senior", "account", "contact_method", "lost"}
)
_READINGS = ("temperature", "occupancy", "black", "frozen")
_LIVE = frozenset(state for state in AlarmState if state.is_live)


@dataclass(frozen=True, slots=True)
class Board:
    """The feed of one centre's board. Row-level security shows the same to everybody with this role."""

    centre_id: CentreId
    role: Role
    databases: Databases
    fresh_seconds: float = 5.0
    is_urgent: bool = True

    @property
    def key(self) -> str:
        return f"board {self.centre_id} {self.role}"

    def concerns(self, change: Change) -> bool:
        return change.kind in _CHANGES

    async def read(self, caller: Caller, shown: Shown, now: datetime) -> list[PageEvent] | None:
        async with self.databases.web.transaction_as(caller.account_id) as conn:
            if not await store.can_see_seniors(conn, self.centre_id):
                return None
            alarms = await _load_alarm_cards(conn, self.centre_id, _shown_ids("alarm", shown))
            notices = await store.notices_of(conn, self.centre_id, _shown_ids("notice", shown))
            rooms = await store.rooms_of(conn, self.centre_id)
            present = await store.present_in(conn, self.centre_id)
            cameras = await store.cameras_of(conn, self.centre_id, now)
            watched = await count_viewers_by_room(conn, self.centre_id)
        async with self.databases.hub.transaction() as conn:
            channels = await store.has_channels(conn, self.centre_id)
            readings = await latest_by_room(conn, self.centre_id, _READINGS, now)
        facts = BoardFacts(rooms, present, cameras, alarms, watched, readings)
        return [
            *(_build_event("alarm", one, gone=one.state is AlarmState.CLOSED) for one in alarms),
            *(_build_event("room", one) for one in room_cards(facts)),
            *(_build_event("notice", _notice_card(one), gone=one.cleared_at is not None) for one in notices),
            PageEvent("channels", "channels", b"true" if channels else b"false"),
        ]

    def snapshot(self, said: Iterable[PageEvent], now: datetime) -> tuple[str, bytes]:
        parts: dict[str, list[bytes]] = {"alarm": [], "room": [], "notice": [], "channels": []}
        for one in said:
            parts[one.event].append(one.data)
        at = now.isoformat().replace("+00:00", "Z").encode()
        data = b'{"at":"%b","alarms":[%b],"rooms":[%b],"notices":[%b],"channels_set_up":%b}' % (
            at,
            b",".join(parts["alarm"]),
            b",".join(parts["room"]),
            b",".join(parts["notice"]),
            parts["channels"][0],
        )
        return "snapshot", data


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """What is known of the rooms of a centre."""

    rooms: Sequence[store.FloorPlanRow]
    present: Sequence[store.PresentRow]
    cameras: Sequence[store.CameraRow]
    alarms: Sequence[AlarmCard]
    watched: Mapping[RoomId, int]
    readings: Mapping[RoomId, Mapping[str, Latest]]


def room_cards(facts: BoardFacts) -> list[RoomCard]:
    """Each room as the board shows it."""
    return [_room_card(room, facts) for room in facts.rooms]


def camera_state(camera: store.CameraRow, readings: Mapping[str, Latest]) -> CameraState:
    """What is wrong with a camera, the worst first: silent, dark, frozen; ok when nothing is."""
    if camera.is_offline or NoticeCode.CAMERA_SILENT in camera.noticed:
        return CameraState.SILENT
    if NoticeCode.CAMERA_DARK in camera.noticed or _is_reported_true(readings, "black"):
        return CameraState.DARK
    return CameraState.FROZEN if _is_reported_true(readings, "frozen") else CameraState.OK


def _is_reported_true(readings: Mapping[str, Latest], name: str) -> bool:
    return name in readings and readings[name].value == 1.0


def _room_card(room: store.FloorPlanRow, facts: BoardFacts) -> RoomCard:
    camera = next((one for one in facts.cameras if one.room_id == room.id), None)
    reading = facts.readings.get(room.id, {})
    return RoomCard(
        id=room.id,
        name=room.name,
        name_en=room.name_en,
        type=room.type,
        plan=Cell(column=room.plan_column, row=room.plan_row, width=room.plan_width, height=room.plan_height),
        present=[
            PresentSenior(
                senior_id=one.senior_id, address_as=one.address_as, address_as_en=one.address_as_en, since=one.since
            )
            for one in facts.present
            if one.room_id == room.id
        ],
        camera=RoomCamera(id=camera.id, state=camera_state(camera, reading)) if camera else None,
        temperature_celsius=round(reading["temperature"].value, 1) if "temperature" in reading else None,
        occupancy=round(reading["occupancy"].value) if "occupancy" in reading else None,
        alarm_ids=[one.id for one in facts.alarms if one.room and one.room.id == room.id and one.state in _LIVE],
        being_watched=facts.watched.get(room.id, 0),
    )


def _notice_card(row: store.NoticeRow) -> NoticeCard:
    """A notice as the board shows it; without its words where those cannot be read."""
    card = call_in_bulkhead(f"notice {row.id}", lambda: NoticeCard.model_validate(asdict(row)))
    return NoticeCard.model_validate({**asdict(row), "params": {}}) if isinstance(card, Defect) else card


def _shown_ids(event: str, shown: Shown) -> list[str]:
    return [thing_id for name, thing_id in shown if name == event]


async def _load_alarm_cards(conn: Conn, centre_id: CentreId, shown: Sequence[str]) -> list[AlarmCard]:
    """The alarms that are not closed, and the last word on those that were shown and are."""
    standing = await read_unclosed_cards(conn, centre_id)
    gone = sorted(set(shown) - {alarm.id for alarm in standing})
    closed = [await read_card(conn, AlarmId(alarm_id)) for alarm_id in gone]
    return [*standing, *(one for one in closed if one is not None)]


def _build_event(event: str, shown: AlarmCard | RoomCard | NoticeCard, *, gone: bool = False) -> PageEvent:
    return PageEvent(event, shown.id, shown.model_dump_json().encode(), gone)
