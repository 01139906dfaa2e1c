"""What a reading is on its way into the store, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from hub.kit.ids import DeviceId, RoomId


class Measured(Protocol):
    """One value as it was heard: `ReadingHeard` of the rules.

    Why a protocol: the rules are above telemetry in the stack, and listen to readings that telemetry only keeps.
    """

    @property
    def device_id(self) -> DeviceId: ...
    @property
    def name(self) -> str: ...
    @property
    def unit(self) -> str: ...  # RFC 8428
    @property
    def value(self) -> float: ...
    @property
    def at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of a batch: stored, known already (same device, name, unit and time), or not storable."""

    stored: int
    repeated: int
    refused: int


@dataclass(frozen=True, slots=True)
class Row:
    """A reading as the table has it."""

    ts: datetime
    device_number: int
    reading_name_id: int
    value: float


@dataclass(frozen=True, slots=True)
class BucketedSpan:
    """A stretch of time cut into buckets of equal length, the first from `from_at` on."""

    from_at: datetime
    to_at: datetime
    bucket: timedelta


@dataclass(frozen=True, slots=True)
class Bucket:
    """What a room's devices measured of one name in one bucket that has any."""

    at: datetime  # where the bucket begins
    name: str
    mean: float
    highest: float


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest value of one name in a room."""

    room_id: RoomId
    name: str
    value: float
    at: datetime
