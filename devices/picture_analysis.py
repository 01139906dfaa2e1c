"""What can be said about a room from its picture, in numbers only? Pure: brightness in, numbers out.

Pictures come about once a second and small (a sub-stream of some 160 × 90 is enough). Nothing here knows a face or
keeps a picture longer than it needs to compare it with the next: what leaves is eight numbers.

* **black**: hardly anything is brighter than the black of a covered or dead lens.
* **frozen**: no pixel of the whole picture has changed for ten seconds. A living camera never does that: its sensor
  is noisy and it burns a clock into the picture.
* **moved**: the edges of the room are no longer where they were when the camera was first seen; people hide a few of
  them, a turned camera all.
* **motion**: the share of the picture (without the strips where cameras write) that changed since the last one.
* **occupancy**: how many person-sized areas differ from the empty room. The empty room is learned all the time, one
  grey level a picture, so somebody who sits still for minutes fades into it, and people who stand together count as
  one or as their area says. It is an estimate that tells an empty room from a full one; `CountPeople` takes another.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Luma: TypeAlias = NDArray[np.uint8]
Mask: TypeAlias = NDArray[np.bool_]
CountPeople: TypeAlias = Callable[[Mask], int]
"""From where the picture differs from the empty room to a number of people."""

BLACK_BELOW: Final = 40  # grey level under which all but the brightest 1 % of a black picture lies
FROZEN_AFTER: Final = 10.0  # seconds without any change
MOVED_BELOW: Final = 0.5  # correlation of the edges with those of the first picture
MOVED_AFTER: Final = 5.0  # seconds
_CHANGED: Final = 14  # grey levels by which a pixel counts as changed
_DIFFERS: Final = 20  # grey levels by which a pixel counts as not the empty room
_WRITTEN_ABOVE: Final = 0.10  # shares of the picture's height where cameras write date and name
_WRITTEN_BELOW: Final = 0.12
_CELLS_ACROSS: Final = 40  # the grid on which people are counted
_PERSON: Final = 0.022  # share of the picture that one person covers
_SMALLEST: Final = 0.2  # of a person: anything smaller is a shadow or a cup


@dataclass(frozen=True, slots=True)
class PictureAnalysis:
    """What one picture says."""

    black: bool
    frozen: bool
    moved: bool
    motion: float  # 0 to 1
    occupancy: int | None  # None of the first picture: there is no room yet to tell people from


@dataclass(frozen=True, slots=True)
class PictureMemory:
    """What is kept between two pictures."""

    last: Luma | None = None
    empty: NDArray[np.int16] | None = None
    edges: NDArray[np.float32] | None = None
    same_since: float | None = None
    foreign_since: float | None = None
    pictures: int = field(default=0)


def analyse_picture(
    memory: PictureMemory, luma: Luma, at: float, count: CountPeople | None = None
) -> tuple[PictureMemory, PictureAnalysis]:
    """Look at one picture taken at `at` (monotonic seconds); a picture of another size begins anew."""
    if memory.last is None or memory.last.shape != luma.shape:
        memory = PictureMemory()
    black = bool(np.percentile(luma, 99) < BLACK_BELOW)
    same_since = _same_since(memory, luma, at)
    frozen = at - same_since >= FROZEN_AFTER
    if black or memory.last is None or memory.empty is None or memory.edges is None:
        first = PictureAnalysis(
            black=black, frozen=frozen and not black, moved=False, motion=0.0, occupancy=0 if black else None
        )
        return _start_memory(memory, luma, same_since, black=black), first
    foreign_since = _foreign_view_since(memory, memory.edges, luma, at)
    moved = foreign_since is not None and at - foreign_since >= MOVED_AFTER
    differs = _detect_foreground(memory.empty, luma)
    seen = PictureAnalysis(
        black=False,
        frozen=frozen,
        moved=moved,
        motion=round(float(np.mean(_subtract_brightness(_crop_strips(memory.last), _crop_strips(luma)) > _CHANGED)), 4),
        occupancy=(count or count_people)(differs),
    )
    empty = _update_background(memory.empty, luma, differs, memory.pictures)
    return replace(
        memory, last=luma, empty=empty, same_since=same_since, foreign_since=foreign_since, pictures=memory.pictures + 1
    ), seen


def count_people(differs: Mask) -> int:
    """Join what differs into areas on a coarse grid; each is one person, or as many as its area makes."""
    grid = _downsample_mask(differs)
    people = 0
    for cells in _measure_areas(grid):
        share = cells / grid.size
        if share >= _PERSON * _SMALLEST:
            people += max(1, round(share / _PERSON))
    return people


def _start_memory(memory: PictureMemory, luma: Luma, same_since: float, *, black: bool) -> PictureMemory:
    """Begin: the first picture that is not black is the room as it should look. Black ones teach nothing."""
    if black:
        return replace(memory, last=luma, same_since=same_since, foreign_since=None)
    return replace(
        memory,
        last=luma,
        empty=luma.astype(np.int16) if memory.empty is None else memory.empty,
        edges=_detect_edges(luma) if memory.edges is None else memory.edges,
        same_since=same_since,
    )


def _same_since(memory: PictureMemory, luma: Luma, at: float) -> float:
    if memory.last is None or memory.same_since is None or not np.array_equal(memory.last, luma):
        return at
    return memory.same_since


def _foreign_view_since(memory: PictureMemory, edges: NDArray[np.float32], luma: Luma, at: float) -> float | None:
    if _correlate_edges(edges, _detect_edges(luma)) >= MOVED_BELOW:
        return None
    return at if memory.foreign_since is None else memory.foreign_since


def _crop_strips(luma: Luma) -> Luma:
    """The picture without the strips in which cameras write."""
    height = luma.shape[0]
    return luma[round(height * _WRITTEN_ABOVE) : round(height * (1 - _WRITTEN_BELOW))]


def _subtract_brightness(one: Luma, other: Luma) -> NDArray[np.int16]:
    difference: NDArray[np.int16] = np.abs(one.astype(np.int16) - other.astype(np.int16))
    return difference


def _detect_foreground(empty: NDArray[np.int16], luma: Luma) -> Mask:
    """Where the picture is not the empty room; the strips in which cameras write never are."""
    differs: Mask = np.abs(luma.astype(np.int16) - empty) > _DIFFERS
    height = luma.shape[0]
    differs[: round(height * _WRITTEN_ABOVE)] = False
    differs[round(height * (1 - _WRITTEN_BELOW)) :] = False
    return differs


def _update_background(empty: NDArray[np.int16], luma: Luma, differs: Mask, pictures: int) -> NDArray[np.int16]:
    """The empty room moves one grey level towards what is seen; where somebody is, only at every fourth picture."""
    step: NDArray[np.int16] = np.sign(luma.astype(np.int16) - empty)
    if pictures % 4:
        step[differs] = 0
    return empty + step


def _detect_edges(luma: Luma) -> NDArray[np.float32]:
    """How strongly brightness changes, on a grid coarse enough that trembling and noise do not count."""
    inner = _crop_strips(luma).astype(np.float32)
    cell = max(1, luma.shape[1] // _CELLS_ACROSS)
    rows, columns = inner.shape[0] // cell, inner.shape[1] // cell
    small = inner[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell).mean(axis=(1, 3))
    down, across = np.gradient(small)
    return np.asarray(np.hypot(down, across), dtype=np.float32)


def _correlate_edges(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Correlation, -1 to 1; two pictures without any edge are alike."""
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    if size == 0.0:
        return 1.0 if not a.any() and not b.any() else 0.0
    return float((a * b).sum()) / size


def _downsample_mask(differs: Mask) -> Mask:
    """A grid whose cells are set where a third of the pixels differ."""
    cell = max(1, differs.shape[1] // _CELLS_ACROSS)
    rows, columns = differs.shape[0] // cell, differs.shape[1] // cell
    shares = differs[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell).mean(axis=(1, 3))
    return np.asarray(shares >= 1 / 3)


def _measure_areas(grid: Mask) -> list[int]:
    """How many cells each connected area has (also over corners)."""
    left = {(int(row), int(column)) for row, column in np.argwhere(grid)}
    sizes: list[int] = []
    while left:
        edge = [left.pop()]
        size = 0
        while edge:
            row, column = edge.pop()
            size += 1
            near = {(row + down, column + across) for down in (-1, 0, 1) for across in (-1, 0, 1)} & left
            left -= near
            edge.extend(near)
        sizes.append(size)
    return sizes
