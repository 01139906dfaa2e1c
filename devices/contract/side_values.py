"""What does a device's message say, although a value beside the point is odd?

What decides a message is read, and nothing else decides: `kind: test` with `battery: 255` is a test press. A value that
is odd is left out and named: of the wrong type, out of its range, no JSON, there twice with two meanings. So is a text
in another encoding, and one with a byte order mark in front or NULs behind it. A message whose deciding values cannot
be read is unreadable, as `parse_message` says.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json, to_json

from devices.contract.messages import (
    LARGEST_PAYLOAD,
    MODEL_OF,
    AlarmMessage,
    Done,
    Reason,
    StatusMessage,
    TeleMessage,
    Unreadable,
    VisitMessage,
    answerable_id,
    describe_unreadable,
)
from devices.contract.top_level import split_list, split_object
from devices.contract.topics import Kind

DeviceMessage: TypeAlias = AlarmMessage | TeleMessage | VisitMessage | StatusMessage | Done

DECIDING: Final[Mapping[Kind, frozenset[str]]] = MappingProxyType(
    {
        Kind.ALARM: frozenset({"v", "id", "kind"}),
        Kind.TELE: frozenset({"v", "id", "readings"}),
        Kind.VISIT: frozenset({"v", "id", "token", "what"}),
        Kind.STATUS: frozenset({"v", "state"}),
        Kind.DONE: frozenset({"v", "nonce", "state"}),
    }
)
"""What a message is nothing without. `of` decides a cancel, and `room` an entering: their models ask for them."""
BYTE_ORDER_MARK: Final = "byte-order-mark"
ENCODING: Final = "encoding"
NUL: Final = "nul"
"""What is named beside fields: it stood around the message, or the message is not UTF-8."""
_KEYS: Final = {kind: tuple(b'"%b"' % name.encode() for name in MODEL_OF[kind].model_fields) for kind in DECIDING}
"""A message that has one of them twice is read apart: a parser of JSON would take the last one without a word."""
_AROUND: Final = "\ufeff\0 \t\r\n"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message, and the names of what was left out of it: fields, `readings.` and a name or number, or a mark."""

    message: DeviceMessage
    left_out: tuple[str, ...] = ()


def read_message(kind: Kind, payload: bytes) -> ReadMessage:
    """Read a message of one of the kinds that devices publish; unknown fields are ignored.

    Raises Unreadable and nothing else.
    """
    if len(payload) > LARGEST_PAYLOAD:
        raise Unreadable(Reason.TOO_LONG, f"{len(payload)} bytes, at most {LARGEST_PAYLOAD}")
    model = MODEL_OF[kind]
    if not any(payload.count(key) > 1 for key in _KEYS[kind]):
        try:
            message = model.model_validate_json(payload, extra="ignore")
        except ValidationError:
            pass
        else:
            if "v" in message.model_fields_set:
                return ReadMessage(_of_a_device(message))
    return _read_apart(kind, payload)


def _read_apart(kind: Kind, payload: bytes) -> ReadMessage:
    """Read each value by itself, leave out those that are odd, and see whether a message is left."""
    text, marks = _decode_text(payload)
    members = split_object(text)
    if members is None:
        raise _explain_no_object(kind, payload, text)
    parted = _part_values(kind, members)
    if twice := DECIDING[kind] & parted.twice:
        raise Unreadable(Reason.BAD_FIELD, f"{min(twice)} is there twice", _id_of(parted.values))
    unlike_json = sorted((DECIDING[kind] & parted.odd) - parted.values.keys())
    if unlike_json:
        raise Unreadable(Reason.BAD_FIELD, f"{unlike_json[0]} is no JSON", _id_of(parted.values))
    message, odd = _validate_without_odd(kind, parted.values)
    if "v" not in message.model_fields_set:
        raise Unreadable(Reason.UNKNOWN_VERSION, "v is missing", _id_of(parted.values))
    return ReadMessage(message, (*marks, *sorted(parted.odd | odd)))


def _decode_text(payload: bytes) -> tuple[str, tuple[str, ...]]:
    """The payload's text without what stands around it, and the names of what was odd about it."""
    encoding = json.detect_encoding(payload)
    for candidate in (encoding, "gb18030", "latin-1"):
        try:
            text = payload.decode(candidate)
        except UnicodeDecodeError:
            continue
        found = (
            (BYTE_ORDER_MARK, encoding == "utf-8-sig" or text.startswith("\ufeff")),
            (ENCODING, candidate not in ("utf-8", "utf-8-sig")),
            (NUL, text.endswith("\0") or text.startswith("\0")),
        )
        return text.strip(_AROUND), tuple(name for name, is_there in found if is_there)
    raise AssertionError("every byte is a character of Latin-1")


