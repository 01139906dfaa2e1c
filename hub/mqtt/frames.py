"""What goes over the local socket between broker and telemetry? Both are of one build, on one machine.

The broker writes numbered reports, telemetry answers which of them it has settled, in whatever order, and what devices
are to be told:

    report:  number (uint64) · seconds (float64) · QoS (uint8) · length of the payload (uint32) · label · payload
    label:   length of the topic (uint16) · topic · length of the publisher (uint8) · publisher
    settled: 1 (uint8) · how many (uint32) · the number of each (uint64)
    message: 2 (uint8) · length of the topic (uint16) · length of the payload (uint32) · topic · payload
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

_REPORT: Final = struct.Struct("<QdBI")
_TOPIC: Final = struct.Struct("<H")
_SETTLED: Final = struct.Struct("<BI")
_NUMBER_BYTES: Final = 8
_MESSAGE_HEAD: Final = struct.Struct("<BHI")
_IS_SETTLED: Final = 1
_IS_MESSAGE: Final = 2


@dataclass(frozen=True, slots=True)
class HandedReport:
    """A report as telemetry gets it. `came_at`: seconds of the machine's monotonic clock."""

    number: int
    topic: str
    publisher: str
    qos: int
    payload: bytes
    came_at: float


@dataclass(frozen=True, slots=True)
class Settled:
    """The reports with these numbers are committed or shed."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MessageForDevice:
    """A message for a device."""

    topic: str
    payload: bytes


HandoverReply: TypeAlias = Settled | MessageForDevice


def encode_label(topic: str, publisher: str) -> bytes:
    """Where a report comes from, made once for all of a device to a topic."""
    named, by = topic.encode(), publisher.encode()
    return _TOPIC.pack(len(named)) + named + bytes([len(by)]) + by


def encode_report(number: int, came_at: float, qos: int, labelled: bytes, payload: bytes) -> bytes:
    """One report."""
    return _REPORT.pack(number, came_at, qos, len(payload)) + labelled + payload


def encode_settled(numbers: Sequence[int]) -> bytes:
    """Which reports are settled."""
    return _SETTLED.pack(_IS_SETTLED, len(numbers)) + struct.pack(f"<{len(numbers)}Q", *numbers)


def encode_message(topic: str, payload: bytes) -> bytes:
    """A message for a device."""
    named = topic.encode()
    return _MESSAGE_HEAD.pack(_IS_MESSAGE, len(named), len(payload)) + named + payload


class ReportReader:
    """Bytes of the broker in, reports out."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def read(self, received: bytes) -> Iterator[HandedReport]:
        """The reports that are whole now."""
        self._pending += received
        pending, at = self._pending, 0
        while (end := self._end_of(at)) is not None:
            number, came_at, qos, length = _REPORT.unpack_from(pending, at)
            topic_at = at + _REPORT.size + _TOPIC.size
            (topic_bytes,) = _TOPIC.unpack_from(pending, at + _REPORT.size)
            publisher_at = topic_at + topic_bytes + 1
            yield HandedReport(
                number,
                pending[topic_at : topic_at + topic_bytes].decode(),
                pending[publisher_at : end - length].decode(),
                qos,
                bytes(pending[end - length : end]),
                came_at,
            )
            at = end
        del pending[:at]

    def _end_of(self, at: int) -> int | None:
        """Where the report that begins at `at` ends; None while it is not whole."""
        pending = self._pending
        behind = at + _REPORT.size + _TOPIC.size
        if len(pending) < behind:
            return None
        *_, length = _REPORT.unpack_from(pending, at)
        (topic_bytes,) = _TOPIC.unpack_from(pending, at + _REPORT.size)
        publisher_length_at = behind + topic_bytes
        if len(pending) <= publisher_length_at:
            return None
        end: int = publisher_length_at + 1 + pending[publisher_length_at] + length
        return end if len(pending) >= end else None


class ReplyReader:
    """Bytes of telemetry in, replies out."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def read(self, received: bytes) -> Iterator[HandoverReply]:
        """The replies that are whole now. Raises ValueError for what is none."""
        self._pending += received
        while (found := self._next()) is not None:
            reply, end = found
            del self._pending[:end]
            yield reply

    def _next(self) -> tuple[HandoverReply, int] | None:
        pending = self._pending
        if not pending:
            return None
        if pending[0] == _IS_SETTLED:
            return self._next_settled()
        if pending[0] != _IS_MESSAGE:
            raise ValueError(f"a reply of unknown kind {pending[0]}")
        if len(pending) < _MESSAGE_HEAD.size:
            return None
        _, topic_bytes, length = _MESSAGE_HEAD.unpack_from(pending)
        middle, end = _MESSAGE_HEAD.size + topic_bytes, _MESSAGE_HEAD.size + topic_bytes + length
        if len(pending) < end:
            return None
        return MessageForDevice(pending[_MESSAGE_HEAD.size : middle].decode(), bytes(pending[middle:end])), end

    def _next_settled(self) -> tuple[Settled, int] | None:
        if len(self._pending) < _SETTLED.size:
            return None
        _, count = _SETTLED.unpack_from(self._pending)
        end = _SETTLED.size + count * _NUMBER_BYTES
        if len(self._pending) < end:
            return None
        return Settled(struct.unpack_from(f"<{count}Q", self._pending, _SETTLED.size)), end
