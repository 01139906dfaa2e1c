"""What follows from one message, and what follows from waiting? Pure: rules, memory, message and time in, findings out.

Whether and how often anybody asks `due` never changes what fires and when: whatever was due before a message is fired
first, with the time at which it was due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from hub.notices.model import NoticeCode
from hub.rules import safety, texts
from hub.rules.context import Context, Variable, build_variables
from hub.rules.expressions import Expression, Truth
from hub.rules.memory import RuleMemory, RuleStage, StateKey
from hub.rules.model import (
    Event,
    Finding,
    PressHeard,
    Priority,
    ReadingHeard,
    ReportedState,
    StatusHeard,
    VisitHeard,
)
from hub.rules.rule import HEARTBEAT, OnAbsence, OnEvent, OnReading, OnRosterEnd, Per, Rule, RuleSet

TRUSTED_SKEW = timedelta(seconds=5)
"""A device's own time counts when it is at most this much before receipt (50-rules, semantics 1)."""

TIME_TO_COME_BACK = timedelta(seconds=30)
"""How long a device whose connection ended may take to connect again before it counts as silent."""


def find_affected_memories(rules: RuleSet, event: Event, context: Context) -> list[RuleMemory]:
    """The memories that `evaluate` will want for this message, so that they can be locked first; each one empty."""
    return [
        _empty_memory(rule, _choose_subject(rule.per, event), event) for rule in _listening_rules(rules, event, context)
    ]


def evaluate(
    rules: RuleSet, memories: Mapping[StateKey, RuleMemory], event: Event, context: Context, now: datetime
) -> tuple[dict[StateKey, RuleMemory], list[Finding]]:
    """What changes in memory and what is concluded when `event` is heard at `now`.

    `memories` holds what is remembered under the keys of `concerned`; a missing one means nothing is remembered.
    Returns only the memories that changed.
    """
    certain = safety.apply_safety_rules(event, context)
    findings = [] if certain is None else [certain]
    changed: dict[StateKey, RuleMemory] = {}
    for rule in _listening_rules(rules, event, context):
        key = (rule.id, _choose_subject(rule.per, event))
        before = memories.get(key) or _empty_memory(rule, key[1], event)
        after, concluded = _RuleStep(rule, event, context, now).taken(before)
        findings += concluded
        if after != before:
            changed[key] = after
    return changed, findings


def evaluate_due(
    rules: RuleSet, waiting: Iterable[tuple[RuleMemory, Context]], now: datetime
) -> tuple[list[RuleMemory], list[Finding]]:
    """What follows at `now` from waiting: the memories that changed and the findings, in order of their time.

    A disabled device is waited for no longer, nor one that was off then; a rule that is gone fires no more.
    """
    after: list[RuleMemory] = []
    findings: list[Finding] = []
    for memory, context in waiting:
        rule = rules.named(memory.rule_id)
        if rule is None or not context.device.enabled or _is_quiet(rule, context, memory.due_at or now):
            after.append(memory.at_rest())
        elif memory.is_due(now):
            waited, fired = _conclude_wait(rule, memory, context)
            after.append(waited)
            findings += fired
    return after, sorted(findings, key=lambda finding: finding.at)


def start_absence_wait(rule: Rule, context: Context, now: datetime) -> RuleMemory | None:
    """What a dead man's rule remembers of a device that was not heard yet; None if it does not watch this one."""
    on = rule.on
    if not isinstance(on, OnAbsence) or not _is_kind(rule, context):
        return None
    if rule.when is not None and rule.when.verdict(build_variables(context, now)) is Truth.FALSE:
        return None
    return RuleMemory(
        rule_id=rule.id,
        key=f"device:{context.device.id}",
        priority=rule.priority,
        centre_id=context.centre.id,
        device_id=context.device.id,
        senior_id=context.senior.id if context.senior is not None else None,
        room_id=context.room.id if context.room is not None else None,
        stage=RuleStage.PENDING,
        since_at=now,
        due_at=now + _absence_wait(on, context),
    )


