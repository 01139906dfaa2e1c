"""What the ledger holds: an entry of ids, codes and times, never a name, a text or a reading."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Chain(StrEnum):
    """Two chains a centre, so that reading records never blocks a press."""

    CARE = "care"
    ACCESS = "access"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: `kind` such as `alarm.opened`, and the ids and codes it is about."""

    kind: str
    params: Mapping[str, str | int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a chain; `n` 0 and 32 zero bytes before the first."""

    n: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class LedgerLink:
    """One row of a chain: `entry` is the exact JSON that was hashed."""

    n: int
    at: datetime
    entry: str
    hash: bytes
