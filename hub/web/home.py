"""What a family member's page shows: the shape, as JSON carries it. `web/family` fills it."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from hub.access.may import Refusal
from hub.alarms.model import AlarmState, Outcome
from hub.attendance.model import Evidence
from hub.centre.shown import ShownCentre
from hub.kit.ids import AccountId, AlarmId, DeviceId, RoomId, SeniorId
from hub.kit.language import Language
from hub.people.model import Kinship
from hub.video.policy import Because, Code
from hub.web.cards import CameraState


class NamedRoom(BaseModel):
    """A room as a family reads it."""

    id: RoomId
    name: str
    name_en: str


class FamilyMember(BaseModel):
    """Who is looking, and what she is to the senior."""

    id: AccountId
    name: str
    name_en: str
    language: Language
    kinship: Kinship


class HerSenior(BaseModel):
    """Whom the page is about."""

    id: SeniorId
    address_as: str
    address_as_en: str


class Where(BaseModel):
    """The room she is in, since when, and what tells; `sure` is false when the last evidence is too old."""

    room: NamedRoom
    since: datetime
    evidence: Evidence
    sure: bool


class HomePicture(BaseModel):
    """Whether she may be watched now; else `code` says why in kind, and `next_at` when it may be possible again.

    `camera`: whether what that camera sends is a picture; None where she may not be watched.
    """

    camera_id: DeviceId | None
    camera: CameraState | None
    allowed: bool
    code: Code | Refusal | None
    next_at: datetime | None


class DayStep(StrEnum):
    """What a senior did, as her family reads it."""

    ARRIVED = "arrived"
    ENTERED = "entered"
    LEFT = "left"


class DayMoment(BaseModel):
    """One line of her day."""

    at: datetime
    what: DayStep
    room: NamedRoom | None


class HomeViewing(BaseModel):
    """Somebody who looked at a room while she was in it, and why that was allowed. `to_at` None: still looking."""

    is_you: bool
    who: str
    who_en: str
    room: NamedRoom | None
    from_at: datetime
    to_at: datetime | None
    because: Because


class HerAlarm(BaseModel):
    """An alarm of hers that is live, or ended today; `outcome` is how it ended, None while it lives."""

    id: AlarmId
    number: str
    state: AlarmState
    opened_at: datetime
    owner_name: str | None
    owner_name_en: str | None
    outcome: Outcome | None


class Home(BaseModel):
    """The whole first screen. What the senior's consent does not cover is None or empty.

    `at_centre`: whether she is in the building, also where no room is known.
    """

    me: FamilyMember
    senior: HerSenior
    at_centre: bool | None
    presence: Where | None
    picture: HomePicture
    today: list[DayMoment]
    viewings: list[HomeViewing]
    alarms: list[HerAlarm]
    centre: ShownCentre
    plain_http: bool
