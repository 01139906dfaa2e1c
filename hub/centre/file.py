"""Is this a centre's file, and if not: in which line, at which column, and what should stand there instead?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
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

_LONGEST_SHOWN = 60

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


def _brief(value: object) -> str:
    """A value as a person who reads her file recognises it, of whatever size it is."""
    match value:
        case list():
            return "a list"
        case dict():
            return "named entries"
        case date():
            return value.isoformat()
        case _:
            shown = repr(value)
            return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"


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


def _day(value: object) -> object:
    """Neither a moment nor a number, which could be seconds since 1970."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise ValueError(_no_date(_brief(value)))


def _no_date(value: str) -> str:
    return f"{value} is no date: write it as 1941-03-08"


def _matching(pattern: str, should: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"should be {should}, not {_brief(value)}")
        return value

    return AfterValidator(check)


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


def _code(character: str) -> str:
    return f"\\x{ord(character):02x}"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*")
    @classmethod
    def _can_be_written(cls, value: object) -> object:
        """Escapes of YAML can say what no database keeps and no page shows."""
        if isinstance(value, str) and (found := re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", value)):
            raise ValueError(f"has a control character, {_code(found[0])}: leave it out")
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
    born_on: Annotated[date | None, BeforeValidator(_day)] = None
    categories: tuple[Category, ...] = ()
    home_address: Text = ""
    access_notes: Text = ""
    risks: Text = ""
    hearing: Text = ""
    language: Annotated[str, _matching(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", "a language such as zh-CN")] = "zh-CN"
    card_token: Annotated[str, _matching(r"[0-9A-Za-z-]{4,64}", "4 to 64 letters, digits and hyphens")] | None = None
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
    text_version: Annotated[str, _matching(r"[0-9A-Za-z.-]{1,20}", "1 to 20 letters, digits, dots and hyphens")]


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
    """The file's content. Raises BadCentreFile with every mistake.

    `addresses` are the demo's, which fill its `{rtsp}` and `{phones}`; without them it is a real centre's file.
    """
    root = _compose(text)
    _refuse_loops(root)
    if wrong := [*_said_twice(root), *_no_values(root)]:
        raise BadCentreFile(wrong)
    unfilled = list(_fill(root, addresses or {}))
    try:
        file = CentreFile.model_validate(_construct(root))
    except ValidationError as error:
        mistakes = [mistake_at(root, _path(root, problem), _words(problem)) for problem in error.errors()]
        raise BadCentreFile([*unfilled, *mistakes]) from error
    found = list(contradictions(file))
    if addresses is None and file.demo is not None:
        found.append((("demo",), "only the simulated centre has this part: leave it out"))
    if mistakes := [*unfilled, *(mistake_at(root, path, said) for path, said in found)]:
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
    return Mistake(mark.line + 1, mark.column + 1, _shown_path(path), wrong)


def _shown_path(path: Path) -> str:
    return ".".join(map(str, path))


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
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        wrong = f"has a character that no text has, {_code(text[error.position])}: leave it out"
        raise BadCentreFile([Mistake(line, column, "", wrong)]) from error
    except RecursionError as error:
        wrong = "the file is nested too deeply: does a bracket lack its end?"
        raise BadCentreFile([Mistake(1, 1, "", wrong)]) from error
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
    finally:
        loader.dispose()


def _parts(node: yaml.Node, path: Path = (), seen: set[int] | None = None) -> Iterator[tuple[Path, yaml.Node]]:
    """Every node below and where it stands, each once: one that has a name (`&name`) may stand in many places."""
    seen = set() if seen is None else seen
    if id(node) in seen:
        return
    seen.add(id(node))
    yield path, node
    for step, below in _steps(node):
        yield from _parts(below, (*path, step), seen)


def _steps(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        yield from enumerate(node.value)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), value


def _refuse_loops(root: yaml.Node) -> None:
    """Raise BadCentreFile for a part that stands inside itself, by its name (`&name`, `*name`)."""
    done: set[int] = set()

    def look(node: yaml.Node, above: frozenset[int]) -> None:
        if id(node) in above:
            wrong = "holds itself: write it out instead of *…"
            raise BadCentreFile([_at(node, "", wrong)])
        if id(node) not in done:
            for _, below in _steps(node):
                look(below, above | {id(node)})
            done.add(id(node))

    look(root, frozenset())


def _at(node: yaml.Node, where: str, wrong: str) -> Mistake:
    mark = node.start_mark
    return Mistake(mark.line + 1, mark.column + 1, where, wrong)


def _said_twice(root: yaml.Node) -> Iterator[Mistake]:
    for _, node in _parts(root):
        if isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, _ in node.value:
                if str(key.value) in names:
                    yield _at(key, "", f"{key.value} is said twice")
                names.add(str(key.value))


def _no_values(root: yaml.Node) -> Iterator[Mistake]:
    """What looks like a date or a number and is none: YAML itself would not say where."""
    loader = yaml.SafeLoader("")
    for path, node in _parts(root):
        if isinstance(node, yaml.ScalarNode):
            try:
                loader.construct_object(node)
            except yaml.YAMLError:  # with its place: `_construct` tells it
                continue
            except (ValueError, LookupError, AttributeError):  # the last two of PyYAML, for `!!float ""` and the like
                value = _brief(node.value)
                is_date = node.tag == "tag:yaml.org,2002:timestamp"
                wrong = _no_date(node.value) if is_date else f"{value} is no number: put it in quotes if it is text"
                yield _at(node, _shown_path(path), wrong)
    loader.dispose()


_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


def _fill(root: yaml.Node, addresses: Mapping[str, str]) -> Iterator[Mistake]:
    """Put the addresses in; names those that are not known here."""
    for _, node in _parts(root):
        if isinstance(node, yaml.ScalarNode):
            for name in _PLACEHOLDER.findall(node.value):
                if name not in addresses:
                    yield _at(node, "", f"{{{name}}} is filled in by the demo alone; write the whole address")
            node.value = _PLACEHOLDER.sub(lambda found: addresses.get(found[1], found[0]), node.value)


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
    """What should stand there, in words of whoever writes such a file; an error that is not here says pydantic's."""
    context, value = problem.get("ctx", {}), problem["input"]
    instead = "; nothing is here" if value is None else f", not {_brief(value)}"
    match problem["type"]:
        case "missing":
            return f"{problem['loc'][-1]} is missing"
        case "extra_forbidden":
            return f"{problem['loc'][-1]} is not a known key here"
        case "literal_error" if value is not None:
            return f"{_brief(value)} should be {context['expected']}"
        case "value_error":
            return str(context["error"])
        case "string_type" if isinstance(value, bool | int | float | date):
            return f'should be text; put it in quotes: "{value}"'
        case "string_too_long":
            return f"should have at most {context['max_length']} characters; these are {len(str(value))}"
        case "string_too_short":
            return f"should have at least {context['min_length']} characters" if value else "should not be empty"
        case "too_short":
            return "should not be empty"
        case "too_long":
            return f"should have at most {context['max_length']} entries; these are {context['actual_length']}"
        case _ if (should := _should_be(problem["type"], context)) is not None:
            return f"{should}{instead}"
        case _:
            return f"{problem['msg'][:1].lower()}{problem['msg'][1:]}{instead}"


def _should_be(kind: str, context: Mapping[str, object]) -> str | None:
    """What an error of pydantic's asks for; None for a kind that no part of this file can have."""
    match kind:
        case "literal_error":
            return f"should be {context['expected']}"
        case "tuple_type":
            return "should be a list, each entry after a hyphen"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "should have named entries, such as id: …"
        case "string_type":
            return "should be text"
        case "int_type" | "int_parsing" | "int_parsing_size" | "int_from_float" | "finite_number":
            return "should be a whole number"
        case "bool_type" | "bool_parsing":
            return "should be true or false"
        case "greater_than_equal":
            return f"should be at least {context['ge']}"
        case "less_than_equal":
            return f"should be at most {context['le']}"
        case _:
            return None
