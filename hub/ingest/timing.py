"""When did it happen? A device's clocks against the hub's.

The monotonic age is trusted; the wall clock only where it agrees with what the hub learned of it; else the time of
receipt, said to be uncertain. A device never moves time into the future.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

# What the protocol says: a device's time counts within 5 s of the offset that its last 20 fresh messages taught.
AGREES_WITHIN: Final = timedelta(seconds=5)
LATE_AFTER: Final = timedelta(seconds=10)
OLDEST_BELIEVED: Final = timedelta(days=30)
FRESH_MESSAGES: Final = 20
DEVICES_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class When:
    """`late`: more than 10 s before receipt."""

    at: datetime
    late: bool
    uncertain: bool


def estimate_time(received_at: datetime, at: datetime | None, age_ms: int | None, learned: timedelta) -> When:
    """When a message's moment was, by the hub's clock.

    `offset_of` is how far this device's wall clock is behind the hub's: what to add to its `at`.
    """
    if age_ms is not None and age_ms <= OLDEST_BELIEVED / timedelta(milliseconds=1):
        return _certain_time(received_at, received_at - timedelta(milliseconds=age_ms))
    if at is not None and abs(received_at - at - learned) <= AGREES_WITHIN:
        return _certain_time(received_at, at + learned)
    return When(received_at, late=False, uncertain=True)


def reading_time(received_at: datetime, at: datetime | None, age_ms: int | None, learned: timedelta) -> datetime:
    """When a reading was taken: the device's own time where it is within 5 s, so that a repeat stays the same."""
    computed = estimate_time(received_at, at, age_ms, learned).at
    if at is not None and abs(computed - at) <= AGREES_WITHIN:
        return min(at, received_at)
    return computed


def _certain_time(received_at: datetime, at: datetime) -> When:
    at = min(at, received_at)
    return When(at, late=received_at - at > LATE_AFTER, uncertain=False)


class DeviceClocks:
    """How far each device's wall clock is behind the hub's: the median of its last 20 fresh messages.

    A message is fresh when its device said how old it was and that was less than the 10 s that make it late.
    """

    def __init__(self) -> None:
        self._behind: dict[str, deque[timedelta]] = {}

    def note_message(self, device_id: str, received_at: datetime, at: datetime | None, age_ms: int | None) -> None:
        """Note what a message tells about its device's clock."""
        if at is None or age_ms is None or age_ms > LATE_AFTER / timedelta(milliseconds=1):
            return
        if device_id not in self._behind and len(self._behind) >= DEVICES_KEPT:
            return
        noted = self._behind.setdefault(device_id, deque(maxlen=FRESH_MESSAGES))
        noted.append(received_at - timedelta(milliseconds=age_ms) - at)

    def offset_of(self, device_id: str) -> timedelta:
        """What to add to the device's times; nothing while nothing is known."""
        return self.known_offset(device_id) or timedelta()

    def known_offset(self, device_id: str) -> timedelta | None:
        """The same; None while nothing is known."""
        noted = self._behind.get(device_id)
        return sorted(noted)[len(noted) // 2] if noted else None
