"""When has nobody a duty?"""

from collections.abc import Iterable
from datetime import datetime

from hub.roster.model import Duty, Gap, Shift


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
