"""How does a coded picture travel? As RTP payloads (RFC 3550; RFC 6184 for H.264, RFC 7798 for H.265)."""

from __future__ import annotations

import struct

from simulators.rtsp.encoder import AccessUnit

LARGEST_PAYLOAD = 1_380
PAYLOAD_TYPE = 96
H264_FRAGMENT = 28
H265_FRAGMENT = 49


def packetize_unit(unit: AccessUnit, codec: str) -> tuple[bytes, ...]:
    """The RTP payloads of one picture, in order; each NAL unit alone or in fragments."""
    fragments = _fragments_h265 if codec == "h265" else _fragments_h264
    found: list[bytes] = []
    for nal in unit.units:
        found += [nal] if len(nal) <= LARGEST_PAYLOAD else fragments(nal)
    return tuple(found)


def build_packet(payload: bytes, *, marker: bool, sequence: int, timestamp: int, source: int) -> bytes:
    """One RTP packet; the marker says that the picture ends with it."""
    return (
        struct.pack("!BBHII", 0x80, PAYLOAD_TYPE | marker << 7, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, source)
        + payload
    )


def _fragments_h264(nal: bytes) -> list[bytes]:
    indicator = bytes([nal[0] & 0xE0 | H264_FRAGMENT])
    return [indicator + bytes([flags | nal[0] & 0x1F]) + piece for flags, piece in _split_nal_unit(nal[1:])]


def _fragments_h265(nal: bytes) -> list[bytes]:
    header = bytes([nal[0] & 0x81 | H265_FRAGMENT << 1, nal[1]])
    return [header + bytes([flags | nal[0] >> 1 & 0x3F]) + piece for flags, piece in _split_nal_unit(nal[2:])]


def _split_nal_unit(rest: bytes) -> list[tuple[int, bytes]]:
    """Pieces of a NAL unit, each with its start (0x80) and end (0x40) flags."""
    size = LARGEST_PAYLOAD - 3
    starts = range(0, len(rest), size)
    return [
        ((0x80 if start == 0 else 0) | (0x40 if start + size >= len(rest) else 0), rest[start : start + size])
        for start in starts
    ]
