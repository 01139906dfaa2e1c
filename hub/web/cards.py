"""What the live pages are told about rooms and notices: the shapes, as JSON carries them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from hub.alarms.card import AlarmCard
from hub.kit.ids import AlarmId, CentreId, DeviceId, NoticeId, RoomId, SeniorId


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


class RoomCamera(BaseModel):
    """The room's camera and whether its picture is one."""

    id: DeviceId
    state: Literal["ok", "dark", "frozen", "silent"]


class RoomCard(BaseModel):
    """One room on the board."""

    id: RoomId
    name: str
    name_en: str
    type: str
    plan: Cell
    present: list[PresentSenior]
    camera: RoomCamera | None
    temperature_celsius: float | None
    occupancy: int | None
    alarm_ids: list[AlarmId]
    being_watched: int


class NoticeCard(BaseModel):
    """A technical or low-priority matter. `subject` is like "device:b-01" or "room:gym"; the name is that thing's."""

    id: NoticeId
    centre_id: CentreId
    code: str
    priority: Literal["P3", "P4"]
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
    """Sent every five seconds: a page that hears none is not live and says so."""

    at: datetime