def clear_memory(memory: RuleMemory, now: datetime) -> tuple[RuleMemory, list[Finding]]:
    """What follows when a rule is gone or its device disabled: whatever stood is cleared."""
    cleared = [_make_finding(memory, now, cleared=True)] if memory.stage is RuleStage.FIRING else []
    if memory.unknown:
        cleared.append(_make_failure_notice(memory, now, cleared=True))
    return replace(memory.at_rest(), unknown=False), cleared


class _RuleStep:
    """One rule evaluates one event."""

    def __init__(self, rule: Rule, event: Event, context: Context, now: datetime) -> None:
        self.rule = rule
        self.event = event
        self.context = context
        self.at = min(_happened_at(event), now)
        self.variables = _all_variables(event, context, self.at)

    def taken(self, memory: RuleMemory) -> tuple[RuleMemory, list[Finding]]:
        """What the rule remembers afterwards, and what it concludes."""
        if memory.last_at is not None and self.at < memory.last_at:
            return memory, []  # overtaken by a later message of the same subject
        findings: list[Finding] = []
        if memory.is_due(self.at):
            memory, findings = _conclude_wait(self.rule, memory, self.context)
        holds = self._verdict(self.rule.when)
        if _subject_missing(self.rule.per, self.event):
            holds = Truth.UNKNOWN
        if holds is Truth.UNKNOWN and self.rule.priority is Priority.P1:
            holds = Truth.TRUE  # 50-rules, semantics 4
        memory, told = self._report_unevaluable(memory, holds)
        after, concluded = self._by_pattern(memory, holds)
        return after, findings + told + concluded

    def _by_pattern(self, memory: RuleMemory, holds: Truth) -> tuple[RuleMemory, list[Finding]]:
        if holds is Truth.UNKNOWN:
            return memory, []
        match self.rule.on:
            case OnEvent():
                return memory, [self._finding_of_event(memory)] if holds is Truth.TRUE else []
            case OnReading() as on:
                return self._reading(on, memory, holds)
            case OnAbsence() as on:
                return self._absence(on, memory, holds)
            case OnRosterEnd():
                return memory, []  # no message says that: see `rosters`
            case _ as never:
                assert_never(never)

    def _verdict(self, expression: Expression | None) -> Truth:
        return Truth.TRUE if expression is None else expression.verdict(self.variables)

    def _report_unevaluable(self, memory: RuleMemory, holds: Truth) -> tuple[RuleMemory, list[Finding]]:
        """Says once that the rule cannot be evaluated for this subject, and once that it can again."""
        unknown = holds is Truth.UNKNOWN
        if unknown == memory.unknown:
            return memory, []
        return replace(memory, unknown=unknown), [_make_failure_notice(memory, self.at, cleared=not unknown)]

    def _reading(self, on: OnReading, memory: RuleMemory, holds: Truth) -> tuple[RuleMemory, list[Finding]]:
        match memory.stage:
            case RuleStage.IDLE:
                return self._begun(on, memory) if holds is Truth.TRUE else (memory, [])
            case RuleStage.PENDING:
                if holds is Truth.FALSE:
                    return memory.at_rest(), []
                since = memory.since_at or self.at
                return replace(self._latest(memory), due_at=since + on.hold), []
            case RuleStage.FIRING:
                ended = holds is Truth.FALSE if on.clear is None else self._verdict(on.clear) is Truth.TRUE
                return self._ended(memory) if ended else (self._latest(memory), [])
            case _ as never:
                assert_never(never)

    def _begun(self, on: OnReading, memory: RuleMemory) -> tuple[RuleMemory, list[Finding]]:
        pending = replace(self._latest(memory), stage=RuleStage.PENDING, since_at=self.at, due_at=self.at + on.hold)
        if on.hold:
            return pending, []
        fired, finding = _fire_rule(self.rule, pending, self.context)
        return fired, [finding]

    def _absence(self, on: OnAbsence, memory: RuleMemory, holds: Truth) -> tuple[RuleMemory, list[Finding]]:
        if holds is Truth.FALSE:
            return self._ended(memory) if memory.stage is RuleStage.FIRING else (memory.at_rest(), [])
        if on.what == HEARTBEAT and isinstance(self.event, StatusHeard) and self.event.state is ReportedState.OFFLINE:
            return self._gone(memory), []
        cleared = (
            [_make_finding(self._latest(memory), self.at, cleared=True)] if memory.stage is RuleStage.FIRING else []
        )
        waiting = replace(
            self._latest(memory),
            stage=RuleStage.PENDING,
            since_at=self.at,
            due_at=self.at + _absence_wait(on, self.context),
            blind_interval=timedelta(),
        )
        return waiting, cleared

    def _gone(self, memory: RuleMemory) -> RuleMemory:
        """The connection ended: the wait is over soon, unless it was over already."""
        if memory.stage is RuleStage.FIRING:
            return memory
        soon = self.at + TIME_TO_COME_BACK
        if memory.stage is RuleStage.PENDING and memory.due_at is not None:
            return replace(memory, due_at=min(memory.due_at, soon))
        return replace(self._latest(memory), stage=RuleStage.PENDING, since_at=self.at, due_at=soon)

    def _ended(self, memory: RuleMemory) -> tuple[RuleMemory, list[Finding]]:
        latest = self._latest(memory)
        return latest.at_rest(), [_make_finding(latest, self.at, cleared=True)]

    def _latest(self, memory: RuleMemory) -> RuleMemory:
        """The memory with this message as the last that counted."""
        return replace(
            memory,
            priority=self.rule.priority,
            device_id=self.event.device_id,
            senior_id=self.event.senior_id,
            room_id=self.event.room_id,
            last_at=self.at,
            value=self.event.value if isinstance(self.event, ReadingHeard) else None,
        )

    def _finding_of_event(self, memory: RuleMemory) -> Finding:
        found = _make_finding(self._latest(memory), self.at)
        summary = texts.render_templates(self.rule.summary, self.context, None, timedelta())
        if isinstance(self.event, PressHeard):
            press = self.event
            found = replace(found, press_id=press.press_id, late=press.late, time_uncertain=press.time_uncertain)
        return replace(found, summary=summary)


