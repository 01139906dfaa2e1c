"""Does a device press more often than a hand can? Pure. Its presses ring all the same; the device is noticed."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final

PRESSES: Final = 50
WITHIN: Final = timedelta(seconds=10)
"""A frightened hand presses three times a second, and stops before ten seconds are over."""


class PressRates:
    """The times of the last presses of each device."""

    def __init__(self) -> None:
        self._pressed: dict[str, deque[datetime]] = {}

    def note_press(self, device: str, pressed_at: datetime) -> bool:
        """Whether this press is one of more than 50 of its device within ten seconds, by the time of the presses."""
        times = self._pressed.setdefault(device, deque(maxlen=PRESSES))
        is_too_often = len(times) == PRESSES and abs(pressed_at - times[0]) <= WITHIN
        times.append(pressed_at)
        return is_too_often

    def forget_before(self, moment: datetime) -> None:
        """Forget devices that have not pressed since."""
        self._pressed = {device: times for device, times in self._pressed.items() if times[-1] >= moment}
