"""Are the right cards held to the right readers?"""

from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import simulators
from devices.contract.messages import VisitAction
from simulators.people import HALL, Card, locate_seniors, plan_cards
from simulators.plan import read_plan

PLAN = read_plan(Path(simulators.__file__).with_name("centre.yaml"))


def held(
    before: dict[str, str | None], room: str | None, again: frozenset[str] = frozenset()
) -> tuple[list[Card], str | None]:
    """The cards of one senior, and how far she has come."""
    found, come = plan_cards(PLAN, before, {"s-01": room}, again)
    return found, come["s-01"]


def test_whoever_comes_shows_her_card_at_the_door_and_then_in_the_room() -> None:
    assert held({"s-01": None}, "gym") == ([Card("r-door", "s-01", VisitAction.ARRIVE)], HALL)
    assert held({"s-01": HALL}, "gym") == ([Card("r-gym", "s-01", VisitAction.ENTER)], "gym")


def test_whoever_changes_rooms_shows_it_in_the_new_one() -> None:
    assert held({"s-01": "gym"}, "music") == ([Card("r-music", "s-01", VisitAction.ENTER)], "music")


def test_whoever_goes_shows_it_at_the_door() -> None:
    assert held({"s-01": "gym"}, None) == ([Card("r-door", "s-01", VisitAction.LEAVE)], None)


def test_whoever_stays_shows_it_only_now_and_then() -> None:
    assert held({"s-01": "gym"}, "gym") == ([], "gym")
    assert held({"s-01": "gym"}, "gym", frozenset({"s-01"})) == ([Card("r-gym", "s-01", VisitAction.ENTER)], "gym")
    assert held({"s-01": None}, None) == ([], None)


def test_after_a_start_it_is_said_of_everybody_where_she_is() -> None:
    assert held({}, None) == ([Card("r-door", "s-01", VisitAction.LEAVE)], None)
    assert held({}, "gym") == ([Card("r-door", "s-01", VisitAction.ARRIVE)], HALL)


@given(st.integers(0, 7 * 24 * 60))
def test_whoever_was_sent_somewhere_is_there(minute: int) -> None:
    at = datetime(2026, 11, 23, tzinfo=PLAN.timezone) + timedelta(minutes=minute)

    now = locate_seniors(PLAN, at, {"s-06": "music", "s-01": None})

    assert (now["s-06"], now["s-01"]) == ("music", None)
    assert len(now) == 40
