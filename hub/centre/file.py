"""Is this a centre's file, and if not: in which line, at which column, and what should stand there instead?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails

SCHEMA = "anling.centre/1"

NEVER_A_CAMERA = frozenset({"toilet", "bath", "changing", "treatment", "massage", "counselling", "staff_rest"})
"""Types of room in which people undress, are treated or speak in confidence."""

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that cannot be imported; line and column count from 1."""

    line: int
    column: int
    where: str
    wrong: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"line {self.line}, column {self.column}: {place}{self.wrong}"


class BadCentreFile(Exception):
    """Nothing was imported; every mistake that could be found."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in sorted(mistakes)))
        self.mistakes = sorted(mistakes)


def _wall_time(value: object) -> object:
    if isinstance(value, str) and len(value) == len("08:00") and value[2] == ":":
        if value == "24:00":
            return time.max
        hour, minute = value[:2], value[3:]
        if hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60:
            return time(int(hour), int(minute))
    raise ValueError('should be a time of day in quotes, such as "08:00"')


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("should be the name of a time zone, such as Asia/Shanghai") from None
    return value


def _id(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", value):
        raise ValueError(f"{value!r} is no id: 1 to 32 of a-z, 0-9 and -")
    return value


def _phone(value: str) -> str:
    if not re.fullmatch(r"(\+?[0-9]{4,15})?", value):
        raise ValueError(f'{value!r} should be 4 to 15 digits in quotes, such as "13893100000"')
    return value


def _camera_address(value: str) -> str:
    """What reads cameras would read files and web pages, too. `{rtsp}` is filled, or missed, elsewhere."""
    if not value.startswith(("rtsp://", "rtsps://", "{rtsp}")):
        raise ValueError("should begin with rtsp:// or rtsps://")
    return value


def _is_web_address(value: str) -> bool:
    """`{phones}` is filled, or missed, elsewhere."""
    if value.startswith("{phones}"):
        return True
    try:
        parts = urlsplit(value)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and has_place and not re.search(r"\s", value)


Id: TypeAlias = Annotated[str, AfterValidator(_id)]
Name: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Text: TypeAlias = Annotated[str, StringConstraints(max_length=2000)]
WallTime: TypeAlias = Annotated[time, BeforeValidator(_wall_time)]
Language: TypeAlias = Literal["zh-CN", "en"]
RoomType: TypeAlias = Literal[
    "dining", "rehabilitation", "gym", "reading", "chess", "computer", "barber", "massage", "music", "laundry",
    "counselling", "duty", "corridor", "toilet", "bath", "changing", "treatment", "staff_rest",
]  # fmt: skip
Category: TypeAlias = Literal[
    "three_no", "destitute", "minimum_living", "empty_nest", "living_alone", "bereaved_only_child",
    "orphaned_disabled", "advanced_age", "disabled",
]  # fmt: skip
DeviceKind: TypeAlias = Literal[
    "button", "pull_cord", "camera", "sensor", "card_reader", "siren", "lamp", "tablet", "gateway", "observer",
]  # fmt: skip
StaffRole: TypeAlias = Literal["staff", "social_worker", "lead", "grid_head", "street_office"]
AnyRole: TypeAlias = Literal[
    "staff", "social_worker", "lead", "grid_head", "street_office", "family", "auditor", "administrator",
]  # fmt: skip
DutyName: TypeAlias = Literal["primary", "secondary", "centre_staff", "lead"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*")
    @classmethod
    def _can_be_written(cls, value: object) -> object:
        """Escapes of YAML can say what no database keeps and no page shows."""
        if isinstance(value, str) and (found := re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", value)):
            raise ValueError(f"has a control character, \\x{ord(found[0]):02x}: leave it out")
        return value


class Organisation(_Part):
    """The contracted social-work organisation."""

    id: Id
    name: Name
    name_en: Name


class Centre(_Part):
    """The building and its hours."""

    id: Id
    name: Name
    name_en: Name
    address: Text
    timezone: Annotated[str, AfterValidator(_timezone)]
    opens: WallTime
    closes: WallTime
    phone: Annotated[str, AfterValidator(_phone)] = ""


class Room(_Part):
    """One room and its cell of the floor plan, counted from the upper left corner."""

    id: Id
    name: Name
    name_en: Name
    type: RoomType
    plan_column: Annotated[int, Field(ge=0, le=99)]
    plan_row: Annotated[int, Field(ge=0, le=99)]
    plan_width: Annotated[int, Field(ge=1, le=99)] = 1
    plan_height: Annotated[int, Field(ge=1, le=99)] = 1


class Senior(_Part):
    """One older person the centre serves."""

    id: Id
    name: Name
    address_as: Name
    address_as_en: Name
    born_on: date | None = None
    categories: tuple[Category, ...] = ()
    home_address: Text = ""
    access_notes: Text = ""
    risks: Text = ""
    hearing: Text = ""
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "zh-CN"
    card_token: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{4,64}$")] | None = None
    objects_to_being_seen: bool = False


class Device(_Part):
    """A thing with an id; `senior` or `room` says whose it is."""

    id: Id
    kind: DeviceKind
    name: Name
    name_en: Name
    senior: Id | None = None
    room: Id | None = None
    rtsp_url: Annotated[str, AfterValidator(_camera_address)] | None = None
    heartbeat_seconds: Annotated[int, Field(ge=10, le=86400)] = 300


class Contact(_Part):
    """One way to reach an account."""

    channel: Literal["webhook", "email"]
    address: Annotated[str, StringConstraints(min_length=3, max_length=300)]

    @field_validator("address")
    @classmethod
    def _of_its_channel(cls, value: str, info: ValidationInfo) -> str:
        match info.data.get("channel"):
            case "webhook" if not _is_web_address(value):
                raise ValueError("a webhook's address should be a URL such as https://example.org/hooks/anling")
            case "email" if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
                raise ValueError("should be an email address such as li.min@example.org")
        return value


class Account(_Part):
    """One person with a role. A password is never in a file: whoever is new gets a link."""

    id: Id
    role: AnyRole
    name: Name
    name_en: Name
    phone: Annotated[str, AfterValidator(_phone)] = ""
    email: Text = ""
    language: Language = "zh-CN"
    organisation: bool = False
    contacts: tuple[Contact, ...] = ()


class Relation(_Part):
    """Who is whose relative; `confirmed_by` null: nobody has confirmed it yet."""

    account: Id
    senior: Id
    kinship: Literal["daughter", "son", "spouse", "grandchild", "sibling", "other"]
    confirmed_by: Id | None
    blocked: bool = False


class Consent(_Part):
    """What a senior agreed to, for whom, and how it was recorded."""

    senior: Id
    account: Id
    covers: Annotated[tuple[Literal["live_video", "whereabouts", "alarms"], ...], Field(min_length=1)]
    explained_by: Id
    language: Annotated[str, StringConstraints(min_length=2, max_length=20)]
    witness: Name
    text_version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.-]{1,20}$")]


class Shift(_Part):
    """A duty on every day; `to` at or before `from` means the next day."""

    account: Id
    duty: DutyName
    from_: WallTime = Field(alias="from")
    to: WallTime


class Tier(_Part):
    """One rung: tell everybody it names at once, switch on what it names, wait, then take the next."""

    wait_seconds: Annotated[int, Field(ge=10, le=900)]
    duties: tuple[DutyName, ...] = ()
    roles: tuple[StaffRole, ...] = ()
    devices: tuple[Id, ...] = ()


Tiers: TypeAlias = Annotated[tuple[Tier, ...], Field(min_length=1, max_length=12)]


class Escalation(_Part):
    """How an alarm climbs while the centre is open, and while it is not."""

    opening_hours: Tiers
    out_of_hours: Tiers


class Demo(_Part):
    """What only the demo wants; a real import refuses it."""

    opens: WallTime
    closes: WallTime
    second_tier_wait_seconds: Annotated[int, Field(ge=10, le=900)]
    daughter: Id
    door_reader: Id
    seed: int


class CentreFile(_Part):
    """One centre and everything in it."""

    schema_: Literal["anling.centre/1"] = Field(alias="schema")
    organisation: Organisation
    centre: Centre
    rooms: Annotated[tuple[Room, ...], Field(min_length=1)]
    seniors: tuple[Senior, ...] = ()
    devices: tuple[Device, ...] = ()
    accounts: tuple[Account, ...] = ()
    relations: tuple[Relation, ...] = ()
    consents: tuple[Consent, ...] = ()
    shifts: tuple[Shift, ...] = ()
    escalation: Escalation | None = None
    demo: Demo | None = None


def parse(text: str, addresses: Mapping[str, str] | None = None) -> CentreFile:
    """The file's content; `addresses` fill its `{rtsp}` and `{phones}`. Raises BadCentreFile with every mistake."""
    root = _compose(text)
    if twice := list(_said_twice(root)):
        raise BadCentreFile(twice)
    unfilled = list(_fill(root, addresses or {}))
    try:
        file = CentreFile.model_validate(_construct(root))
    except ValidationError as error:
        mistakes = [mistake_at(root, _path(root, problem), _words(problem)) for problem in error.errors()]
        raise BadCentreFile([*unfilled, *mistakes]) from error
    if mistakes := [*unfilled, *(mistake_at(root, path, wrong) for path, wrong in contradictions(file))]:
        raise BadCentreFile(mistakes)
    return file


