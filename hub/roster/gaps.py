"""When has nobody a duty, and until when is the roster written?"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from hub.roster.model import Duty, Gap, RosterEnd, Shift, TimeSpan

GIVEN_UP_AFTER: Final = timedelta(days=28)
"""A duty that nobody has had for so long, while others are written, was given up: its end is no news."""


def gaps_of(shifts: Iterable[Shift], duty: Duty, from_at: datetime, to_at: datetime) -> tuple[Gap, ...]:
    """The times between `from_at` and `to_at` that no shift of this duty covers, in order."""
    found: list[Gap] = []
    covered_until = from_at
    for shift in sorted((shift for shift in shifts if shift.duty is duty), key=lambda shift: shift.from_at):
        if shift.to_at <= covered_until:
            continue
        if shift.from_at >= to_at:
            break
        if shift.from_at > covered_until:
            found.append(Gap(duty, covered_until, shift.from_at))
        covered_until = shift.to_at
    if covered_until < to_at:
        found.append(Gap(duty, covered_until, to_at))
    return tuple(found)


def gaps_within(gaps: Iterable[Gap], hours: Iterable[TimeSpan]) -> tuple[Gap, ...]:
    """The parts of these gaps that lie within these hours, in order of the gaps and then of the hours.

    Where one span of the hours begins as the one before it ends, as at midnight, a gap goes on.
    """
    hours = tuple(hours)
    found: list[Gap] = []
    for gap in gaps:
        for one in hours:
            if gap.to_at <= one.from_at or one.to_at <= gap.from_at:
                continue
            part = Gap(gap.duty, max(gap.from_at, one.from_at), min(gap.to_at, one.to_at))
            if found and found[-1].duty is part.duty and found[-1].to_at == part.from_at:
                part = replace(found.pop(), to_at=part.to_at)
            found.append(part)
    return tuple(found)


def roster_end(last_ends: Mapping[Duty, datetime], now: datetime) -> RosterEnd | None:
    """Which duty is the first whose last shift ends, and when; None while no shift was ever written.

    When all of them have ended long ago, it is the one that ended last: then the whole roster is over.
    """
    if not last_ends:
        return None
    # Two that end at once: the one that is called first. Each look has to say the same.
    ends = sorted((RosterEnd(duty, last_ends[duty]) for duty in Duty if duty in last_ends), key=lambda end: end.at)
    kept = [end for end in ends if end.at > now - GIVEN_UP_AFTER]
    return kept[0] if kept else ends[-1]
