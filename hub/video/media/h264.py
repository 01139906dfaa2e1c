"""What is in a coded picture (ITU-T H.264, Annex B)? Just enough to pass it on to a browser."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

START = b"\x00\x00\x00\x01"
B_SLICE = 1


class NalUnitType(IntEnum):
    """NAL unit types (table 7-1)."""

    SLICE = 1
    KEY_SLICE = 5
    SEQUENCE = 7
    PICTURE = 8


def split_units(stream: bytes) -> Iterator[bytes]:
    """The NAL units of a byte stream, without start codes."""
    for piece in stream.split(b"\x00\x00\x01")[1:]:
        unit = piece.rstrip(b"\x00")
        if unit:
            yield unit


def unit_type(unit: bytes) -> int:
    return unit[0] & 0x1F


def parameter_sets(stream: bytes) -> bytes:
    """The sequence and picture parameter sets in a stream (or a camera's extradata), each with its start code."""
    return b"".join(
        START + unit for unit in split_units(stream) if unit_type(unit) in (NalUnitType.SEQUENCE, NalUnitType.PICTURE)
    )


def has_parameter_sets(stream: bytes) -> bool:
    """Whether a decoder can begin with this key picture: both parameter sets are in it."""
    return {NalUnitType.SEQUENCE, NalUnitType.PICTURE} <= {unit_type(unit) for unit in split_units(stream)}


def is_key_picture(stream: bytes) -> bool:
    """Whether decoding can begin here: an IDR picture. FFmpeg takes recovery points for such, and browsers do not."""
    return any(unit_type(unit) == NalUnitType.KEY_SLICE for unit in split_units(stream))


def has_b_slices(stream: bytes) -> bool:
    """Whether the picture refers to a later one (slice_type in clause 7.4.3): browsers would show it out of order."""
    return any(_slice_type(unit) % 5 == B_SLICE for unit in split_units(stream) if unit_type(unit) == NalUnitType.SLICE)


def _slice_type(unit: bytes) -> int:
    bits = "".join(f"{byte:08b}" for byte in unit[1:12])
    _, rest = _exp_golomb(bits)  # first_mb_in_slice
    value, _ = _exp_golomb(rest)
    return value


def _exp_golomb(bits: str) -> tuple[int, str]:
    """One ue(v) of clause 9.1, and what comes after it. A unit too short to hold it reads as 0."""
    zeros = len(bits) - len(bits.lstrip("0"))
    size = 2 * zeros + 1
    return (int(bits[:size], 2) - 1 if len(bits) >= size else 0), bits[size:]
