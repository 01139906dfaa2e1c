"""What the live pages are told about rooms and notices: the shapes, as JSON carries them."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from hub.alarms.card import AlarmCard
from hub.centre.model import RoomType
from hub.kit.ids import AlarmId, CentreId, DeviceId, NoticeId, RoomId, SeniorId
from hub.notices.model import NoticeCode, NoticePriority


class Cell(BaseModel):
    """Where a room is on the floor plan, counted from the upper left corner."""

    column: int
    row: int
    width: int
    height: int


class PresentSenior(BaseModel):
    """Somebody who is in the room now."""

    senior_id: SeniorId
    address_as: str
    address_as_en: str
    since: datetime


class CameraState(StrEnum):
    """Whether what a camera sends is a picture."""

    OK = "ok"
    DARK = "dark"
    FROZEN = "frozen"
    SILENT = "silent"


class RoomCamera(BaseModel):
    """The room's camera and whether its picture is one."""

    id: DeviceId
    state: CameraState


class RoomCard(BaseModel):
    """One room on the board."""

    id: RoomId
    name: str
    name_en: str
    type: RoomType
    plan: Cell
    present: list[PresentSenior]
    camera: RoomCamera | None
    temperature_celsius: float | None
    occupancy: int | None
    alarm_ids: list[AlarmId]
    being_watched: int


class NoticeCard(BaseModel):
    """A technical or low-priority matter. `subject` is like "device:b-01" or "room:gym"; the name is that thing's.

    `code` is one of ours, or the id of a rule of the centre, which brings its own words in `params`.
    """

    id: NoticeId
    centre_id: CentreId
    code: NoticeCode | str
    priority: NoticePriority
    subject: str
    subject_name: str
    subject_name_en: str
    params: dict[str, str | int | float | None]
    raised_at: datetime
    last_at: datetime
    times: int
    cleared_at: datetime | None


class Snapshot(BaseModel):
    """Everything the board shows, for a page that has just been opened. `channels_set_up` false: at night nobody is
    woken, because no phone channel works yet.
    """

    at: datetime
    alarms: list[AlarmCard]
    rooms: list[RoomCard]
    notices: list[NoticeCard]
    channels_set_up: bool


class Beat(BaseModel):
    """Sent at once and every five seconds: a page that hears none is not live and says so."""

    at: datetime
