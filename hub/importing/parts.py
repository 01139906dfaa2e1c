"""What stands in a centre's file, part by part: the codes are the owners' own, a rule of one part stands with it."""

from datetime import date, time
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from hub.access.model import Role
from hub.alarms.policies import CALLED_ROLES, MOST_TIERS, WaitSeconds
from hub.centre.model import RoomType
from hub.fleet.model import Assigned, DeviceKind, SourceKind, SourceRecord
from hub.importing.values import (
    check_camera_address,
    check_identifier,
    check_name,
    check_phone,
    check_timezone,
    one_of,
    read_day,
    read_wall_time,
    refuse_address_alone,
    text_matching,
)
from hub.kit.ids import RoomId, SeniorId
from hub.kit.language import Language
from hub.kit.lines import LONGEST_NAME
from hub.notifications.addresses import describe_address, is_address_of
from hub.notifications.model import ChannelName
from hub.people.model import Category, Kinship, Purpose
from hub.roster.model import Duty

SCHEMA: Final = "anling.centre/1"

FileId: TypeAlias = Annotated[str, AfterValidator(check_identifier)]
Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME), AfterValidator(check_name)]
Text: TypeAlias = Annotated[str, StringConstraints(max_length=2000)]
WallTime: TypeAlias = Annotated[time, BeforeValidator(read_wall_time)]
SourceAddress: TypeAlias = Annotated[str, AfterValidator(check_camera_address)]
CalledRole: TypeAlias = Annotated[Role, one_of(CALLED_ROLES)]
"""A role that a tier may call."""


class _FilePart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OrganisationPart(_FilePart):
    """The contracted social-work organisation."""

    id: FileId
    name: Name
    name_en: Name


class CentrePart(_FilePart):
    """The building and its hours."""

    id: FileId
    name: Name
    name_en: Name
    address: Text
    timezone: Annotated[str, AfterValidator(check_timezone)]
    opens: WallTime
    closes: WallTime
    phone: Annotated[str, AfterValidator(check_phone)] = ""


class RoomPart(_FilePart):
    """One room and its cell of the floor plan, counted from the upper left corner."""

    id: FileId
    name: Name
    name_en: Name
    type: RoomType
    plan_column: Annotated[int, Field(ge=0, le=99)]
    plan_row: Annotated[int, Field(ge=0, le=99)]
    plan_width: Annotated[int, Field(ge=1, le=99)] = 1
    plan_height: Annotated[int, Field(ge=1, le=99)] = 1


