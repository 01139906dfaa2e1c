"""Who is told next, and when?"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from hub.alarms.model import Policy, Step
from hub.kit.ids import AccountId

SHORTEST_WAIT: Final = timedelta(seconds=10)
HURRY_PRESSES: Final = 3
HURRY_WITHIN: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier as it is now: these people are reachable, and so long it waits before the next.

    Raises ValueError for a wait under ten seconds: nobody can answer faster than her phone rings.
    """

    wait: timedelta
    responders: tuple[AccountId, ...]

    def __post_init__(self) -> None:
        if self.wait < SHORTEST_WAIT:
            raise ValueError(f"a tier waits {self.wait.total_seconds():g} s: at least 10 s are needed")


@dataclass(frozen=True, slots=True)
class Escalation:
    """How far an alarm has gone: tiers below `taken` were notified, the next is due at `due_at` (None at the top)."""

    tiers: tuple[Tier, ...]
    taken: int
    due_at: datetime | None


def advance(escalation: Escalation, now: datetime) -> tuple[Escalation, tuple[AccountId, ...]]:
    """Take every tier that is due at `now`.

    Returns the escalation afterwards and the recipients, each once, in order. A tier that reaches nobody
    has no recipients: the next is taken with it. After an outage all missed tiers are taken at once, and the next
    stays due when it always was: late is better than never. Past the last tier nothing is due; `repeat` goes on.
    """
    taken, due_at = escalation.taken, escalation.due_at
    while due_at is not None and due_at <= now:
        tier = escalation.tiers[taken]
        taken += 1
        if taken == len(escalation.tiers):
            due_at = None
        elif tier.responders:
            due_at += tier.wait
    return replace(escalation, taken=taken, due_at=due_at), people_of(escalation.tiers[escalation.taken : taken])


def take_next_tier(escalation: Escalation, now: datetime) -> tuple[Escalation, tuple[AccountId, ...]]:
    """Take the next tier now, whenever it was due; at the top nothing is left to take."""
    if escalation.due_at is None:
        return escalation, ()
    return advance(replace(escalation, due_at=min(escalation.due_at, now)), now)


def people_of(tiers: tuple[Tier, ...]) -> tuple[AccountId, ...]:
    """Everybody on these tiers, each once, in order."""
    return tuple(dict.fromkeys(responder for tier in tiers for responder in tier.responders))


def empty_tiers_between(before: Escalation, after: Escalation) -> tuple[int, ...]:
    """The tiers taken between the two that reach nobody."""
    return tuple(n for n in range(before.taken, after.taken) if not after.tiers[n].responders)


def asks_for_next_tier(presses: tuple[datetime, ...], hurried_at: datetime | None, now: datetime) -> bool:
    """Whether three distinct presses within 30 s ask for the next tier now; at most once per 30 s.

    What is later than `now` is of a clock that has been set back since, and counts for nothing.
    """
    if hurried_at is not None and timedelta() <= now - hurried_at < HURRY_WITHIN:
        return False
    told = [at for at in presses if at <= now]
    recent = [at for at in told if max(told) - at < HURRY_WITHIN]
    return len(recent) >= HURRY_PRESSES


def lead_tier(policy: Policy | None) -> int | None:
    """The tier that notifies the lead, if one does."""
    if policy is None:
        return None
    return next((n for n, step in enumerate(policy.steps) if "duty:lead" in step.targets), None)


# What holds until the centre has written its own. Targets are words of `policies`.
OPENING_HOURS: Final = (
    Step(30, ("board", "duty:primary", "lamp:corridor")),
    Step(30, ("duty:centre_staff", "siren:corridor")),
    Step(60, ("duty:secondary",)),
    Step(60, ("duty:lead", "role:grid_head")),
    Step(60, ("role:street_office",)),
)
OUT_OF_HOURS: Final = (
    Step(60, ("board", "duty:primary")),
    Step(60, ("duty:secondary",)),
    Step(60, ("duty:lead", "role:grid_head")),
    Step(60, ("role:street_office",)),
)
