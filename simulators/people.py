"""Which cards are held to which readers when somebody goes from one room to another? Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devices.contract.messages import VisitAction
from simulators.day import room_of
from simulators.plan import CentrePlan

HALL: Final = ""
"""In the building, on the way from the door to a room."""


@dataclass(frozen=True, slots=True)
class Card:
    """One card at one reader."""

    reader: str
    senior: str
    what: VisitAction


def locate_seniors(plan: CentrePlan, at: datetime, sent: Mapping[str, str | None]) -> dict[str, str | None]:
    """The room of each senior at this local time; whoever was sent somewhere is there, whatever the day says."""
    return {
        person.id: sent[person.id] if person.id in sent else room_of(plan.living, person, at)
        for person in plan.living.people
    }


def plan_cards(
    plan: CentrePlan,
    before: Mapping[str, str | None],
    now: Mapping[str, str | None],
    again: AbstractSet[str] = frozenset(),
) -> tuple[list[Card], dict[str, str | None]]:
    """The cards between two looks, and how far everybody has come.

    Nobody knows where somebody was who is not in `before`: wherever she is now is said. Whoever comes is in the HALL at
    this look and in her room at the next: nobody is at two readers in one moment. Whoever is in `again` shows her card
    once more where she stays: what the hub knows of her must not grow too old.
    """
    held: list[Card] = []
    come: dict[str, str | None] = {}
    for senior, room in now.items():
        is_known = senior in before
        card, come[senior] = _next_step(plan, senior, before.get(senior), room)
        if card is not None and not (is_known and before[senior] == come[senior] and senior not in again):
            held.append(card)
    return held, come


def _next_step(plan: CentrePlan, senior: str, before: str | None, room: str | None) -> tuple[Card | None, str | None]:
    """The card that says where she is on her way, and where that is."""
    if room is None:
        return Card(plan.door_reader, senior, VisitAction.LEAVE), None
    if before is None:
        return Card(plan.door_reader, senior, VisitAction.ARRIVE), HALL
    reader = plan.reader_in(room)
    return (None if reader is None else Card(reader, senior, VisitAction.ENTER)), room
