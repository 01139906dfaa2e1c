"""When was this picture captured? The camera's own clock tells how far apart, ours tells when.

Cameras' clocks drift and restart, and pictures pile up in networks. The smallest delay between the camera's clock and
ours within the last half minute is taken for the real one: what comes later than that was captured earlier, not just
now. A camera whose clock is slow by some per cent looks like a network that delays ever more: where the smallest delay
of each second rises steadily, that rise is the clock's.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from statistics import median_low
from typing import Final

CLOCK_RATE = 90_000
CAMERA_DELAY = 0.1
"""Seconds between the lens and the first byte on the wire. Assumed long: too early is safe, too late is not."""
LONGEST_STEP = 2.0
WINDOW_SECONDS: Final = 30
"""What was delayed least before that says nothing any more."""
LEAST_DRIFT, MOST_DRIFT = 0.02, 0.6
"""Seconds of delay a second: a clock that is slow by less is of no account within the window, and no clock by more."""
PACE_SECONDS: Final = 5
"""Smallest delays so far apart are compared: one pile-up in between is in few of the pairs."""
FEWEST_PAIRS: Final = 2
FIRST_IS_OLD = 0.5
"""The reader hands out a picture when the next one begins; how long the first lay there is unknown."""


@dataclass(frozen=True, slots=True)
class FrameTime:
    """`captured_at` in monotonic seconds, never later than it was; `timestamp` on the 90 kHz clock, always rising."""

    captured_at: float
    timestamp: int


class SmallestDelay:
    """The smallest of the delays of the last half minute, without what the camera's clock loses meanwhile."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[float, float]] = deque(maxlen=WINDOW_SECONDS)
        """Of each second in which something came the smallest delay, after the moment at which that came."""
        self._drift = 0.0

    def note_delay(self, delay: float, received_at: float) -> float:
        """What a picture that came now with this delay would have been delayed without a network."""
        if not self._seconds or int(self._seconds[-1][0]) != int(received_at):
            self._drift = self._measure_drift()
            self._seconds.append((received_at, delay))
        elif delay <= self._seconds[-1][1]:
            self._seconds[-1] = (received_at, delay)
        begin = received_at - WINDOW_SECONDS
        return min(least + self._drift * (received_at - at) for at, least in self._seconds if at > begin)

    def _measure_drift(self) -> float:
        """Seconds by which the smallest delay rises in each second; 0 for one that is no clock's."""
        whole = list(self._seconds)
        pace = min(PACE_SECONDS, max(1, len(whole) // 3))
        rises = [
            (late - early) / (then - at)
            for (at, early), (then, late) in zip(whole, whole[pace:], strict=False)
            if then > at
        ]
        if len(rises) < FEWEST_PAIRS:
            return 0.0
        drift = median_low(rises)
        is_steady = sorted(rises)[len(rises) // 4] >= drift / 2
        return drift if is_steady and LEAST_DRIFT <= drift <= MOST_DRIFT else 0.0


class Timeline:
    """The moments of one camera's pictures, over all its reconnects."""

    def __init__(self) -> None:
        self._shown: float | None = None
        self._smallest = SmallestDelay()
        self._timestamp = 0

    def restarted(self) -> None:
        """The camera was connected to anew: its clock may have begun again anywhere."""
        self._shown = None

    def place(self, shown: Fraction | float | None, received_at: float) -> FrameTime:
        """The moment of the picture that the camera's clock puts at `shown` seconds and that came at `received_at`."""
        before, now = self._shown, None if shown is None else float(shown)
        self._shown = now
        if now is None or before is None or not 0 < now - before <= LONGEST_STEP:
            self._smallest = SmallestDelay()
            captured_at, interval = received_at, FIRST_IS_OLD
            if now is not None:
                self._smallest.note_delay(received_at - now, received_at)
        else:
            captured_at = now + min(self._smallest.note_delay(received_at - now, received_at), received_at - now)
            interval = now - before
        self._timestamp = max(self._timestamp + 1, int(captured_at * CLOCK_RATE))
        return FrameTime(captured_at - interval - CAMERA_DELAY, self._timestamp)
