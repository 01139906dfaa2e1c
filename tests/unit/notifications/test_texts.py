"""In which words a responder is told, and what no message ever says."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kit.ids import AccountId
from hub.notifications.model import AlarmFacts, Template
from hub.notifications.texts import LANGUAGES, render_subject, render_texts

ZHOU = AccountId("zhou")
LEAD = AccountId("lead")
FACTS = AlarmFacts(
    number="23-07",
    priority="P1",
    klass="help",
    state="open",
    summary={"zh-CN": "王奶奶在健身室按了呼叫", "en": "Grandma Wang pressed for help (Gym)"},
    owner={},
    outcome="",
    times_pressed=1,
    pressed="",
    drill=False,
)
TAKEN = replace(FACTS, owner={"zh-CN": "周敏", "en": "Zhou Min"}, owner_id=ZHOU, state="accepted")


@pytest.mark.parametrize(
    ("template", "facts", "chinese", "english"),
    [
        (
            Template.ALARM,
            FACTS,
            "【紧急】王奶奶在健身室按了呼叫，请接手。 #23-07·1",
            "EMERGENCY: Grandma Wang pressed for help (Gym). Please take it. #23-07·1",
        ),
        (
            Template.AGAIN,
            replace(FACTS, priority="P2"),
            "【尽快】王奶奶在健身室按了呼叫，还没有人接手，请接手。 #23-07·1",
            "Urgent: Grandma Wang pressed for help (Gym). Nobody has taken it yet, please take it. #23-07·1",
        ),
        (
            Template.LAPSED,
            FACTS,
            "【紧急】王奶奶在健身室按了呼叫，接手的人没有到场，请另一位接手。 #23-07·1",
            "EMERGENCY: Grandma Wang pressed for help (Gym). Whoever took it did not arrive, please take it. #23-07·1",
        ),
        (
            Template.TAKEN,
            TAKEN,
            "王奶奶在健身室按了呼叫，周敏已接手。 #23-07·1",
            "Grandma Wang pressed for help (Gym). Zhou Min has taken it. #23-07·1",
        ),
        (
            Template.ARRIVE_NUDGE,
            TAKEN,
            "王奶奶在健身室按了呼叫，周敏已接手，还没有到场。 #23-07·1",
            "Grandma Wang pressed for help (Gym). Zhou Min has taken it and is not there yet. #23-07·1",
        ),
        (
            Template.PRESSED_AGAIN,
            replace(TAKEN, times_pressed=2),
            "【紧急】王奶奶在健身室按了呼叫，又按了一次呼叫（共 2 次），请周敏一分钟内回应。 #23-07·1",
            "EMERGENCY: Grandma Wang pressed for help (Gym). Pressed again (2 times now): Zhou Min, please answer "  # noqa: ISC004
            "within a minute. #23-07·1",
        ),
        (
            Template.RESOLVE_NUDGE,
            TAKEN,
            "王奶奶在健身室按了呼叫，周敏已到场，还没有处置结果。 #23-07·1",
            "Grandma Wang pressed for help (Gym). Zhou Min is on scene, there is no outcome yet. #23-07·1",
        ),
        (
            Template.RESOLVED,
            replace(TAKEN, outcome="company"),
            "王奶奶在健身室按了呼叫，已处置：已陪伴。 #23-07·1",
            "Grandma Wang pressed for help (Gym). Resolved: kept company. #23-07·1",
        ),
    ],
)
def test_what_a_responder_reads(template: Template, facts: AlarmFacts, chinese: str, english: str) -> None:
    assert render_texts(template, facts, 1, LEAD) == {"zh-CN": chinese, "en": english}


@pytest.mark.parametrize(
    ("template", "chinese", "english"),
    [
        (Template.ARRIVE_NUDGE, "您已接手，还没有到场。", "You have taken it and are not there yet."),
        (
            Template.PRESSED_AGAIN,
            "又按了一次呼叫（共 1 次），请您一分钟内回应。",
            "Pressed again (1 times now): please answer within a minute.",
        ),
        (Template.RESOLVE_NUDGE, "您已到场，还没有处置结果。", "You are on scene, there is no outcome yet."),
    ],
)
def test_whoever_has_taken_it_is_spoken_to(template: Template, chinese: str, english: str) -> None:
    said = render_texts(template, TAKEN, 1, ZHOU)

    assert (chinese in said["zh-CN"], english in said["en"]) == (True, True), said


def test_a_late_press_says_when_it_was() -> None:
    said = render_texts(Template.ALARM, replace(FACTS, pressed="10:03"), 1, ZHOU)

    assert "（10:03 按下，刚刚收到）" in said["zh-CN"]
    assert "(pressed at 10:03, received only now)" in said["en"]


def test_a_drill_says_so_first() -> None:
    said = render_texts(Template.ALARM, replace(FACTS, drill=True), 1, ZHOU)

    assert said["zh-CN"].startswith("【演练】")
    assert said["en"].startswith("DRILL. ")


def test_the_subject_of_a_mail_is_who_where_how_urgent() -> None:
    assert render_subject(Template.ALARM, FACTS, "zh-CN") == "【紧急】王奶奶在健身室按了呼叫 #23-07"
    assert render_subject(Template.TAKEN, TAKEN, "en") == "Grandma Wang pressed for help (Gym) #23-07"


def test_a_finding_without_words_still_says_that_somebody_is_needed() -> None:
    assert "有人需要帮助" in render_texts(Template.ALARM, replace(FACTS, summary={}), 1, ZHOU)["zh-CN"]


def test_nothing_personal_can_get_into_a_message() -> None:
    assert {field.name for field in fields(AlarmFacts)} == {
        "number", "priority", "klass", "state", "summary", "owner", "outcome", "times_pressed", "pressed", "drill",
        "owner_id",
    }  # fmt: skip


@given(st.sampled_from(Template), st.integers(1, 999), st.sampled_from(["P1", "P2"]), st.booleans())
def test_every_message_says_which_alarm_and_which_telling(
    template: Template, n: int, priority: str, owned: bool
) -> None:
    said = render_texts(template, replace(TAKEN if owned else FACTS, priority=priority), n, ZHOU)

    assert set(said) == set(LANGUAGES)
    assert all(text.endswith(f" #23-07·{n}") for text in said.values())


def test_an_alarm_of_before_names_were_one_line_is_told_in_one_line() -> None:
    facts = replace(TAKEN, summary={"zh-CN": "王\u202e奶奶按了\u2028呼叫"}, owner={"zh-CN": "周敏\r\n（下午）"})

    assert (
        render_texts(Template.TAKEN, facts, 1, AccountId("other"))["zh-CN"]
        == "王 奶奶按了 呼叫，周敏 （下午）已接手。 #23-07·1"
    )
    assert render_subject(Template.TAKEN, facts, "zh-CN").endswith("王 奶奶按了 呼叫 #23-07")
