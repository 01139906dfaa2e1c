"""Which findings can no configuration take away? Calls for help, and the silence of what must be able to call."""

from __future__ import annotations

from hub.fleet.model import DeviceKind
from hub.notices.model import NoticeCode
from hub.rules.context import Context
from hub.rules.model import Event, Finding, PressHeard, PressKind, Priority
from hub.rules.rule import HEARTBEAT, OnAbsence, Per, Rule
from hub.rules.texts import render_press

SILENT_TRIGGER = Rule(
    id=NoticeCode.TRIGGER_SILENT,
    priority=Priority.P3,
    on=OnAbsence(HEARTBEAT, wait=None, kinds=frozenset({DeviceKind.BUTTON, DeviceKind.PULL_CORD})),
    per=Per.DEVICE,
    when=None,
    summary={"zh-CN": "呼叫器 {device.name} 收不到信号", "en": "The trigger {device.name} is silent"},
)
SILENT_CAMERA = Rule(
    id=NoticeCode.CAMERA_SILENT,
    priority=Priority.P3,
    on=OnAbsence(HEARTBEAT, wait=None, kinds=frozenset({DeviceKind.CAMERA})),
    per=Per.DEVICE,
    when=None,
    summary={"zh-CN": "摄像头 {device.name} 收不到信号", "en": "The camera {device.name} is silent"},
)
BUILT_IN = (SILENT_TRIGGER, SILENT_CAMERA)
RESERVED_IDS = frozenset(
    {
        "help",
        PressKind.FALL,
        PressKind.PRESS,
        "unreadable-press",
        "old-press",
        "test-press",
        *(rule.id for rule in BUILT_IN),
    }
)
"""Ids that a rule file cannot take."""


def apply_safety_rules(event: Event, context: Context) -> Finding | None:
    """What a message means whatever the rule files say.

    A press, a pulled cord or an undecodable message from a trigger is P1 `help`; a fall is P1 `fall`. A press that a
    broker kept and nobody ever saw is P2, and so is a test press outside a test round. A cancel ends nothing by itself.
    """
    if not isinstance(event, PressHeard):
        return None
    if event.unreadable:
        return _make_finding(event, context, "unreadable-press", Priority.P1, "help")
    if event.old:
        return _make_finding(event, context, "old-press", Priority.P2, "old-press")
    match event.kind:
        case PressKind.CANCEL:
            return None
        case PressKind.TEST:
            return None if event.test_round else _make_finding(event, context, "test-press", Priority.P2, "test-press")
        case PressKind.FALL:
            return _make_finding(event, context, PressKind.FALL, Priority.P1, PressKind.FALL)
        case PressKind.PRESS | PressKind.LONG_PRESS | PressKind.DOUBLE_PRESS | PressKind.PULL_CORD:
            return _make_finding(event, context, PressKind.PRESS, Priority.P1, "help")


def _make_finding(event: PressHeard, context: Context, rule_id: str, priority: Priority, klass: str) -> Finding:
    senior_room = context.senior.room if context.senior is not None else None
    return Finding(
        rule_id=rule_id,
        priority=priority,
        klass=klass,
        centre_id=event.centre_id,
        at=event.pressed_at,
        senior_id=event.senior_id,
        room_id=event.room_id or (senior_room.id if senior_room is not None else None),
        device_id=event.device_id,
        press_id=event.press_id,
        summary=render_press(event, context),
        params={"kind": event.kind.value},
        late=event.late,
        time_uncertain=event.time_uncertain,
        degraded=event.degraded,
    )
