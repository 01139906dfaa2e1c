"""In which words does a finding say what happened? Chinese and English; never a category, never a full name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from hub.roster.model import Duty, RosterEnd
from hub.rules.context import Context, Names, RoomFacts
from hub.rules.model import PressHeard, PressKind

LANGUAGES = ("zh-CN", "en")
PLACES = frozenset({"room.name", "senior.address_as", "device.name", "v"})
"""What a template may print between braces."""

OF_ROSTER = frozenset({"duty", "date"})
"""The same where a rule is about the roster."""

_PLACE = re.compile(r"\{([^{}]*)\}")
_NOBODY = {"zh-CN": "?", "en": "?"}
_PRESSED: dict[PressKind, Names] = {
    PressKind.PRESS: {"zh-CN": "按了呼叫", "en": "pressed for help"},
    PressKind.LONG_PRESS: {"zh-CN": "长按了呼叫", "en": "held the call button"},
    PressKind.DOUBLE_PRESS: {"zh-CN": "连按了呼叫", "en": "pressed for help twice"},
    PressKind.PULL_CORD: {"zh-CN": "拉了呼叫绳", "en": "pulled the cord"},
    PressKind.FALL: {"zh-CN": "可能跌倒了", "en": "may have fallen"},
    PressKind.TEST: {"zh-CN": "试按了呼叫器", "en": "made a test press"},
    PressKind.CANCEL: {"zh-CN": "取消了呼叫", "en": "took the call back"},
}
_DUTIES: dict[Duty, Names] = {
    Duty.PRIMARY: {"zh-CN": "第一值班", "en": "first duty"},
    Duty.SECONDARY: {"zh-CN": "第二值班", "en": "second duty"},
    Duty.CENTRE_STAFF: {"zh-CN": "中心当班人员", "en": "staff of the centre"},
    Duty.LEAD: {"zh-CN": "组长", "en": "lead"},
}
_UNREADABLE = {"zh-CN": "的呼叫器发来无法识别的信号", "en": "sent a call that cannot be read"}
_OLD = {"zh-CN": "有一次早前的呼叫刚刚收到", "en": "has an old call that was heard only now"}


def placeholders_in(template: str) -> list[str]:
    """What stands between the braces of `template`, in order."""
    return _PLACE.findall(template)


def strip_placeholders(template: str) -> str:
    """What `template` says between its places."""
    return _PLACE.sub("", template)


def render_press(press: PressHeard, context: Context) -> dict[str, str]:
    """Who pressed where: 王奶奶在健身室按了呼叫. An unsure room is called the last one she was seen in."""
    did = _OLD if press.old else _UNREADABLE if press.unreadable else _PRESSED[press.kind]
    if context.senior is None:
        who = context.device.names if context.room is None else context.room.names
        return {"zh-CN": f"{who['zh-CN']}：有人{did['zh-CN']}", "en": f"{who['en']}: somebody {did['en']}"}
    who = context.senior.address_as
    room = context.senior.room
    if room is None:
        return {"zh-CN": f"{who['zh-CN']}{did['zh-CN']}", "en": f"{who['en']} {did['en']}"}
    if context.senior.sure:
        return {
            "zh-CN": f"{who['zh-CN']}在{room.names['zh-CN']}{did['zh-CN']}",
            "en": f"{who['en']} {did['en']} ({room.names['en']})",
        }
    return {
        "zh-CN": f"{who['zh-CN']}{did['zh-CN']}（最后见于{room.names['zh-CN']}）",
        "en": f"{who['en']} {did['en']} (last seen: {room.names['en']})",
    }


def render_templates(
    templates: Mapping[str, str], context: Context, value: float | None, blind_interval: timedelta
) -> dict[str, str]:
    """The templates with their places filled; the blind interval is said from a second on."""
    texts = {language: _render_template(template, context, value, language) for language, template in templates.items()}
    seconds = int(blind_interval.total_seconds())
    if seconds < 1:
        return texts
    said = {
        "zh-CN": f"（其间有 {seconds} 秒收不到消息）",
        "en": f" (for {seconds} s of that time nothing could be heard)",
    }
    return {language: text + said[language] for language, text in texts.items()}


def render_roster(templates: Mapping[str, str], end: RosterEnd, zone: ZoneInfo) -> dict[str, str]:
    """The templates with the duty whose roster ends, and when that is on the centre's clock."""
    date = f"{end.at.astimezone(zone):%Y-%m-%d %H:%M}"

    def printed(language: str, template: str) -> str:
        return _PLACE.sub(lambda place: _DUTIES[end.duty][language] if place[1] == "duty" else date, template)

    return {language: printed(language, template) for language, template in templates.items()}


def format_number(value: float) -> str:
    """A value as people read it: at most one decimal, none that is zero."""
    return f"{value:.1f}".removesuffix(".0")


def _render_template(template: str, context: Context, value: float | None, language: str) -> str:
    def printed(place: re.Match[str]) -> str:
        return _render_placeholder(place[1], context, value, language)

    return _PLACE.sub(printed, template)


def _render_placeholder(place: str, context: Context, value: float | None, language: str) -> str:
    match place:
        case "v":
            return "?" if value is None else format_number(value)
        case "room.name":
            return _room_of(context)[language]
        case "senior.address_as":
            return (_NOBODY if context.senior is None else context.senior.address_as)[language]
        case _:
            return context.device.names[language]


def _room_of(context: Context) -> Names:
    room: RoomFacts | None = context.room
    if room is None and context.senior is not None:
        room = context.senior.room
    return _NOBODY if room is None else room.names
