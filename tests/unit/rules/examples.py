"""What the tests of rules say again and again: a small centre at a quarter past two, and who speaks in it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from hub.kit.ids import CentreId, DeviceId, PressId, RoomId, SeniorId
from hub.rules.context import CentreFacts, Context, DeviceFacts, RoomFacts, SeniorFacts
from hub.rules.engine import evaluate, evaluate_due
from hub.rules.expressions import Expression
from hub.rules.memory import RuleMemory, StateKey
from hub.rules.model import Event, Finding, PressHeard, PressKind, Priority, ReadingHeard, ReportedState, StatusHeard
from hub.rules.rule import OnReading, Per, Rule, RuleSet

CENTRE = CentreId("jiuquan-road")
GYM = RoomId("gym")
WANG = SeniorId("wang")
NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # nine in the morning in Lanzhou
BUILDING = CentreFacts(CENTRE, "Asia/Shanghai", time(8), time(18))
GYM_FACTS = RoomFacts(GYM, "gym", {"zh-CN": "健身室", "en": "Gym"})
SENSOR = DeviceId("t-gym")
BUTTON = DeviceId("b-01")
HOT_FILE = """\
schema: anling.rules/1
rules:
- id: room-hot
  priority: P2
  on: {reading: temperature, per: room.id}
  when: 'v > 32.0'
  for: 5m
  clear: 'v < 30.5'
  summary: {zh-CN: '{room.name} 室温 {v} °C', en: '{room.name} is at {v} °C'}
"""
"""A rule file without a mistake."""


def after(seconds: float) -> datetime:
    """So many seconds past nine."""
    return NINE + timedelta(seconds=seconds)


def device(device_id: DeviceId, kind: str, heartbeat: timedelta = timedelta(minutes=5)) -> DeviceFacts:
    return DeviceFacts(
        device_id, kind, {"zh-CN": f"设备{device_id}", "en": f"device {device_id}"}, heartbeat, enabled=True
    )


IN_THE_GYM = Context(BUILDING, device(SENSOR, "sensor"), GYM_FACTS, None)
GRANDMA_WANG = SeniorFacts(
    WANG, {"zh-CN": "王奶奶", "en": "Grandma Wang"}, ("living_alone",), present=True, room=GYM_FACTS, sure=True
)
HER_BUTTON = Context(BUILDING, device(BUTTON, "button"), None, GRANDMA_WANG)

ROOM_HOT = Rule(
    id="room-hot",
    priority=Priority.P2,
    on=OnReading("temperature", timedelta(minutes=5), Expression("v < 30.5", frozenset({"v"}))),
    per=Per.ROOM,
    when=Expression("v > 32.0", frozenset({"v"})),
    summary={"zh-CN": "{room.name} 室温 {v} °C", "en": "{room.name} is at {v} °C"},
)


def warm(value: float, seconds: float, *, room_id: RoomId | None = GYM, skew: float = 0.0) -> ReadingHeard:
    """The gym's thermometer says `value`, so many seconds past nine; its own clock is `skew` seconds ahead."""
    at = after(seconds)
    return ReadingHeard(CENTRE, SENSOR, None, room_id, "temperature", "Cel", value, at + timedelta(seconds=skew), at)


def press(kind: PressKind = PressKind.PRESS, seconds: float = 0) -> PressHeard:
    """Grandma Wang's button is pressed."""
    return PressHeard(PressId("p-1"), CENTRE, BUTTON, kind, WANG, None, after(seconds), after(seconds))


def status(state: ReportedState, seconds: float) -> StatusHeard:
    return StatusHeard(CENTRE, BUTTON, state, after(seconds))


class House:
    """Rules, what they remember, and what they have concluded so far."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = RuleSet(rules)
        self.memories: dict[StateKey, RuleMemory] = {}

    def hear(self, event: Event, context: Context = IN_THE_GYM) -> list[Finding]:
        changed, findings = evaluate(self.rules, self.memories, event, context, event.received_at)
        self.memories |= changed
        return findings

    def wait(self, seconds: float, context: Context = IN_THE_GYM) -> list[Finding]:
        """What is due so many seconds past nine."""
        changed, findings = evaluate_due(
            self.rules, [(memory, context) for memory in self.memories.values()], after(seconds)
        )
        self.memories |= {(memory.rule_id, memory.key): memory for memory in changed}
        return findings