class SeniorPart(_FilePart):
    """One older person the centre serves."""

    id: FileId
    name: Name
    address_as: Name
    address_as_en: Name
    born_on: Annotated[date | None, BeforeValidator(read_day)] = None
    categories: tuple[Category, ...] = ()
    home_address: Text = ""
    access_notes: Text = ""
    risks: Text = ""
    hearing: Text = ""
    language: Annotated[str, text_matching(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", "a language such as zh-CN")] = "zh-CN"
    card_token: Annotated[str, text_matching(r"[0-9A-Za-z-]{4,64}", "4 to 64 letters, digits and hyphens")] | None = (
        None
    )
    objects_to_being_seen: bool = False


class SourcesPart(_FilePart):
    """Where a camera's pictures are: `main` is what viewers are shown, `sub` the same in small."""

    main: SourceAddress
    sub: SourceAddress | None = None


class DevicePart(_FilePart):
    """A thing with an id; `senior` or `room` says whose it is. `rtsp_url` is the older way to write a `main` source."""

    id: FileId
    kind: DeviceKind
    name: Name
    name_en: Name
    senior: FileId | None = None
    room: FileId | None = None
    sources: Annotated[SourcesPart | None, BeforeValidator(refuse_address_alone)] = None
    rtsp_url: SourceAddress | None = None
    heartbeat_seconds: Annotated[int, Field(ge=10, le=86400)] = 300

    @property
    def assigned(self) -> Assigned:
        """Whose it is."""
        senior_id = None if self.senior is None else SeniorId(self.senior)
        return Assigned(senior_id, None if self.room is None else RoomId(self.room))

    @property
    def camera_sources(self) -> tuple[SourceRecord, ...]:
        """Where its pictures are, in the newer shape and in the older."""
        main = self.rtsp_url if self.sources is None else self.sources.main
        sub = None if self.sources is None else self.sources.sub
        given = ((SourceKind.MAIN, main), (SourceKind.SUB, sub))
        return tuple(SourceRecord(kind, address) for kind, address in given if address is not None)


class ContactPart(_FilePart):
    """One way to reach an account."""

    channel: ChannelName
    address: Annotated[str, StringConstraints(min_length=3, max_length=300)]

    @field_validator("address")
    @classmethod
    def _of_its_channel(cls, value: str, info: ValidationInfo) -> str:
        channel = info.data.get("channel")  # None when that was wrong itself
        # `{phones}` is filled, or missed, elsewhere.
        if channel is not None and not value.startswith("{phones}") and not is_address_of(channel, value):
            raise ValueError(f"should be {describe_address(channel)}")
        return value


class AccountPart(_FilePart):
    """One person with a role. A password is never in a file: whoever is new gets a link."""

    id: FileId
    role: Role
    name: Name
    name_en: Name
    phone: Annotated[str, AfterValidator(check_phone)] = ""
    email: Text = ""
    language: Language = Language.CHINESE
    organisation: bool = False
    contacts: tuple[ContactPart, ...] = ()


class RelationPart(_FilePart):
    """Who is whose relative; `confirmed_by` null: nobody has confirmed it yet."""

    account: FileId
    senior: FileId
    kinship: Kinship
    confirmed_by: FileId | None
    blocked: bool = False


class ConsentPart(_FilePart):
    """What a senior agreed to, for whom, and how it was recorded; `until` is its last day."""

    senior: FileId
    account: FileId
    covers: Annotated[tuple[Purpose, ...], Field(min_length=1)]
    explained_by: FileId
    language: Annotated[str, StringConstraints(min_length=2, max_length=20)]
    witness: Name
    text_version: Annotated[str, text_matching(r"[0-9A-Za-z.-]{1,20}", "1 to 20 letters, digits, dots and hyphens")]
    until: Annotated[date | None, BeforeValidator(read_day)] = None


class ShiftPart(_FilePart):
    """A duty on every day; `to` at or before `from` means the next day."""

    account: FileId
    duty: Duty
    from_: WallTime = Field(alias="from")
    to: WallTime


class TierPart(_FilePart):
    """One tier: notify everybody it names at once, switch on what it names, wait, then take the next."""

    wait_seconds: WaitSeconds
    duties: tuple[Duty, ...] = ()
    roles: tuple[CalledRole, ...] = ()
    devices: tuple[FileId, ...] = ()


Tiers: TypeAlias = Annotated[tuple[TierPart, ...], Field(min_length=1, max_length=MOST_TIERS)]


class EscalationPart(_FilePart):
    """How an alarm escalates while the centre is open, and while it is not."""

    opening_hours: Tiers
    out_of_hours: Tiers


class CentreFile(_FilePart):
    """One centre and everything in it."""

    schema_: Literal["anling.centre/1"] = Field(alias="schema")
    organisation: OrganisationPart
    centre: CentrePart
    rooms: Annotated[tuple[RoomPart, ...], Field(min_length=1)]
    seniors: tuple[SeniorPart, ...] = ()
    devices: tuple[DevicePart, ...] = ()
    accounts: tuple[AccountPart, ...] = ()
    relations: tuple[RelationPart, ...] = ()
    consents: tuple[ConsentPart, ...] = ()
    shifts: tuple[ShiftPart, ...] = ()
    escalation: EscalationPart | None = None