@dataclass(slots=True)
class _Parted:
    """A message taken apart: what its fields say, and which of them are odd by themselves."""

    values: dict[str, JsonValue] = field(default_factory=dict)
    odd: set[str] = field(default_factory=set)
    twice: set[str] = field(default_factory=set)
    """Fields with two meanings; odd as well, and without a value."""


def _part_values(kind: Kind, members: list[tuple[str, str]]) -> _Parted:
    parted = _Parted()
    said: defaultdict[str, list[str]] = defaultdict(list)
    for key, text in members:
        if key in MODEL_OF[kind].model_fields:
            said[key].append(text)
    for key, texts in said.items():
        if kind is Kind.TELE and key == "readings" and len(texts) == 1:
            _part_readings(parted, texts[0])
        elif len(values := _distinct_values(texts)) > 1:
            parted.twice.add(key)
            parted.odd.add(key)
        elif values:
            parted.values[key] = values[0]
        else:
            parted.odd.add(key)
    return parted


def _part_readings(parted: _Parted, text: str) -> None:
    """Each reading by itself: one that is no JSON takes no other with it."""
    entries = split_list(text)
    if entries is None:
        parted.odd.add("readings")
        return
    readings: list[JsonValue] = []
    for number, entry in enumerate(entries):
        values = _distinct_values([entry])
        if values:
            readings += values
        else:
            parted.odd.add(f"readings.{number}")
    parted.values["readings"] = readings


def _distinct_values(texts: list[str]) -> list[JsonValue]:
    """What these texts say, each meaning once; a text that is no JSON says nothing."""
    meanings: dict[bytes, JsonValue] = {}
    for text in texts:
        try:
            value: JsonValue = from_json(text)
        except ValueError:
            continue
        meanings.setdefault(to_json(value, inf_nan_mode="constants"), value)
    return list(meanings.values())


def _validate_without_odd(kind: Kind, values: dict[str, JsonValue]) -> tuple[DeviceMessage, set[str]]:
    """The message without the values that its model refuses, and their names. Raises Unreadable."""
    left, odd = dict(values), set[str]()
    while True:
        payload = to_json(left, inf_nan_mode="constants")
        try:
            return _of_a_device(MODEL_OF[kind].model_validate_json(payload, extra="ignore")), odd
        except ValidationError as error:
            places = [problem["loc"] for problem in error.errors(include_url=False, include_context=False)]
            removable = {_place_of_odd(kind, place) for place in places}
            if None in removable:
                raise describe_unreadable(to_json(values, inf_nan_mode="constants"), error) from None
            odd |= _remove_odd(left, {place for place in removable if place is not None})


def _place_of_odd(kind: Kind, place: tuple[int | str, ...]) -> str | int | None:
    """The field, or the number of the reading, that can be left out; None where the message is nothing without it."""
    match place:
        case ("readings", int(number), *_) if kind is Kind.TELE:
            return number
        case (str(name), *_) if name not in DECIDING[kind]:
            return name
        case _:
            return None


def _remove_odd(left: dict[str, JsonValue], places: set[str | int]) -> set[str]:
    """Take out what is odd. Returns the names of what was taken out."""
    removed: set[str] = set()
    readings = left.get("readings")
    numbers = {place for place in places if isinstance(place, int)}
    if numbers and isinstance(readings, list):
        removed |= {f"readings.{_name_of_reading(readings[number], number)}" for number in numbers}
        left["readings"] = [entry for number, entry in enumerate(readings) if number not in numbers]
    for place in places - numbers:
        removed.add(str(place))
        left.pop(str(place), None)
    return removed


def _name_of_reading(reading: JsonValue, number: int) -> str:
    """What the reading says it is, or its number, from 0: a name that is none is not repeated."""
    name = reading.get("name") if isinstance(reading, dict) else None
    return name if isinstance(name, str) and _NAME.fullmatch(name) else str(number)


def _id_of(values: Mapping[str, JsonValue]) -> str | None:
    """The sender's id, if it has one that can be answered."""
    return answerable_id(values.get("id"))


def _explain_no_object(kind: Kind, payload: bytes, text: str) -> Unreadable:
    """Why this is no object at all, in the words of a strict reading."""
    try:
        MODEL_OF[kind].model_validate_json(text.encode(errors="replace") if text else payload)
    except ValidationError as error:
        return describe_unreadable(payload, error)
    raise AssertionError("what can be read is an object")


def _of_a_device(message: object) -> DeviceMessage:
    assert isinstance(message, DeviceMessage), "the kinds that devices publish"
    return message