def contradictions(file: CentreFile) -> Iterator[tuple[Path, str]]:
    """What each part cannot know of the others, and the place of it."""
    if file.centre.closes <= file.centre.opens:
        yield ("centre", "closes"), "a centre closes later on the day than it opens"
    yield from _ids_there_twice(file)
    yield from _names_of_nothing(file)
    yield from _wrong_devices(file)
    yield from _wrong_people(file)


def _ids_there_twice(file: CentreFile) -> Iterator[tuple[Path, str]]:
    for part, things in (
        ("rooms", file.rooms),
        ("seniors", file.seniors),
        ("devices", file.devices),
        ("accounts", file.accounts),
    ):
        yield from _repeated(part, "id", [thing.id for thing in things])
    yield from _repeated("seniors", "card_token", [senior.card_token for senior in file.seniors])
    yield from _repeated("relations", "senior", [(tie.account, tie.senior) for tie in file.relations])


def _repeated(part: str, field: str, values: Sequence[object]) -> Iterator[tuple[Path, str]]:
    seen: set[object] = set()
    for n, value in enumerate(values):
        if value is not None and value in seen:
            yield (part, n, field), f"{_shown(value)} is there twice"
        seen.add(value)


def _shown(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _names_of_nothing(file: CentreFile) -> Iterator[tuple[Path, str]]:
    rooms, seniors = {room.id for room in file.rooms}, {senior.id for senior in file.seniors}
    devices, accounts = {device.id for device in file.devices}, {account.id for account in file.accounts}
    named: list[tuple[Path, str, str | None, set[str]]] = []
    for n, device in enumerate(file.devices):
        named.append((("devices", n, "room"), "room", device.room, rooms))
        named.append((("devices", n, "senior"), "senior", device.senior, seniors))
    for n, tie in enumerate(file.relations):
        named.append((("relations", n, "account"), "account", tie.account, accounts))
        named.append((("relations", n, "senior"), "senior", tie.senior, seniors))
        named.append((("relations", n, "confirmed_by"), "account", tie.confirmed_by, accounts))
    for n, consent in enumerate(file.consents):
        named.append((("consents", n, "senior"), "senior", consent.senior, seniors))
        named.append((("consents", n, "account"), "account", consent.account, accounts))
        named.append((("consents", n, "explained_by"), "account", consent.explained_by, accounts))
    for n, shift in enumerate(file.shifts):
        named.append((("shifts", n, "account"), "account", shift.account, accounts))
    if file.demo is not None:
        named.append((("demo", "daughter"), "account", file.demo.daughter, accounts))
        named.append((("demo", "door_reader"), "device", file.demo.door_reader, devices))
    for path, tier in _tiers(file):
        named.extend(((*path, "devices", n), "device", name, devices) for n, name in enumerate(tier.devices))
    for path, thing, name, known in named:
        if name is not None and name not in known:
            near = get_close_matches(name, known, n=1)
            yield path, f"no {thing} of this file is called {name}" + (f"; did you mean {near[0]}?" if near else "")


def _tiers(file: CentreFile) -> Iterator[tuple[Path, Tier]]:
    if file.escalation is not None:
        for n, tier in enumerate(file.escalation.opening_hours):
            yield ("escalation", "opening_hours", n), tier
        for n, tier in enumerate(file.escalation.out_of_hours):
            yield ("escalation", "out_of_hours", n), tier


def _wrong_devices(file: CentreFile) -> Iterator[tuple[Path, str]]:
    types = {room.id: room.type for room in file.rooms}
    for n, device in enumerate(file.devices):
        path: Path = ("devices", n)
        if device.senior is not None and device.room is not None:
            yield path, "a device is a senior's or a room's, not both: leave out `senior` or `room`"
        if (device.kind == "camera") != (device.rtsp_url is not None):
            yield path, "a camera has an rtsp_url, and nothing else has one"
        if device.kind == "camera" and device.room is None:
            yield path, "a camera needs a `room`"
        room_type = types.get(device.room or "", "")
        if device.kind == "camera" and room_type in NEVER_A_CAMERA:
            yield (*path, "room"), f"no camera is allowed in a room of type {room_type}"


def _wrong_people(file: CentreFile) -> Iterator[tuple[Path, str]]:
    roles = {account.id: account.role for account in file.accounts}
    ties = {(tie.account, tie.senior) for tie in file.relations}
    for n, account in enumerate(file.accounts):
        if account.role == "family" and not account.phone:
            yield ("accounts", n), "a family member needs a `phone`: its last four digits open her invitation"
    for n, tie in enumerate(file.relations):
        if roles.get(tie.account, "family") != "family":
            yield ("relations", n, "account"), f"{tie.account} is no family member: her role is {roles[tie.account]}"
        if tie.confirmed_by is not None and roles.get(tie.confirmed_by) == "family":
            yield ("relations", n, "confirmed_by"), "staff confirm a relation, not a family member"
    for n, consent in enumerate(file.consents):
        if consent.account in roles and (consent.account, consent.senior) not in ties:
            yield ("consents", n), f"{consent.account} has no relation to {consent.senior}: add it under `relations`"
        if roles.get(consent.explained_by) == "family":
            yield ("consents", n, "explained_by"), "staff explain a consent, not a family member"
    for n, shift in enumerate(file.shifts):
        if roles.get(shift.account) in {"family", "auditor"}:
            yield ("shifts", n, "account"), f"nobody with the role {roles[shift.account]} is on duty"


def mistake_at(root: yaml.Node, path: Path, wrong: str) -> Mistake:
    """A mistake at `path`, or at the deepest place of it that is there."""
    node = mark_of = root
    for step in path:
        key, below = _below(node, step)
        if below is None:
            break
        # A block begins in the line after its name: the name is what a reader looks for.
        mark_of = key if key is not None and isinstance(below, yaml.CollectionNode) and not below.flow_style else below
        node = below
    mark = mark_of.start_mark
    return Mistake(mark.line + 1, mark.column + 1, ".".join(map(str, path)), wrong)


def _below(node: yaml.Node, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key (in a mapping) and the node at `step`."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key, value
    return None, None


def _compose(text: str) -> yaml.Node:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        hint = "; indent with spaces, not with a tab" if "'\\t'" in str(error.problem) else ""
        raise BadCentreFile([Mistake(line, column, "", f"this is not YAML: {error.problem}{hint}")]) from error
    except yaml.YAMLError as error:
        raise BadCentreFile([Mistake(1, 1, "", "this is not YAML: it holds bytes that no text has")]) from error
    if not isinstance(root, yaml.Node):
        raise BadCentreFile([Mistake(1, 1, "", f"the file is empty; it begins with schema: {SCHEMA}")])
    return root


def _construct(root: yaml.Node) -> object:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or root.start_mark
        raise BadCentreFile([Mistake(mark.line + 1, mark.column + 1, "", str(error.problem))]) from error
    except ValueError as error:
        raise BadCentreFile([Mistake(1, 1, "", f"a date or number is none: {error}")]) from error
    finally:
        loader.dispose()


def _said_twice(node: yaml.Node) -> Iterator[Mistake]:
    if isinstance(node, yaml.SequenceNode):
        for below in node.value:
            yield from _said_twice(below)
    if isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            if str(key.value) in names:
                mark = key.start_mark
                yield Mistake(mark.line + 1, mark.column + 1, "", f"{key.value} is said twice")
            names.add(str(key.value))
            yield from _said_twice(value)


_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


def _fill(node: yaml.Node, addresses: Mapping[str, str]) -> Iterator[Mistake]:
    """Put the addresses in; names those that are not known here."""
    if isinstance(node, yaml.ScalarNode):
        for name in _PLACEHOLDER.findall(node.value):
            if name not in addresses:
                mark = node.start_mark
                wrong = f"{{{name}}} is filled in by the demo alone; write the whole address"
                yield Mistake(mark.line + 1, mark.column + 1, "", wrong)
        node.value = _PLACEHOLDER.sub(lambda found: addresses.get(found[1], found[0]), node.value)
    if isinstance(node, yaml.SequenceNode):
        for below in node.value:
            yield from _fill(below, addresses)
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _fill(value, addresses)


def _path(root: yaml.Node, problem: ErrorDetails) -> Path:
    """Where pydantic found it; the names it gives to the arms of a union are not in the file."""
    path: Path = ()
    node: yaml.Node | None = root
    for n, step in enumerate(problem["loc"]):
        below = _below(node, step)[1] if node is not None else None
        if below is None and n < len(problem["loc"]) - 1:
            continue
        if below is None and problem["type"] not in {"missing", "extra_forbidden"}:
            continue
        path, node = (*path, step), below
    return path


def _words(problem: ErrorDetails) -> str:
    context = problem.get("ctx", {})
    match problem["type"]:
        case "missing":
            return f"{problem['loc'][-1]} is missing"
        case "extra_forbidden":
            return f"{problem['loc'][-1]} is not a known key here"
        case "literal_error":
            return f"{problem['input']!r} should be {context['expected']}"
        case "value_error":
            return str(context["error"])
        case "string_type":
            return f'should be text; put it in quotes: "{problem["input"]}"'
        case _:
            return f"{problem['msg'][:1].lower()}{problem['msg'][1:]}, not {problem['input']!r}"
