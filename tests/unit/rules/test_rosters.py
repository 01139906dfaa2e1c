"""A roster that ends soon is said once, said anew when its end moves, and over when somebody has written it further."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from hub.roster.model import Duty, RosterEnd
from hub.rules.model import Priority
from hub.rules.rosters import RosterSeen, roster_findings
from hub.rules.rule import OnRosterEnd, Per, Rule, RuleSet
from tests.unit.rules.examples import CENTRE, NINE, ROOM_HOT

DAY = timedelta(days=1)
ENDS = Rule(
    id="roster-ends",
    priority=Priority.P3,
    on=OnRosterEnd(14 * DAY),
    per=Per.CENTRE,
    when=None,
    summary={"zh-CN": "值班表（{duty}）只排到 {date}", "en": "The roster ({duty}) ends at {date}"},
)
RULES = RuleSet([ROOM_HOT, ENDS])


def seen(days: float | None, standing: Mapping[str, Mapping[str, str]] | None = None) -> RosterSeen:
    """The first duty's roster ends so many days from now, with these notices."""
    end = None if days is None else RosterEnd(Duty.PRIMARY, NINE + days * DAY)
    return RosterSeen(CENTRE, ZoneInfo("Asia/Shanghai"), end, standing or {}, NINE)


def notice(days: float, duty: str = "primary") -> dict[str, dict[str, str]]:
    """The notice that stands says this."""
    return {"roster-ends": {"duty": duty, "until": (NINE + days * DAY).isoformat(timespec="seconds"), "en": "…"}}


@pytest.mark.parametrize("days", [14, 3, 0, -40])
def test_a_roster_that_ends_within_fourteen_days_or_has_ended_is_said(days: float) -> None:
    [found] = roster_findings(RULES, seen(days))

    assert (found.klass, found.priority, found.subject, found.cleared) == ("roster-ends", Priority.P3, "roster", False)


def test_it_is_said_in_both_languages_by_the_centre_s_clock() -> None:
    [found] = roster_findings(RULES, seen(3))

    assert found.summary == {
        "zh-CN": "值班表（第一值班）只排到 2026-11-26 09:00",
        "en": "The roster (first duty) ends at 2026-11-26 09:00",
    }


@pytest.mark.parametrize("days", [14.01, 28, None])
def test_a_roster_that_is_written_further_and_one_that_nobody_ever_wrote_are_no_news(days: float | None) -> None:
    assert roster_findings(RULES, seen(days)) == []


def test_what_is_said_already_is_not_said_again() -> None:
    assert roster_findings(RULES, seen(3, notice(3))) == []


@pytest.mark.parametrize("before", [notice(5), notice(3, "lead")])
def test_it_is_said_anew_when_the_end_or_the_duty_is_another(before: dict[str, dict[str, str]]) -> None:
    [found] = roster_findings(RULES, seen(3, before))

    assert (found.cleared, found.params["until"]) == (False, "2026-11-26T01:00:00+00:00")


@pytest.mark.parametrize(("days", "rules"), [(28, RULES), (3, RuleSet([ROOM_HOT]))])
def test_it_is_over_when_the_roster_is_written_further_or_the_rule_is_gone(days: float, rules: RuleSet) -> None:
    [found] = roster_findings(rules, seen(days, notice(3)))

    assert (found.klass, found.subject, found.cleared) == ("roster-ends", "roster", True)


def test_each_rule_has_its_own_time() -> None:
    sooner = replace(ENDS, id="roster-ends-tomorrow", on=OnRosterEnd(DAY))

    assert [found.klass for found in roster_findings(RuleSet([ENDS, sooner]), seen(3))] == ["roster-ends"]
    assert len(roster_findings(RuleSet([ENDS, sooner]), seen(0.5))) == 2
