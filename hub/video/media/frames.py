"""What does a late joiner get at once? The pictures since the last key picture, as long as they are few and small."""

from __future__ import annotations

from dataclasses import dataclass

from hub.video.media.timeline import CLOCK_RATE, FrameTime

LONGEST_SECONDS = 60.0
MOST_BYTES = 2_000_000
MOST_PICTURES = 1_000
"""A late joiner is sent all of this at once and decodes it before she sees anything: about 2 s."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One coded picture of a camera (Annex B), as every viewer gets it."""

    coded: bytes
    moment: FrameTime
    is_key: bool

    @property
    def captured_at(self) -> float:
        return self.moment.captured_at


class Gop:
    """The pictures since the last key picture; nothing when they became too many: then one waits for the next key."""

    def __init__(self) -> None:
        self._frames: list[Frame] = []
        self._bytes = 0

    def add(self, frame: Frame) -> None:
        """Keep this picture; a key picture begins anew."""
        if frame.is_key:
            self.clear()
        elif not self._frames:
            return
        self._frames.append(frame)
        self._bytes += len(frame.coded)
        age = frame.moment.timestamp - self._frames[0].moment.timestamp
        if self._bytes > MOST_BYTES or len(self._frames) > MOST_PICTURES or age > LONGEST_SECONDS * CLOCK_RATE:
            self.clear()

    def clear(self) -> None:
        self._frames = []
        self._bytes = 0

    @property
    def frames(self) -> tuple[Frame, ...]:
        return tuple(self._frames)


def compress_timestamps(frames: tuple[Frame, ...]) -> tuple[tuple[Frame, int], ...]:
    """Kept pictures with timestamps a millisecond apart, the last at its own: a viewer catches up at once."""
    if not frames:
        return ()
    last = frames[-1].moment.timestamp
    tick = CLOCK_RATE // 1000
    return tuple((frame, last - (len(frames) - 1 - number) * tick) for number, frame in enumerate(frames))
