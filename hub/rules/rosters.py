"""What follows from a roster that ends soon? A notice that is raised once, said anew when the end moves, and cleared.

Nothing is heard of a roster: the rules look at it. What was said before is the notice that stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from hub.kit.ids import CentreId
from hub.roster.model import RosterEnd
from hub.rules import texts
from hub.rules.model import Finding, Priority
from hub.rules.rule import OnRosterEnd, Rule, RuleSet

SUBJECT = "roster"


@dataclass(frozen=True, slots=True)
class RosterSeen:
    """A centre's roster at one moment: where it ends, and what the notices about it say, by rule."""

    centre_id: CentreId
    zone: ZoneInfo
    end: RosterEnd | None
    standing: Mapping[str, Mapping[str, str | int | float]]
    now: datetime


def roster_findings(rules: RuleSet, seen: RosterSeen) -> list[Finding]:
    """What is to be said and what to be cleared; nothing while the notices say what is so.

    A notice of a rule that is gone is cleared.
    """
    ending = {rule.id: finding for rule in rules.rules if (finding := _find_roster_end(rule, seen)) is not None}
    said = [
        finding for rule_id, finding in ending.items() if not _is_already_noticed(finding, seen.standing.get(rule_id))
    ]
    over = [_make_cleared_finding(rule_id, seen) for rule_id in seen.standing if rule_id not in ending]
    return [*said, *over]


def _find_roster_end(rule: Rule, seen: RosterSeen) -> Finding | None:
    """What a rule says of this roster; None when it ends later, or the rule is about something else."""
    if not isinstance(rule.on, OnRosterEnd) or seen.end is None or seen.end.at > seen.now + rule.on.within:
        return None
    return Finding(
        rule_id=rule.id,
        priority=rule.priority,
        klass=rule.id,
        centre_id=seen.centre_id,
        at=seen.now,
        about=SUBJECT,
        params={"duty": seen.end.duty.value, "until": seen.end.at.isoformat(timespec="seconds")},
        summary=texts.render_roster(rule.summary, seen.end, seen.zone),
    )


def _is_already_noticed(finding: Finding, params: Mapping[str, str | int | float] | None) -> bool:
    """Whether the notice that stands says the same already: of the same duty, the same end."""
    return params is not None and all(params.get(name) == value for name, value in finding.params.items())


def _make_cleared_finding(rule_id: str, seen: RosterSeen) -> Finding:
    return Finding(
        rule_id=rule_id,
        priority=Priority.P3,
        klass=rule_id,
        centre_id=seen.centre_id,
        at=seen.now,
        about=SUBJECT,
        cleared=True,
    )
