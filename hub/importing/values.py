"""What may stand at one place of a centre's file: a time of day, a day, an id, a number to call?"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator

from devices.rtsp.address import find_address_mistake
from hub.kit.lines import find_name_mistake
from hub.kit.mistakes.error_messages import not_among
from hub.kit.mistakes.model import FaultPlace, ValueFault, WrongValue
from hub.kit.mistakes.yaml_nodes import NO_DAY


def check_name(value: str) -> str:
    """What a person, a room or a thing is called, in one line."""
    if wrong := find_name_mistake(value):
        raise ValueError(wrong)
    return value


def read_wall_time(value: object) -> object:
    """A time of day; 24:00 is `time.max`."""
    if isinstance(value, str) and len(value) == len("08:00") and value[2] == ":":
        if value == "24:00":
            return time.max
        hour, minute = value[:2], value[3:]
        if hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60:
            return time(int(hour), int(minute))
    raise ValueError('should be a time of day in quotes, such as "08:00"')


def read_day(value: object) -> object:
    """A day: neither a moment nor a number, which could be seconds since 1970."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise WrongValue(NO_DAY)


def text_matching(pattern: str, should: str) -> AfterValidator:
    """A text of this pattern; `should` says what that is."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"should be {should}")
        return value

    return AfterValidator(check)


def check_timezone(value: str) -> str:
    """The name of a time zone that this machine knows."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("should be the name of a time zone, such as Asia/Shanghai") from None
    return value


def check_identifier(value: str) -> str:
    """What a thing is called in rows, topics and addresses."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", value):
        raise WrongValue(ValueFault("is no id", "use a-z, 0-9 and -, 1 to 32 of them"))
    return value


def check_phone(value: str) -> str:
    """A telephone number, or nothing."""
    if not re.fullmatch(r"(\+?[0-9]{4,15})?", value):
        raise ValueError('should be 4 to 15 digits in quotes, such as "13893100000"')
    return value


def check_camera_address(value: str) -> str:
    """Where a camera's pictures are, as what reads cameras takes it apart; that would read files and web pages, too.

    `{rtsp}` is filled, or missed, elsewhere. The address is not repeated, as it may hold a password.
    """
    if not value.startswith(("rtsp://", "rtsps://", "{rtsp}")):
        wrong = "this is no address of a camera"
        raise WrongValue(ValueFault(wrong, "should begin with rtsp:// or rtsps://", FaultPlace.WHOLE))
    if not value.startswith("{rtsp}") and (right := find_address_mistake(value)) is not None:
        raise WrongValue(ValueFault("this address of a camera cannot be read", right, FaultPlace.WHOLE))
    return value


def refuse_address_alone(value: object) -> object:
    """An address where its name belongs as well. It is not repeated, as it may hold a password."""
    if isinstance(value, str):
        right = 'write which picture is where, such as {main: "rtsp://…"}'
        raise WrongValue(ValueFault("this is not a mapping", right, FaultPlace.WHOLE))
    return value


def one_of(allowed: Sequence[StrEnum]) -> BeforeValidator:
    """One of these codes, where an enumeration has others too."""

    def check(value: object) -> object:
        if value not in allowed:
            raise WrongValue(not_among(value, [code.value for code in allowed]))
        return value

    return BeforeValidator(check)
