"""In which words is a responder told?

Who, where and how urgent; who takes care of it once somebody does. A text is built from `Facts` and nothing else, so
that an address, a risk or a category of a senior cannot get into one.
"""

from collections.abc import Mapping
from typing import Final, assert_never

from hub.kit.ids import AccountId
from hub.kit.lines import join_lines
from hub.notices.model import Priority
from hub.notifications.model import LAST_RESORT_AFTER, AlarmFacts, OutageState, Template

LANGUAGES: Final = ("zh-CN", "en")

OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "assisted": ("已协助", "assisted"),
    "reassurance": ("已安抚", "reassured"),
    "company": ("已陪伴", "kept company"),
    "accidental": ("误按", "pressed by accident"),
    "device_fault": ("设备故障", "a device fault"),
    "fall": ("跌倒，已处理", "a fall, taken care of"),
    "ambulance": ("已呼叫 120", "an ambulance was called"),
}


def render_texts(template: Template, facts: AlarmFacts, n: int, to: AccountId) -> dict[str, str]:
    """The message in each language, with the number people say aloud: `#23-07·3` is the third telling.

    `to` is the account of whoever reads it: somebody who has taken the alarm is 您, not a third person.
    """
    is_owner = to == facts.owner_id
    n -= LAST_RESORT_AFTER if n > LAST_RESORT_AFTER else 0
    return {
        "zh-CN": _render_chinese(
            template, facts, n, "您" if is_owner else join_lines(facts.owner.get("zh-CN", "有人"))
        ),
        "en": _render_english(template, facts, n, "" if is_owner else join_lines(facts.owner.get("en", "Somebody"))),
    }


def render_outage(state: OutageState) -> dict[str, str]:
    """What is said of the hub itself, in each language; the first sentence is the subject of a mail."""
    match state:
        case OutageState.DOWN:
            return {
                "zh-CN": "安铃主机出了问题。长者的呼叫可能没有人听到：请马上打电话到中心，或者过去看一看，再找管理员。",
                "en": "The Anling hub is in trouble. Calls for help may not be heard: phone the centre or go there "
                "now, then call its administrator.",
            }
        case OutageState.BACK:
            return {
                "zh-CN": "安铃主机恢复了。请看一看报警列表，有没有没人处理的呼叫。",
                "en": "The Anling hub is back. Please look at its alarms: somebody may still wait.",
            }
        case _:
            assert_never(state)


def render_subject(template: Template, facts: AlarmFacts, language: str) -> str:
    """The first words, for the subject of a mail. A call that is not recorded has no number yet."""
    number = f" #{facts.number}" if facts.number else ""
    if language == "en":
        return f"{_drill_en(facts)}{_urgency_en(template, facts)}{_render_summary(facts, 'en')}{number}"
    return f"{_drill_zh(facts)}{_urgency_zh(template, facts)}{_render_summary(facts, 'zh-CN')}{number}"


def _render_chinese(template: Template, facts: AlarmFacts, n: int, owner: str) -> str:
    said = _render_summary(facts, "zh-CN")
    pressed = f"（{facts.pressed} 按下，刚刚收到）" if facts.pressed else ""
    text = f"{said}{pressed}，{_request_zh(template, facts, owner)}"
    return f"{_drill_zh(facts)}{_urgency_zh(template, facts)}{text}{_render_number(facts, n)}"


def _request_zh(template: Template, facts: AlarmFacts, owner: str) -> str:
    match template:
        case Template.ALARM:
            return "请接手。"
        case Template.AGAIN:
            return "还没有人接手，请接手。"
        case Template.LAPSED:
            return "接手的人没有到场，请另一位接手。"
        case Template.TAKEN:
            return f"{owner}已接手。"
        case Template.ARRIVE_NUDGE:
            return f"{owner}已接手，还没有到场。"
        case Template.PRESSED_AGAIN:
            return f"又按了一次呼叫（共 {facts.times_pressed} 次），请{owner}一分钟内回应。"
        case Template.RESOLVE_NUDGE:
            return f"{owner}已到场，还没有处置结果。"
        case Template.UNRECORDED:
            return "系统暂时记不下来，请马上去看。"
        case Template.LAST_RESORT:
            return "这个报警系统处理不了，请马上打开值班看板，并去看一看。"
        case Template.RESOLVED:
            return f"已处置：{OUTCOMES.get(facts.outcome, ('完成', ''))[0]}。"
        case _:
            assert_never(template)


def _render_english(template: Template, facts: AlarmFacts, n: int, owner: str) -> str:
    said = _render_summary(facts, "en")
    pressed = f" (pressed at {facts.pressed}, received only now)" if facts.pressed else ""
    text = f"{said}{pressed}. {_request_en(template, facts, owner)}"
    return f"{_drill_en(facts)}{_urgency_en(template, facts)}{text}{_render_number(facts, n)}"


def _request_en(template: Template, facts: AlarmFacts, owner: str) -> str:
    """`owner` is empty when she reads it herself."""
    match template:
        case Template.ALARM:
            return "Please take it."
        case Template.AGAIN:
            return "Nobody has taken it yet, please take it."
        case Template.LAPSED:
            return "Whoever took it did not arrive, please take it."
        case Template.TAKEN:
            return f"{owner} has taken it." if owner else "You have taken it."
        case Template.ARRIVE_NUDGE:
            return (
                f"{owner} has taken it and is not there yet." if owner else "You have taken it and are not there yet."
            )
        case Template.PRESSED_AGAIN:
            asked = f"{owner}, please answer" if owner else "please answer"
            return f"Pressed again ({facts.times_pressed} times now): {asked} within a minute."
        case Template.RESOLVE_NUDGE:
            return f"{owner or 'You'} {'is' if owner else 'are'} on scene, there is no outcome yet."
        case Template.UNRECORDED:
            return "It cannot be recorded just now: please go and see at once."
        case Template.LAST_RESORT:
            return "This alarm cannot be processed: open the board, and go and look."
        case Template.RESOLVED:
            return f"Resolved: {OUTCOMES.get(facts.outcome, ('', 'done'))[1]}."
        case _:
            assert_never(template)


def _render_number(facts: AlarmFacts, n: int) -> str:
    """What people say aloud; a call that is not recorded has no number yet."""
    return f" #{facts.number}·{n}" if facts.number else f" ·{n}"


def _render_summary(facts: AlarmFacts, language: str) -> str:
    """What the finding said, in one line; a finding without words still says that somebody is needed."""
    return join_lines(facts.summary.get(language, "")) or ("Somebody is needed" if language == "en" else "有人需要帮助")


def _urgency_zh(template: Template, facts: AlarmFacts) -> str:
    if template is Template.LAST_RESORT:
        return "【紧急】"
    if not template.rings and template is not Template.PRESSED_AGAIN:
        return ""
    return "【紧急】" if facts.priority == Priority.P1 else "【尽快】"


def _urgency_en(template: Template, facts: AlarmFacts) -> str:
    if template is Template.LAST_RESORT:
        return "EMERGENCY: "
    if not template.rings and template is not Template.PRESSED_AGAIN:
        return ""
    return "EMERGENCY: " if facts.priority == Priority.P1 else "Urgent: "


def _drill_zh(facts: AlarmFacts) -> str:
    return "【演练】" if facts.drill else ""


def _drill_en(facts: AlarmFacts) -> str:
    return "DRILL. " if facts.drill else ""
