"""How is a line of text drawn without a font? Letters of 5 × 7 dots."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# Seven rows a letter, five bits a row, the highest bit leftmost.
DOTS = {
    "a": "0e11111f111111", "b": "1e11111e11111e", "c": "0e11101010110e", "d": "1e11111111111e", "e": "1f10101e10101f",
    "f": "1f10101e101010", "g": "0e11101713110e", "h": "1111111f111111", "i": "0e04040404040e", "j": "07020202020c00",
    "k": "11121418141211", "l": "1010101010101f", "m": "111b1515111111", "n": "11191513111111", "o": "0e11111111110e",
    "p": "1e11111e101010", "q": "0e11111115120d", "r": "1e11111e141211", "s": "0f10100e01011e", "t": "1f040404040404",
    "u": "1111111111110e", "v": "11111111110a04", "w": "11111115151b11", "x": "11110a040a1111", "y": "11110a04040404",
    "z": "1f01020408101f", "0": "0e11131519110e", "1": "040c040404040e", "2": "0e11010204081f", "3": "1f02040201110e",
    "4": "02060a121f0202", "5": "1f101e0101110e", "6": "0608101e11110e", "7": "1f010204080808", "8": "0e11110e11110e",
    "9": "0e11110f01020c", "-": "0000001f000000", ":": "00040400040400", " ": "00000000000000",
}  # fmt: skip
INK, PAPER = 224, 44


def write_text(luma: NDArray[np.uint8], text: str, left: int, top: int, dot: int) -> None:
    """Write `text` bright on a dark ground into a brightness plane, in place; a dot is `dot` pixels wide."""
    ink = _draw_line(text)
    drawn = (ink * np.uint8(INK - PAPER) + np.uint8(PAPER)).repeat(dot, axis=0).repeat(dot, axis=1)
    height, width = luma.shape
    place = luma[top : min(height, top + drawn.shape[0]), left : min(width, left + drawn.shape[1])]
    place[:] = drawn[: place.shape[0], : place.shape[1]]


@lru_cache(maxsize=64)
def _draw_letter(sign: str) -> NDArray[np.uint8]:
    rows = bytes.fromhex(DOTS.get(sign, DOTS[" "]))
    dots = [[(row >> place) & 1 for place in range(4, -1, -1)] for row in rows]
    return np.pad(np.array(dots, dtype=np.uint8), ((1, 1), (0, 1)))


def _draw_line(text: str) -> NDArray[np.uint8]:
    return np.pad(np.concatenate([_draw_letter(sign) for sign in text.lower()], axis=1), ((0, 0), (1, 0)))
