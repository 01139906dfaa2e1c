"""A call for help is a finding, whatever the rule files say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rules.model import PressHeard, PressKind, Priority
from hub.rules.rule import RuleSet
from hub.rules.safety import apply_safety_rules
from tests.unit.rules.examples import GYM, GYM_FACTS, HER_BUTTON, NINE, House, press, warm


@pytest.mark.parametrize(
    ("kind", "priority", "klass"),
    [
        (PressKind.PRESS, Priority.P1, "help"),
        (PressKind.LONG_PRESS, Priority.P1, "help"),
        (PressKind.DOUBLE_PRESS, Priority.P1, "help"),
        (PressKind.PULL_CORD, Priority.P1, "help"),
        (PressKind.FALL, Priority.P1, "fall"),
        (PressKind.TEST, Priority.P2, "test-press"),
    ],
)
def test_each_kind_of_call_is_found_without_any_rule_file(kind: PressKind, priority: Priority, klass: str) -> None:
    [found] = House().hear(press(kind), HER_BUTTON)

    assert (found.priority, found.klass, found.press_id) == (priority, klass, "p-1")


def test_a_press_says_who_and_in_which_room() -> None:
    found = apply_safety_rules(press(), HER_BUTTON)

    assert found is not None
    assert (found.subject, found.room_id) == ("senior:wang", GYM)
    assert found.summary == {"zh-CN": "王奶奶在健身室按了呼叫", "en": "Grandma Wang pressed for help (Gym)"}


def test_a_room_nobody_is_sure_of_is_only_where_she_was_last_seen() -> None:
    assert HER_BUTTON.senior is not None
    unsure = replace(HER_BUTTON, senior=replace(HER_BUTTON.senior, sure=False))
    away = replace(HER_BUTTON, senior=replace(HER_BUTTON.senior, room=None, present=False))

    last_seen, nowhere = apply_safety_rules(press(), unsure), apply_safety_rules(press(), away)

    assert last_seen is not None
    assert last_seen.summary["zh-CN"] == "王奶奶按了呼叫（最后见于健身室）"
    assert nowhere is not None
    assert (nowhere.summary["zh-CN"], nowhere.room_id) == ("王奶奶按了呼叫", None)


def test_a_wall_button_says_its_room() -> None:
    wall = replace(press(PressKind.PULL_CORD), senior_id=None, room_id=GYM)

    found = apply_safety_rules(wall, replace(HER_BUTTON, senior=None, room=GYM_FACTS))

    assert found is not None
    assert (found.subject, found.summary["zh-CN"]) == ("room:gym", "健身室：有人拉了呼叫绳")


def test_an_undecodable_call_is_a_call() -> None:
    found = apply_safety_rules(replace(press(PressKind.CANCEL), unreadable=True), HER_BUTTON)

    assert found is not None
    assert (found.priority, found.klass) == (Priority.P1, "help")


def test_an_old_press_found_later_is_urgent() -> None:
    found = apply_safety_rules(replace(press(), old=True), HER_BUTTON)

    assert found is not None
    assert (found.priority, found.klass) == (Priority.P2, "old-press")


def test_a_test_press_is_silent_only_in_a_test_round() -> None:
    assert apply_safety_rules(replace(press(PressKind.TEST), test_round=True), HER_BUTTON) is None


def test_a_cancel_is_no_finding_and_a_reading_is_none_either() -> None:
    assert apply_safety_rules(press(PressKind.CANCEL), HER_BUTTON) is None
    assert apply_safety_rules(warm(40, 0), HER_BUTTON) is None


@given(
    st.builds(
        replace,
        st.just(press()),
        kind=st.sampled_from(sorted(set(PressKind) - {PressKind.CANCEL})),
        late=st.booleans(),
        time_uncertain=st.booleans(),
        unreadable=st.booleans(),
        old=st.booleans(),
    )
)
def test_every_call_opens_an_alarm_and_no_category_is_in_its_words(call: PressHeard) -> None:
    found = apply_safety_rules(call, HER_BUTTON)

    assert found is not None
    assert found.priority.is_alarm
    assert (found.at, found.late, found.time_uncertain) == (NINE, call.late, call.time_uncertain)
    assert "living_alone" not in "".join(found.summary.values())


def test_an_empty_set_of_rules_is_a_set_of_rules() -> None:
    assert RuleSet([]).rules == ()
