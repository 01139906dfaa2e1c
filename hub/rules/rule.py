"""What is a rule, what is a set of rules, and which of them listen to a message?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias, assert_never

from hub.rules.expressions import Expression
from hub.rules.model import (
    Event,
    PressHeard,
    PressKind,
    Priority,
    ReadingHeard,
    ReportedState,
    StatusHeard,
    VisitHeard,
    VisitKind,
)

HEARTBEAT = "heartbeat"
ROSTER = "roster"
EVENTS = frozenset({*PressKind, *VisitKind, *ReportedState} - {PressKind.CANCEL})


class Per(StrEnum):
    """Whose state a rule keeps: one for each room, senior or device. Of the centre there is only the roster."""

    ROOM = "room.id"
    SENIOR = "senior.id"
    DEVICE = "device.id"
    CENTRE = "centre.id"


OF_MESSAGES = frozenset({Per.ROOM, Per.SENIOR, Per.DEVICE})
"""What a message can be about."""


@dataclass(frozen=True, slots=True)
class OnEvent:
    """Each time this is heard."""

    event: str


@dataclass(frozen=True, slots=True)
class OnReading:
    """Once the condition has held for `hold`, until `clear` is true, or without one until it holds no longer."""

    reading: str
    hold: timedelta = timedelta()
    clear: Expression | None = None


@dataclass(frozen=True, slots=True)
class OnAbsence:
    """Dead man's switch: when `what` (anything at all, a reading or an event) was not heard for `wait`.

    Without a `wait` it is the device's own heartbeat. `kinds` limits it to some kinds of devices.
    """

    what: str
    wait: timedelta | None
    kinds: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class OnRosterEnd:
    """When the last shift that is written of a duty ends within this time. Nobody has to say anything for that."""

    within: timedelta


Pattern: TypeAlias = OnEvent | OnReading | OnAbsence | OnRosterEnd


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `id` is the stable identity of its state and history."""

    id: str
    priority: Priority
    on: Pattern
    per: Per
    when: Expression | None
    summary: dict[str, str]
    source: str = field(default="", compare=False)  # the file it came from; empty: built in
    line: int = field(default=0, compare=False)

    @property
    def listens(self) -> str:
        """What it wants to hear, as `heard_as` says it."""
        match self.on:
            case OnEvent(event=event):
                return event
            case OnReading(reading=reading):
                return f"reading:{reading}"
            case OnAbsence(what=what):
                return what if what == HEARTBEAT or what in EVENTS else f"reading:{what}"
            case OnRosterEnd():
                return ROSTER
            case _ as never:
                assert_never(never)


def name_event(event: Event) -> str:
    """The name under which rules listen to `event`."""
    match event:
        case PressHeard(kind=kind):
            return kind
        case ReadingHeard(name=name):
            return f"reading:{name}"
        case VisitHeard(what=what):
            return what
        case StatusHeard(state=state):
            return state
        case _ as never:
            assert_never(never)


class RuleSet:
    """The rules in force, found by what they listen to."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """`rules` have different ids; their order is the order of findings."""
        self.rules = tuple(rules)
        self._named = {rule.id: rule for rule in self.rules}
        self._listening: dict[str, list[Rule]] = {}
        for rule in self.rules:
            self._listening.setdefault(rule.listens, []).append(rule)

    def named(self, rule_id: str) -> Rule | None:
        """The rule of that id, if it is in force."""
        return self._named.get(rule_id)

    def listening(self, event: Event) -> list[Rule]:
        """The rules that want to hear `event`."""
        return [*self._listening.get(name_event(event), ()), *self._listening.get(HEARTBEAT, ())]

    def dead_man(self) -> list[Rule]:
        """The rules that watch each device from the day it is registered, heard or not."""
        return [rule for rule in self._listening.get(HEARTBEAT, ()) if rule.per is Per.DEVICE]
