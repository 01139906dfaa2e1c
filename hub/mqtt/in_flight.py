"""How much may one device have in flight, whatever connections it opens? Pure.

In flight is what was received and is not settled: durable, or shed. It counts until then even if its connection ends,
so that connecting again makes no room. What a connection is told when there is room again is a callable.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hub.mqtt.topics import Lane

REPORT_WINDOW: Final = 5
"""Reports of QoS 1. A device of ours never sends more, and its press is read in front of none of them."""
MAX_IN_FLIGHT: Final = {Lane.ALARM: 256, Lane.STATE: 100, Lane.TELEMETRY: 500}
"""Of one device; on the telemetry lane of reports with QoS 0, which are settled within a second."""


@dataclass(slots=True)
class ReportWindow:
    """The reports of QoS 1 that one device has in flight, and who holds one more of it, oldest first."""

    in_flight: int = 0
    waiting: deque[Callable[[], None]] = field(default_factory=deque)
    """Each takes a place, unless it has nothing to send any more."""

    def take_place(self) -> bool:
        """Take a place for a report; False when there is none."""
        if self.in_flight >= REPORT_WINDOW:
            return False
        self.in_flight += 1
        return True

    def release_place(self) -> None:
        """A report is settled: who waits longest may send."""
        self.in_flight -= 1
        while self.waiting and self.in_flight < REPORT_WINDOW:
            self.waiting.popleft()()


@dataclass(slots=True)
class DeviceInFlight:
    """What a client has in flight over all its connections."""

    counts: Counter[Lane] = field(default_factory=Counter)
    windows: dict[str, ReportWindow] = field(default_factory=dict)
    """By the device of the topic: a gateway speaks for several."""
    paused: set[Callable[[], None]] = field(default_factory=set)

    @property
    def is_full(self) -> bool:
        return any(self.counts[lane] >= most for lane, most in MAX_IN_FLIGHT.items())

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight."""
        return not any(self.counts.values()) and not any(window.in_flight for window in self.windows.values())

    def window_of(self, device: str) -> ReportWindow:
        """The window of one device of this client."""
        return self.windows.setdefault(device, ReportWindow())

    def settle_one(self, lane: Lane) -> None:
        """One is settled. With half of the room free again, its paused connections read on: not with every message."""
        self.counts[lane] -= 1
        if self.paused and all(self.counts[lane] < most // 2 for lane, most in MAX_IN_FLIGHT.items()):
            paused, self.paused = self.paused, set()
            for read_on in paused:
                read_on()


@dataclass(slots=True, eq=False)
class Unanswered:
    """A PUBLISH whose PUBACK is owed; QoS 0 is owed none and only holds its place."""

    packet_id: int | None
    durable: bool = False


@dataclass(slots=True)
class UnansweredLanes:
    """What is unanswered on the alarm path's lanes, oldest first: PUBACKs keep the order of their lane."""

    alarm: deque[Unanswered] = field(default_factory=deque)
    state: deque[Unanswered] = field(default_factory=deque)

    def of(self, lane: Lane) -> deque[Unanswered]:
        return self.alarm if lane is Lane.ALARM else self.state