def _listening_rules(rules: RuleSet, event: Event, context: Context) -> list[Rule]:
    return [
        rule
        for rule in rules.listening(event)
        if _is_kind(rule, context) and not _is_quiet(rule, context, event.received_at)
    ]


def _is_quiet(rule: Rule, context: Context, at: datetime) -> bool:
    """Whether staff have set the device off: no rule below P1 is asked about it then.

    A press rings all the same, whatever somebody decided: safety's conclusions are no rules of a file.
    """
    return rule.priority is not Priority.P1 and context.device.is_off(at)


def _is_kind(rule: Rule, context: Context) -> bool:
    return not isinstance(rule.on, OnAbsence) or rule.on.kinds is None or context.device.kind in rule.on.kinds


def _choose_subject(per: Per, event: Event) -> str:
    """Whose state it is; the device's, where the event has no such room or senior."""
    if per is Per.ROOM and event.room_id is not None:
        return f"room:{event.room_id}"
    if per is Per.SENIOR and event.senior_id is not None:
        return f"senior:{event.senior_id}"
    return f"device:{event.device_id}"


def _subject_missing(per: Per, event: Event) -> bool:
    return per is not Per.DEVICE and _choose_subject(per, event) == f"device:{event.device_id}"


def _empty_memory(rule: Rule, key: str, event: Event) -> RuleMemory:
    return RuleMemory(rule.id, key, rule.priority, event.centre_id, event.device_id, event.senior_id, event.room_id)


