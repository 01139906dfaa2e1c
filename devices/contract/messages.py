"""What may a device and the hub say to each other?

Version 1 of the device protocol: UTF-8 JSON objects of at most 4 KiB, times in RFC 3339 with an offset.
A model that we build refuses unknown fields; a message that we read ignores them, so that a newer device
still gets through. A field that is absent and one that is null mean the same.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self, TypeAlias, overload

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import from_json

from devices.contract.topics import ID_PATTERN, Kind
from devices.contract.units import Unit

LARGEST_PAYLOAD: Final = 4096
"""Bytes. A longer one is unreadable."""

_RFC_3339: Final = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d):(\d\d)(\.\d{1,9})?(?:[Zz]|([+-]\d\d:\d\d))", re.ASCII)


def _read_time(value: object) -> datetime:
    """An RFC 3339 time as aware UTC; a leap second (5.6, `:60`) is the first moment of the next minute."""
    if isinstance(value, datetime):
        return value
    match = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a time like 2026-11-23T02:14:05.120Z")
    day, minute, second, fraction, offset = match.groups()
    leap = second == "60"
    text = f"{day}T{minute}:{'59' if leap else second}{fraction or ''}{offset or '+00:00'}"
    try:
        return datetime.fromisoformat(text) + timedelta(seconds=1 if leap else 0)
    except OverflowError:
        raise ValueError("is outside of the calendar") from None


def _convert_to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside of the calendar") from None


def _write_time(value: datetime) -> str:
    """Milliseconds as in the protocol's examples; microseconds only where they are not zero."""
    timespec = "microseconds" if value.microsecond % 1000 else "milliseconds"
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=timespec) + "Z"


