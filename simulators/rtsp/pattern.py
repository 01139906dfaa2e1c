"""Which camera and which moment does this picture show? Written into the picture, and read back from it.

The lowest strip of the picture is a grid of 64 × 4 square blocks (a block is 1/64 of the width: 10 pixels at 640), one
bit each, row by row from the upper left, the highest bit of each number first; a bright block is 1:

    8 bits  the mark 0xB2
  192 bits  the room's id, 32 symbols of 6 bits: 0 is nothing, then a–z, 0–9 and the hyphen
   42 bits  the time of capture, milliseconds since 1970
   14 bits  the lower bits of CRC-16/CCITT-FALSE over the 242 bits before

Blocks this large survive H.264 and a canvas of another size. `READ_STAMP_JS` does in a browser what `read_stamp` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

LumaPlane: TypeAlias = NDArray[np.uint8]

COLUMNS = 64
ROWS = 4
MARK = 0xB2
MARK_BITS = 8
SYMBOLS = "\0abcdefghijklmnopqrstuvwxyz0123456789-"
SYMBOL_BITS = 6
LONGEST_ID = 32
TIME_BITS = 42
CHECK_BITS = 14
DARK, BRIGHT = 40, 216


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is burnt into one picture: the room and the moment of capture in milliseconds since 1970."""

    room_id: str
    at_ms: int


def compute_crc(bits: list[int]) -> int:
    """CRC-16/CCITT-FALSE over single bits, cut to its lower 14."""
    crc = 0xFFFF
    for bit in bits:
        top = (crc >> 15) ^ bit
        crc = (crc << 1) & 0xFFFF
        if top:
            crc ^= 0x1021
    return crc & ((1 << CHECK_BITS) - 1)


def bits_of(stamp: Stamp) -> list[int]:
    """The 256 bits of a stamp. Raises ValueError for an id that is too long or has other signs."""
    if len(stamp.room_id) > LONGEST_ID or not set(stamp.room_id) <= set(SYMBOLS[1:]):
        raise ValueError(f"{stamp.room_id!r}: the pattern has room for {LONGEST_ID} of a-z, 0-9 and -")
    symbols = [SYMBOLS.index(sign) for sign in stamp.room_id.ljust(LONGEST_ID, "\0")]
    bits = _to_bits(MARK, MARK_BITS)
    for symbol in symbols:
        bits += _to_bits(symbol, SYMBOL_BITS)
    bits += _to_bits(stamp.at_ms % (1 << TIME_BITS), TIME_BITS)
    return bits + _to_bits(compute_crc(bits), CHECK_BITS)


def write_stamp(luma: LumaPlane, stamp: Stamp) -> None:
    """Write the stamp into the lowest strip of a brightness plane, in place."""
    height, width = luma.shape
    block = width // COLUMNS
    grid = np.array(bits_of(stamp), dtype=np.uint8).reshape(ROWS, COLUMNS) * np.uint8(BRIGHT - DARK) + np.uint8(DARK)
    luma[height - ROWS * block :, : COLUMNS * block] = grid.repeat(block, axis=0).repeat(block, axis=1)


def read_stamp(luma: LumaPlane) -> Stamp | None:
    """The stamp in a brightness plane, or None where there is none (black, torn, another camera)."""
    height, width = luma.shape
    block = width / COLUMNS
    across = ((np.arange(COLUMNS) + 0.5) * block).astype(int)
    down = (height - ROWS * block + (np.arange(ROWS) + 0.5) * block).astype(int)
    bits = [int(level > 128) for level in luma[np.ix_(down, across)].ravel()]
    numbers = _Numbers(bits)
    if numbers.take(MARK_BITS) != MARK:
        return None
    symbols = [numbers.take(SYMBOL_BITS) for _ in range(LONGEST_ID)]
    at_ms = numbers.take(TIME_BITS)
    if numbers.take(CHECK_BITS) != compute_crc(bits[:-CHECK_BITS]) or max(symbols) >= len(SYMBOLS):
        return None
    return Stamp("".join(SYMBOLS[symbol] for symbol in symbols).rstrip("\0"), at_ms)


class _Numbers:
    def __init__(self, bits: list[int]) -> None:
        self._bits = bits
        self._at = 0

    def take(self, count: int) -> int:
        number = 0
        for bit in self._bits[self._at : self._at + count]:
            number = number * 2 + bit
        self._at += count
        return number


def _to_bits(number: int, count: int) -> list[int]:
    return [(number >> place) & 1 for place in range(count - 1, -1, -1)]


READ_STAMP_JS = r"""
function readStamp(image) {  // image: ImageData of the whole picture -> {roomId, atMs} or null
  const { data, width, height } = image, block = width / 64, bits = [];
  for (let row = 0; row < 4; row++) for (let column = 0; column < 64; column++) {
    const x = Math.floor((column + 0.5) * block), y = Math.floor(height - 4 * block + (row + 0.5) * block);
    const at = (y * width + x) * 4;
    bits.push((data[at] + data[at + 1] + data[at + 2]) / 3 > 128 ? 1 : 0);
  }
  let next = 0;
  const take = (count) => { let n = 0; while (count--) n = n * 2 + bits[next++]; return n; };
  let crc = 0xffff;
  for (const bit of bits.slice(0, 242)) {
    const top = (crc >> 15) ^ bit;
    crc = (crc << 1) & 0xffff;
    if (top) crc ^= 0x1021;
  }
  if (take(8) !== 0xb2) return null;
  let roomId = "";
  for (let i = 0; i < 32; i++) {
    const symbol = take(6);
    if (symbol > 37) return null;
    if (symbol) roomId += "abcdefghijklmnopqrstuvwxyz0123456789-"[symbol - 1];
  }
  const atMs = take(42);
  return take(14) === (crc & 0x3fff) ? { roomId, atMs } : null;
}
"""