def _happened_at(event: Event) -> datetime:
    """When it happened: by the device if its time is close to the receipt and not after it, else the receipt."""
    match event:
        case ReadingHeard(at=at) | VisitHeard(at=at) | PressHeard(pressed_at=at):
            return at if event.received_at - TRUSTED_SKEW <= at <= event.received_at else event.received_at
        case StatusHeard():
            return event.received_at
        case _ as never:
            assert_never(never)


def _all_variables(event: Event, context: Context, at: datetime) -> dict[str, Variable]:
    known = build_variables(context, at)
    match event:
        case ReadingHeard(value=value):
            known["v"] = value
        case PressHeard(kind=kind, late=late):
            known["press"] = {"kind": kind.value, "late": late}
        case VisitHeard(what=what):
            known["visit"] = {"what": what.value}
        case StatusHeard():
            pass
        case _ as never:
            assert_never(never)
    return known


def _absence_wait(on: OnAbsence, context: Context) -> timedelta:
    return context.device.heartbeat if on.wait is None else on.wait


def _conclude_wait(rule: Rule, memory: RuleMemory, context: Context) -> tuple[RuleMemory, list[Finding]]:
    """What follows when what was pending is due. Silence counts only if the rule holds at that time as well.

    The hours are those of that time, whenever somebody asks; whether a senior is present is known only of now.
    """
    at = memory.due_at
    assert at is not None, "what is pending is due at some time"
    when = rule.when if isinstance(rule.on, OnAbsence) else None
    if when is not None and when.verdict(build_variables(context, at)) is Truth.FALSE:
        return memory.at_rest(), []
    fired, finding = _fire_rule(rule, memory, context)
    return fired, [finding]


def _fire_rule(rule: Rule, memory: RuleMemory, context: Context) -> tuple[RuleMemory, Finding]:
    """The memory and the finding when what was pending counts, at the time it was due."""
    at = memory.due_at
    assert at is not None, "what is pending is due at some time"
    fired = replace(memory, stage=RuleStage.FIRING, due_at=None, priority=rule.priority)
    finding = _make_finding(fired, at)
    return fired, replace(
        finding, summary=texts.render_templates(rule.summary, context, memory.value, memory.blind_interval)
    )


def _make_finding(memory: RuleMemory, at: datetime, *, cleared: bool = False) -> Finding:
    """A finding about the subject of `memory`, yet without words."""
    kind = memory.key.partition(":")[0]
    return Finding(
        rule_id=memory.rule_id,
        priority=memory.priority,
        klass=memory.rule_id,
        centre_id=memory.centre_id,
        at=at,
        senior_id=memory.senior_id if kind == "senior" else None,
        room_id=memory.room_id,
        device_id=memory.device_id,
        params=_finding_params(memory, at),
        cleared=cleared,
        about=memory.key if kind == "device" else None,
    )


def _make_failure_notice(memory: RuleMemory, at: datetime, *, cleared: bool) -> Finding:
    """The notice that a rule cannot be evaluated for one subject."""
    return Finding(
        rule_id=memory.rule_id,
        priority=Priority.P3,
        klass=NoticeCode.RULE_CANNOT_BE_EVALUATED,
        centre_id=memory.centre_id,
        at=at,
        about=f"rule:{memory.rule_id}:{memory.key}",
        params={"rule": memory.rule_id, "subject": memory.key},
        cleared=cleared,
    )


def _finding_params(memory: RuleMemory, at: datetime) -> dict[str, str | int | None]:
    params: dict[str, str | int | None] = {}
    if memory.value is not None:
        params["value"] = texts.format_number(memory.value)
    if memory.since_at is not None:
        params["seconds"] = int((at - memory.since_at).total_seconds())
    if memory.blind_interval:
        params["blind_seconds"] = int(memory.blind_interval.total_seconds())
    return params
