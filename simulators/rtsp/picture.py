"""What does a simulated room look like at one moment? A floor, a wall, furniture, and people who walk about."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from simulators.rtsp.glyphs import write_text
from simulators.rtsp.pattern import COLUMNS, ROWS, LumaPlane, Stamp, write_stamp

CLOTHES = ((96, 160, 110), (120, 100, 170), (150, 120, 100), (84, 130, 150), (170, 110, 150), (110, 150, 90))
SKIN = (170, 112, 150)
HAIR = (205, 128, 128)
SEEN_AT_ONCE = 12


@dataclass(slots=True)
class Planes:
    """One picture as 4:2:0 planes in one array, the shape PyAV takes: brightness above, then both colours."""

    array: NDArray[np.uint8]
    width: int
    height: int

    @property
    def luma(self) -> LumaPlane:
        return self.array[: self.height]

    def colour(self, which: int) -> NDArray[np.uint8]:
        """The first (0, blue) or second (1, red) colour plane, at half size."""
        size = self.width * self.height
        start = size + which * size // 4
        return self.array.reshape(-1)[start : start + size // 4].reshape(self.height // 2, self.width // 2)


@dataclass(frozen=True, slots=True)
class Figure:
    """One person: where her feet are over time, how large she is, what she wears."""

    lane: float
    centre: float
    reach: float
    pace: float
    phase: float
    clothes: tuple[int, int, int]

    def left_at(self, seconds: float) -> float:
        """Where she stands, as a share of the picture's width."""
        return self.centre + self.reach * math.sin(self.pace * seconds + self.phase)


class Scene:
    """One room at one size. The same moment and the same people always give the same picture."""

    def __init__(self, room_id: str, width: int, height: int, timezone: tzinfo) -> None:
        self._room_id = room_id
        self._timezone = timezone
        self._stamped = width // COLUMNS >= 4
        self._empty = _empty_room(room_id, width, height)
        if self._stamped:
            for which in (0, 1):
                self._empty.colour(which)[(height - ROWS * (width // COLUMNS)) // 2 :] = 128
        # A seed, not a secret: every start shows the same people on the same paths.
        chance = random.Random(room_id)  # noqa: S311
        self._figures = [_random_figure(chance, number) for number in range(SEEN_AT_ONCE)]

    def draw(self, at: float, occupancy: int) -> Planes:
        """The room at `at` (seconds since 1970) with `occupancy` people, stamped where the picture is large enough."""
        planes = Planes(self._empty.array.copy(), self._empty.width, self._empty.height)
        for figure in sorted(self._figures[: max(0, occupancy)], key=lambda one: one.lane):
            _draw_figure(planes, figure, at)
        moment = datetime.fromtimestamp(at, self._timezone)
        if self._stamped:
            write_text(planes.luma, f"{self._room_id}  {moment:%H:%M:%S}", 12, 12, planes.width // 320)
            write_stamp(planes.luma, Stamp(self._room_id, int(at * 1000)))
        else:
            # Like a real camera's sub-stream: its clock tells a frozen camera from a still room.
            write_text(planes.luma, f"{moment:%H:%M:%S}", 2, 2, 1)
        return planes


def draw_black(width: int, height: int) -> Planes:
    """A covered or dead lens: black without a stamp."""
    array = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    array[:height] = 16
    return Planes(array, width, height)


def _random_figure(chance: random.Random, number: int) -> Figure:
    return Figure(
        lane=chance.uniform(0.55, 0.86),
        centre=chance.uniform(0.3, 0.7),
        reach=chance.uniform(0.08, 0.26),
        pace=chance.uniform(0.12, 0.35),
        phase=chance.uniform(0, 2 * math.pi),
        clothes=CLOTHES[number % len(CLOTHES)],
    )


def _empty_room(room_id: str, width: int, height: int) -> Planes:
    tint = sum(room_id.encode()) % 7 - 3
    planes = Planes(np.full((height * 3 // 2, width), 128, dtype=np.uint8), width, height)
    _draw_box(planes, (0.0, 0.0, 1.0, 0.5), (178, 124 + tint, 132))
    _draw_box(planes, (0.0, 0.5, 1.0, 1.0), (128, 118, 138 + tint))
    _draw_box(planes, (0.0, 0.49, 1.0, 0.51), (92, 122, 136))
    _draw_box(planes, (0.08, 0.14, 0.30, 0.40), (222, 140, 118))
    _draw_box(planes, (0.185, 0.14, 0.195, 0.40), (120, 124, 134))
    _draw_box(planes, (0.72, 0.20, 0.88, 0.50), (98, 116, 144))
    _draw_box(planes, (0.40, 0.60, 0.64, 0.64), (150, 112, 148))
    _draw_box(planes, (0.42, 0.64, 0.44, 0.76), (92, 118, 142))
    _draw_box(planes, (0.60, 0.64, 0.62, 0.76), (92, 118, 142))
    return planes


def _draw_box(planes: Planes, corners: tuple[float, float, float, float], colour: tuple[int, int, int]) -> None:
    left, top, right, bottom = corners
    for plane, level in zip((planes.luma, planes.colour(0), planes.colour(1)), colour, strict=True):
        height, width = plane.shape
        plane[int(top * height) : int(bottom * height), int(left * width) : int(right * width)] = level


def _draw_figure(planes: Planes, figure: Figure, seconds: float) -> None:
    tall = 0.28 + 0.30 * (figure.lane - 0.5)
    middle, feet = figure.left_at(seconds), figure.lane
    wide = tall * planes.height / planes.width * 0.34
    step = 0.012 * math.sin(figure.pace * seconds * 24)
    _draw_box(planes, (middle - wide * 0.4 + step, feet - tall * 0.4, middle - wide * 0.1 + step, feet), (60, 128, 128))
    _draw_box(planes, (middle + wide * 0.1 - step, feet - tall * 0.4, middle + wide * 0.4 - step, feet), (60, 128, 128))
    _draw_box(
        planes, (middle - wide * 0.5, feet - tall * 0.82, middle + wide * 0.5, feet - tall * 0.36), figure.clothes
    )
    _draw_box(planes, (middle - wide * 0.26, feet - tall, middle + wide * 0.26, feet - tall * 0.82), SKIN)
    _draw_box(planes, (middle - wide * 0.30, feet - tall * 1.03, middle + wide * 0.30, feet - tall * 0.95), HAIR)
