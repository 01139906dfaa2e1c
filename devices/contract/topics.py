"""On which topic does which message travel?

`anling/v1/{centre}/{kind}/{device}`; ids of centres and devices match `[a-z0-9][a-z0-9-]{0,31}`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PREFIX: Final = "anling/v1"
ID_PATTERN: Final = r"^[a-z0-9][a-z0-9-]{0,31}$"
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class Kind(StrEnum):
    """The subtopics of version 1."""

    ALARM = "alarm"
    TELE = "tele"
    VISIT = "visit"
    STATUS = "status"
    ACK = "ack"
    CUE = "cue"
    CMD = "cmd"
    DONE = "done"


_KINDS: Final = frozenset(kind.value for kind in Kind)
FROM_DEVICE: Final = frozenset({Kind.ALARM, Kind.TELE, Kind.VISIT, Kind.STATUS, Kind.DONE})
TO_DEVICE: Final = frozenset({Kind.ACK, Kind.CUE, Kind.CMD})


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic, taken apart."""

    centre: str
    kind: Kind
    device: str

    def __str__(self) -> str:
        return f"{PREFIX}/{self.centre}/{self.kind}/{self.device}"


def is_id(text: str) -> bool:
    """Whether `text` may be the id of a centre or a device."""
    return _ID.fullmatch(text) is not None


def build_topic(centre: str, kind: Kind, device: str) -> str:
    """The topic of one device. Raises ValueError when an id is none."""
    for text in (centre, device):
        if not is_id(text):
            raise ValueError(f"{text!r} is no id: use 1 to 32 of a-z, 0-9 and -, not beginning with -")
    return str(Topic(centre, kind, device))


def topic_filter(centre: str, kind: Kind) -> str:
    """The filter that matches every device of one centre."""
    return f"{PREFIX}/{centre}/{kind}/+"


def parse_topic(text: str) -> Topic | None:
    """Take a topic apart; None when it is none of version 1."""
    words = text.split("/")
    if len(words) != 5 or "/".join(words[:2]) != PREFIX:
        return None
    centre, kind, device = words[2:]
    if not (is_id(centre) and is_id(device)) or kind not in _KINDS:
        return None
    return Topic(centre, Kind(kind), device)
