"""Was an alarm silent? How long nobody was told of a trigger whose call is open, beyond what is allowed.

A call is open from the first answer to a press (its presser is told that it was heard), or from when its alarm was seen
open, until its alarm is seen in somebody's hands or ended. Times are seconds of the prover's monotonic clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

_SETTLES_SECONDS: Final = 3.0
"""An answered press whose alarm was not open in looks for so long belongs to an alarm that somebody has."""


class CallState(StrEnum):
    """What a look at the database said of a trigger's alarms."""

    CALLING = "calling"
    """One is open: nobody has taken it."""
    ATTENDED = "attended"
    """None is open."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one moment."""

    at: float
    state: CallState


@dataclass(frozen=True, slots=True)
class MonotonicSpan:
    """From then to then: somebody waits for help, or no hub ran."""

    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody was told from then to then, `seconds` longer than allowed."""

    device_id: str
    since: float
    until: float
    seconds: float


def list_open_calls(answered: Iterable[float], looks: Iterable[Look], until: float) -> list[MonotonicSpan]:
    """When somebody waited, from the answers to her presses and from looks at her alarms, in any order of time."""
    events = sorted([(at, None) for at in answered] + [(look.at, look.state) for look in looks], key=lambda one: one[0])
    calls: list[MonotonicSpan] = []
    since: float | None = None
    seen_open = False
    last: CallState | None = None
    for at, state in events:
        if at > until:
            break
        if state is None:
            if since is None and last is not CallState.ATTENDED:
                since, seen_open = at, False
        elif state is CallState.CALLING:
            since, seen_open, last = at if since is None else since, True, state
        elif since is not None and (seen_open or at - since > _SETTLES_SECONDS):
            calls.append(MonotonicSpan(since, at))
            since, last = None, state
        elif since is None:
            last = state
    return calls if since is None else [*calls, MonotonicSpan(since, until)]


@dataclass(frozen=True, slots=True)
class SilenceAllowed:
    """How long nobody may be told; when no hub ran because the prover itself had stopped it is not counted."""

    seconds: float
    stopped: Sequence[MonotonicSpan] = ()

    def measure_excess(self, since: float, until: float) -> float:
        """By how much a gap is too long; 0 or less: it is not."""
        own = sum(max(0.0, min(until, span.until) - max(since, span.since)) for span in self.stopped)
        return until - since - own - self.seconds


def find_silences(
    device_id: str, calls: Iterable[MonotonicSpan], told: Sequence[float], allowed: SilenceAllowed
) -> list[Silence]:
    """Each gap between two messages about an open call that was longer than allowed."""
    silences = []
    for call in calls:
        moments = [call.since, *(at for at in sorted(told) if call.since < at < call.until), call.until]
        for first, second in pairwise(moments):
            excess = allowed.measure_excess(first, second)
            if excess > 0:
                silences.append(Silence(device_id, first, second, excess))
    return silences