Time: TypeAlias = Annotated[
    AwareDatetime,
    BeforeValidator(_read_time),
    AfterValidator(_convert_to_utc),
    PlainSerializer(_write_time, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
_MESSAGE_ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
MessageId: TypeAlias = Annotated[str, StringConstraints(pattern=_MESSAGE_ID)]
AlarmIdText: TypeAlias = Annotated[str, StringConstraints(pattern=r"^a-[0-9a-hjkmnp-tv-z]{26}$")]
IdText: TypeAlias = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
CardToken: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{3,63}$")]
MessageCode: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Line: TypeAlias = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Seq: TypeAlias = Annotated[int, Field(ge=0, lt=2**63)]
AgeMs: TypeAlias = Annotated[int, Field(ge=0, lt=2**53)]


def _require_integer(value: object) -> object:
    """Python holds that true and 1.0 equal 1; the version does not."""
    if type(value) is not int:
        raise ValueError("must be 1")
    return value


class Message(BaseModel):
    """What all messages share: version 1, frozen, strict types, nothing unknown when we send."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    v: Annotated[Literal[1], BeforeValidator(_require_integer)] = 1


class AlarmKind(StrEnum):
    PRESS = "press"
    LONG_PRESS = "long_press"
    DOUBLE_PRESS = "double_press"
    PULL_CORD = "pull_cord"
    FALL = "fall"
    CANCEL = "cancel"
    TEST = "test"


class AlarmMessage(Message):
    """`alarm/{device}`: a call for help, its withdrawal, or a test press.

    `at` is the device's wall clock, `age_ms` the time since the press on its monotonic clock when this copy was
    sent (none after a reboot), `seq` rises by one per lane and never restarts (none where nothing is stored).
    """

    id: MessageId
    seq: Seq | None = None
    kind: AlarmKind
    of: MessageId | None = None
    at: Time | None = None
    age_ms: AgeMs | None = None
    battery: Annotated[float, Field(ge=0, le=100)] | None = None
    signal: Annotated[float, Field(ge=-200, le=100)] | None = None

    @model_validator(mode="after")
    def _a_cancel_names_its_press(self) -> Self:
        if self.kind is AlarmKind.CANCEL and self.of is None:
            raise ValueError("a cancel must name its press in `of`")
        return self


class Reading(BaseModel):
    """One measured value; a yes or no is 1 or 0 with the unit `/`."""

    model_config = Message.model_config

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    value: float
    unit: Unit


class TeleMessage(Message):
    """`tele/{device}`: readings taken at one moment; none are left when all of them were odd."""

    id: MessageId
    seq: Seq | None = None
    at: Time | None = None
    age_ms: AgeMs | None = None
    readings: Annotated[tuple[Reading, ...], Field(max_length=40)]


class VisitAction(StrEnum):
    ARRIVE = "arrive"
    ENTER = "enter"
    LEAVE = "leave"


class VisitMessage(Message):
    """`visit/{device}`: the opaque number of a card, and what its bearer did. Entering names a room."""

    id: MessageId
    seq: Seq | None = None
    token: CardToken
    what: VisitAction
    room: IdText | None = None
    at: Time | None = None
    age_ms: AgeMs | None = None

    @model_validator(mode="after")
    def _entering_names_a_room(self) -> Self:
        if self.what is VisitAction.ENTER and self.room is None:
            raise ValueError("entering must name the room in `room`")
        return self


class ConnectionState(StrEnum):
    ONLINE = "online"
    OFFLINE = "offline"


class StatusMessage(Message):
    """`status/{device}`: retained, and the Last Will."""

    state: ConnectionState
    fw: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,31}$")] | None = None


class AckStatus(StrEnum):
    COMMITTED = "committed"
    SPOOLED = "spooled"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Ack(Message):
    """`ack/{device}`: what became of the message `id`; `of` says what became of the one a duplicate repeats."""

    id: MessageId
    status: AckStatus
    of: Literal[AckStatus.COMMITTED, AckStatus.SPOOLED] | None = None
    alarm: AlarmIdText | None = None
    reason: MessageCode | None = None

    @property
    def is_committed(self) -> bool:
        """Whether the device may delete the message."""
        return AckStatus.COMMITTED in (self.status, self.of)


class CueKind(StrEnum):
    RECEIVED = "received"
    COMING = "coming"
    ON_SCENE = "on_scene"
    CLOSED = "closed"


class Cue(Message):
    """`cue/{device}`: what to show or say to the presser; `n` rises per alarm and a smaller one is ignored."""

    alarm: AlarmIdText
    n: Annotated[int, Field(ge=0, lt=2**31)]
    cue: CueKind
    until: Time | None = None
    text: Line = ""


class Do(StrEnum):
    SIREN = "siren"
    LAMP = "lamp"
    IDENTIFY = "identify"
    SAY = "say"


class Cmd(Message):
    """`cmd/{device}`: do this until then, and prove it with the same `nonce`. `args` may hold `on: false`."""

    nonce: MessageId
    do: Do
    args: dict[MessageCode, Line | int | float | bool] = Field(default_factory=dict)
    until: Time | None = None


class DoneState(StrEnum):
    SOUNDING = "sounding"
    ON = "on"
    OFF = "off"
    REFUSED = "refused"


class Done(Message):
    """`done/{device}`: the proof of a command, repeated every 30 s while it sounds."""

    nonce: MessageId
    state: DoneState
    reason: MessageCode | None = None
    at: Time | None = None


class Reason(StrEnum):
    """Why a payload is no message; stable, so that pages and notices can have words for each."""

    TOO_LONG = "too-long"
    NOT_UTF8 = "not-utf8"
    NOT_JSON = "not-json"
    NOT_AN_OBJECT = "not-an-object"
    UNKNOWN_VERSION = "unknown-version"
    MISSING_FIELD = "missing-field"
    BAD_FIELD = "bad-field"


class Unreadable(Exception):
    """A payload that is no message.

    `detail` names the field and never repeats its value; `message_id` is the sender's id where one could still be
    made out, so that the hub can answer.
    """

    def __init__(self, reason: Reason, detail: str, message_id: str | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.message_id = message_id


AnyMessage: TypeAlias = AlarmMessage | TeleMessage | VisitMessage | StatusMessage | Ack | Cue | Cmd | Done

MODEL_OF: Final[Mapping[Kind, type[AnyMessage]]] = MappingProxyType(
    {
        Kind.ALARM: AlarmMessage,
        Kind.TELE: TeleMessage,
        Kind.VISIT: VisitMessage,
        Kind.STATUS: StatusMessage,
        Kind.ACK: Ack,
        Kind.CUE: Cue,
        Kind.CMD: Cmd,
        Kind.DONE: Done,
    }
)


@overload
def parse_message(kind: Literal[Kind.ALARM], payload: bytes) -> AlarmMessage: ...
@overload
def parse_message(kind: Literal[Kind.TELE], payload: bytes) -> TeleMessage: ...
@overload
def parse_message(kind: Literal[Kind.VISIT], payload: bytes) -> VisitMessage: ...
@overload
def parse_message(kind: Literal[Kind.STATUS], payload: bytes) -> StatusMessage: ...
@overload
def parse_message(kind: Literal[Kind.ACK], payload: bytes) -> Ack: ...
@overload
def parse_message(kind: Literal[Kind.CUE], payload: bytes) -> Cue: ...
@overload
def parse_message(kind: Literal[Kind.CMD], payload: bytes) -> Cmd: ...
@overload
def parse_message(kind: Literal[Kind.DONE], payload: bytes) -> Done: ...
@overload
def parse_message(kind: Kind, payload: bytes) -> AnyMessage: ...
def parse_message(kind: Kind, payload: bytes) -> AnyMessage:
    """Read one received payload; unknown fields are ignored. Raises Unreadable and nothing else."""
    if len(payload) > LARGEST_PAYLOAD:
        raise Unreadable(Reason.TOO_LONG, f"{len(payload)} bytes, at most {LARGEST_PAYLOAD}")
    try:
        message = MODEL_OF[kind].model_validate_json(payload, extra="ignore")
    except ValidationError as error:
        raise describe_unreadable(payload, error) from None
    if "v" not in message.model_fields_set:
        raise Unreadable(Reason.UNKNOWN_VERSION, "v is missing", _extract_id(payload))
    return message


def serialize_message(message: Message) -> bytes:
    """The bytes to send. Raises ValueError when they would be longer than a receiver reads."""
    payload = message.model_dump_json(exclude_none=True).encode()
    if len(payload) > LARGEST_PAYLOAD:
        raise ValueError(f"{type(message).__name__} of {len(payload)} bytes, at most {LARGEST_PAYLOAD}")
    return payload


def describe_unreadable(payload: bytes, error: ValidationError) -> Unreadable:
    """Why the payload is no message: the version first, for of an unknown version we understand no field."""
    try:
        payload.decode()
    except UnicodeDecodeError as wrong:
        return Unreadable(Reason.NOT_UTF8, f"byte {wrong.start}")
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    version = next((problem for problem in problems if problem["loc"] == ("v",)), None)
    first = version or problems[0]
    where = ".".join(str(step) for step in first["loc"]) or "message"
    match first["type"]:
        case "json_invalid":
            return Unreadable(Reason.NOT_JSON, first["msg"])
        case "model_type":
            return Unreadable(Reason.NOT_AN_OBJECT if not first["loc"] else Reason.BAD_FIELD, where)
        case _ if version is not None:
            return Unreadable(Reason.UNKNOWN_VERSION, "v must be 1", _extract_id(payload))
        case "missing":
            return Unreadable(Reason.MISSING_FIELD, where, _extract_id(payload))
        case _:
            return Unreadable(Reason.BAD_FIELD, f"{where}: {first['msg']}", _extract_id(payload))


def _extract_id(payload: bytes) -> str | None:
    """The id of a message that is otherwise wrong, if it has one."""
    found = from_json(payload)
    return answerable_id(found.get("id")) if isinstance(found, dict) else None


def answerable_id(value: object) -> str | None:
    """The same value, if it may be the id of a message, so that its sender can be answered."""
    return value if isinstance(value, str) and re.fullmatch(_MESSAGE_ID, value) else None
