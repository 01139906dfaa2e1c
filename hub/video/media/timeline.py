"""When was this picture captured? The camera's own clock tells how far apart, ours tells when.

Cameras' clocks drift and restart, and pictures pile up in networks. The smallest delay between the camera's clock and
ours that was seen is taken for the real one: what comes later than that was captured earlier, not just now.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

CLOCK_RATE = 90_000
CAMERA_DELAY = 0.1
"""Seconds between the lens and the first byte on the wire. Assumed long: too early is safe, too late is not."""
LONGEST_STEP = 2.0
DRIFT = 0.001
"""How much a second of the camera may differ from ours: the smallest delay is forgotten at this rate."""
FIRST_IS_OLD = 0.5
"""The reader hands out a picture when the next one begins; how long the first lay there is unknown."""


@dataclass(frozen=True, slots=True)
class FrameTime:
    """`captured_at` in monotonic seconds, never later than it was; `timestamp` on the 90 kHz clock, always rising."""

    captured_at: float
    timestamp: int


class Timeline:
    """The moments of one camera's pictures, over all its reconnects."""

    def __init__(self) -> None:
        self._shown: float | None = None
        self._received = 0.0
        self._delay = 0.0
        self._timestamp = 0

    def restarted(self) -> None:
        """The camera was connected to anew: its clock may have begun again anywhere."""
        self._shown = None

    def place(self, shown: Fraction | float | None, received_at: float) -> FrameTime:
        """The moment of the picture that the camera's clock puts at `shown` seconds and that came at `received_at`."""
        before, now = self._shown, None if shown is None else float(shown)
        self._shown = now
        if now is None or before is None or not 0 < now - before <= LONGEST_STEP:
            self._delay = received_at - now if now is not None else 0.0
            captured_at, interval = received_at, FIRST_IS_OLD
        else:
            slack = self._delay + DRIFT * max(0.0, received_at - self._received)
            self._delay = min(slack, received_at - now)
            captured_at, interval = now + self._delay, now - before
        self._received = received_at
        self._timestamp = max(self._timestamp + 1, int(captured_at * CLOCK_RATE))
        return FrameTime(captured_at - interval - CAMERA_DELAY, self._timestamp)
