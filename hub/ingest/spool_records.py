"""Which bytes does the spool's file hold? Pure. The format, version 1, is in docs/spool.md.

A record begins at a multiple of 512 bytes: magic, length and CRC-32 of the body (big endian), the body, zeros. The
first multiple of 512 that begins no record ends them.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.mqtt.model import Inbound

MAGIC: Final = b"ANSP"
ALIGNMENT: Final = 512
VERSION: Final = 1
_HEAD: Final = struct.Struct(">4sII")


@dataclass(frozen=True, slots=True)
class SpoolRecord:
    """A message of the alarm lane as it was received; `seq` rises by one from record to record."""

    seq: int
    device: str
    inbound: Inbound


def encode_record(record: SpoolRecord) -> bytes:
    """A record with the zeros behind it: a multiple of 512 bytes."""
    inbound = record.inbound
    body = json.dumps(
        {
            "v": VERSION,
            "seq": record.seq,
            "received_at": inbound.received_at.isoformat().replace("+00:00", "Z"),
            "device": record.device,
            "topic": inbound.topic,
            "payload": base64.b64encode(inbound.payload).decode("ascii"),
            "dup": inbound.dup,
            "qos": inbound.qos,
            "publisher": inbound.publisher,
            "live_retain": inbound.live_retain,
            "replayed": inbound.replayed,
        },
        separators=(",", ":"),
    ).encode()
    whole = _HEAD.pack(MAGIC, len(body), zlib.crc32(body)) + body
    return whole.ljust(_padded_length(len(whole)), b"\0")


def read_records(content: bytes) -> list[SpoolRecord]:
    """The records of a file, in the order in which they were received.

    One whose CRC is wrong does not count: it was torn by a crash, before its sender was answered, or has rotted. What
    has no higher number than the one before it is of an earlier run, and ends them.
    """
    records: list[SpoolRecord] = []
    at = 0
    while len(content) >= at + _HEAD.size:
        magic, length, crc = _HEAD.unpack_from(content, at)
        if magic != MAGIC:
            break
        record = _read_body(content[at + _HEAD.size : at + _HEAD.size + length], length, crc)
        if record is not None:
            if records and record.seq <= records[-1].seq:
                break
            records.append(record)
        at += _padded_length(_HEAD.size + length)
    return records


def _padded_length(length: int) -> int:
    return -(-length // ALIGNMENT) * ALIGNMENT


def _read_body(body: bytes, length: int, crc: int) -> SpoolRecord | None:
    if len(body) != length or zlib.crc32(body) != crc:
        return None
    try:
        return _build_record(json.loads(body))
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None


def _build_record(body: dict[str, object]) -> SpoolRecord:
    """Raises ValueError, KeyError and TypeError for a body that is none of version 1."""
    seq, publisher = body["seq"], body.get("publisher")
    if body["v"] != VERSION or not isinstance(seq, int):
        raise ValueError("no record of version 1")
    inbound = Inbound(
        topic=str(body["topic"]),
        payload=base64.b64decode(str(body["payload"]), validate=True),
        qos=1 if body.get("qos", 1) else 0,
        publisher=None if publisher is None else str(publisher),
        live_retain=bool(body.get("live_retain")),
        replayed=bool(body.get("replayed")),
        received_at=datetime.fromisoformat(str(body["received_at"])),
        dup=bool(body.get("dup")),
        degraded=True,
    )
    return SpoolRecord(seq, str(body["device"]), inbound)


def number_records(inbounds: Sequence[tuple[str, Inbound]], first: int) -> list[SpoolRecord]:
    """Records of these devices' messages, numbered from `first`."""
    return [SpoolRecord(first + n, device, inbound) for n, (device, inbound) in enumerate(inbounds)]
