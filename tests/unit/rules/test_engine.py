"""What fires, when, and exactly once: readings that must hold, and silence."""

from __future__ import annotations

from dataclasses import astuple, replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.notices.model import NoticeCode
from hub.rules import safety
from hub.rules.context import Context
from hub.rules.engine import clear_memory, start_absence_wait
from hub.rules.expressions import Expression
from hub.rules.memory import RuleMemory, RuleStage
from hub.rules.model import Finding, Priority, ReportedState
from hub.rules.rule import HEARTBEAT, OnAbsence, OnEvent, Per, Rule
from tests.unit.rules.examples import (
    BUTTON,
    GYM,
    HER_BUTTON,
    IN_THE_GYM,
    NINE,
    ROOM_HOT,
    WANG,
    House,
    after,
    device,
    press,
    status,
    warm,
)

SILENT_WHILE_OPEN = Rule(
    id="silent-while-open",
    priority=Priority.P3,
    on=OnAbsence(HEARTBEAT, timedelta(minutes=30)),
    per=Per.DEVICE,
    when=Expression("centre.open", frozenset({"centre"})),
    summary={"zh-CN": "{device.name} 没有消息", "en": "{device.name} is silent"},
)
QUARTER_PAST_FIVE, QUARTER_TO_SIX, HALF_PAST_SIX = 8.25 * 3600, 8.75 * 3600, 9.5 * 3600
"""Seconds past nine; the centre closes at six."""


def firings(findings: list[Finding]) -> list[tuple[str, float, bool]]:
    """Of each finding: its class, its time in seconds past nine, whether it clears."""
    return [(found.klass, (found.at - NINE).total_seconds(), found.cleared) for found in findings]


def test_a_room_that_stays_hot_for_five_minutes_is_found_when_they_are_over() -> None:
    house = House(ROOM_HOT)
    house.hear(warm(33.4, 0))
    house.hear(warm(33.9, 200))

    assert house.wait(299) == []
    [found] = house.wait(301)

    assert (found.priority, found.klass, found.room_id, found.at) == (Priority.P2, "room-hot", GYM, after(300))
    assert found.subject == "room:gym"
    assert found.summary == {"zh-CN": "健身室 室温 33.9 °C", "en": "Gym is at 33.9 °C"}


def test_a_room_that_cools_for_a_moment_starts_again() -> None:
    house = House(ROOM_HOT)
    house.hear(warm(33, 0))
    house.hear(warm(31, 100))
    house.hear(warm(33, 110))

    assert house.wait(400) == []
    assert firings(house.wait(410)) == [("room-hot", 410, False)]


def test_what_has_fired_does_not_fire_again_before_it_is_cleared() -> None:
    house = House(ROOM_HOT)
    house.hear(warm(33, 0))
    house.wait(300)

    assert house.hear(warm(34, 310)) == []
    assert house.hear(warm(31, 320)) == []  # between clear and when: hysteresis
    assert firings(house.hear(warm(30, 330))) == [("room-hot", 330, True)]
    assert house.wait(9999) == []


def test_a_reading_that_comes_when_the_wait_is_over_fires_at_the_time_it_was_due() -> None:
    house = House(ROOM_HOT)
    house.hear(warm(33, 0))

    assert firings(house.hear(warm(25, 360))) == [("room-hot", 300, False), ("room-hot", 360, True)]


def test_a_device_cannot_move_time_into_the_future_nor_far_into_the_past() -> None:
    ahead, behind = House(ROOM_HOT), House(ROOM_HOT)
    ahead.hear(warm(33, 0, skew=+3600))
    behind.hear(warm(33, 0, skew=-3600))

    assert firings(ahead.wait(300)) == firings(behind.wait(300)) == [("room-hot", 300, False)]


def test_a_reading_overtaken_by_a_later_one_changes_nothing() -> None:
    house = House(ROOM_HOT)
    house.hear(warm(33, 10))

    assert house.hear(replace(warm(20, 9), received_at=after(11))) == []
    assert firings(house.wait(310)) == [("room-hot", 310, False)]


def test_a_rule_whose_room_is_unknown_says_once_that_it_cannot_be_evaluated() -> None:
    house = House(ROOM_HOT)

    [notice] = house.hear(warm(33, 0, room_id=None))

    assert (notice.klass, notice.priority) == (NoticeCode.RULE_CANNOT_BE_EVALUATED, Priority.P3)
    assert notice.subject == "rule:room-hot:device:t-gym"
    assert house.hear(warm(33, 10, room_id=None)) == []


def test_what_cannot_be_evaluated_fires_in_a_p1_rule() -> None:
    house = House(replace(ROOM_HOT, priority=Priority.P1))
    house.hear(warm(20, 0, room_id=None))

    [found] = house.wait(300)

    assert (found.priority, found.klass, found.subject) == (Priority.P1, "room-hot", "device:t-gym")


def test_a_field_that_is_missing_is_told_and_told_again_when_it_is_there() -> None:
    house = House(replace(ROOM_HOT, per=Per.DEVICE, when=Expression('room.type == "gym"', frozenset({"room"}))))
    elsewhere = replace(IN_THE_GYM, room=None)

    assert firings(house.hear(warm(33, 0), elsewhere)) == [(NoticeCode.RULE_CANNOT_BE_EVALUATED, 0, False)]
    assert firings(house.hear(warm(33, 1))) == [(NoticeCode.RULE_CANNOT_BE_EVALUATED, 1, True)]


def test_a_rule_on_an_event_concludes_each_time() -> None:
    rule = Rule(
        "again", Priority.P2, OnEvent("press"), Per.SENIOR, None, {"zh-CN": "{senior.address_as}又按了", "en": "x"}
    )
    house = House(rule)

    first = house.hear(press(), HER_BUTTON)
    second = house.hear(press(seconds=1), HER_BUTTON)

    assert [found.klass for found in first] == ["help", "again"]
    assert [found.klass for found in second] == ["help", "again"]
    assert (second[1].senior_id, second[1].press_id, second[1].summary["zh-CN"]) == (WANG, "p-1", "王奶奶又按了")


def test_a_button_that_was_never_heard_is_noticed_after_its_heartbeat() -> None:
    house = House(*safety.BUILT_IN)
    memory = start_absence_wait(safety.SILENT_TRIGGER, HER_BUTTON, NINE)
    assert memory is not None
    house.memories[(memory.rule_id, memory.key)] = memory

    assert house.wait(299, HER_BUTTON) == []
    [found] = house.wait(300, HER_BUTTON)

    assert (found.klass, found.priority, found.subject) == (NoticeCode.TRIGGER_SILENT, Priority.P3, "device:b-01")


def test_a_dead_mans_rule_watches_only_its_kind_of_device() -> None:
    assert start_absence_wait(safety.SILENT_CAMERA, HER_BUTTON, NINE) is None
    assert start_absence_wait(ROOM_HOT, HER_BUTTON, NINE) is None


def test_anything_a_button_says_proves_that_it_lives() -> None:
    house = House(*safety.BUILT_IN)
    house.hear(status(ReportedState.ONLINE, 0), HER_BUTTON)
    house.hear(press(seconds=200), HER_BUTTON)

    assert house.wait(499, HER_BUTTON) == []
    assert firings(house.wait(500, HER_BUTTON)) == [(NoticeCode.TRIGGER_SILENT, 500, False)]
    assert (NoticeCode.TRIGGER_SILENT, 600, True) in firings(house.hear(status(ReportedState.ONLINE, 600), HER_BUTTON))


def test_a_button_whose_connection_ended_has_thirty_seconds_to_come_back() -> None:
    house = House(*safety.BUILT_IN)
    house.hear(status(ReportedState.ONLINE, 0), HER_BUTTON)
    house.hear(status(ReportedState.OFFLINE, 10), HER_BUTTON)

    assert house.wait(39, HER_BUTTON) == []
    assert firings(house.wait(40, HER_BUTTON)) == [(NoticeCode.TRIGGER_SILENT, 40, False)]


def test_the_words_say_for_how_long_nothing_could_be_heard() -> None:
    house = House(*safety.BUILT_IN)
    house.hear(status(ReportedState.ONLINE, 0), HER_BUTTON)
    key = (NoticeCode.TRIGGER_SILENT, "device:b-01")
    memory = house.memories[key]
    assert memory.due_at is not None
    house.memories[key] = replace(
        memory, due_at=memory.due_at + timedelta(seconds=90), blind_interval=timedelta(seconds=90)
    )

    [found] = house.wait(390, HER_BUTTON)

    assert found.summary["en"] == "The trigger device b-01 is silent (for 90 s of that time nothing could be heard)"
    assert found.params == {"seconds": 390, "blind_seconds": 90}


def test_silence_that_is_due_after_closing_is_none_of_a_rule_for_opening_hours() -> None:
    house = House(SILENT_WHILE_OPEN)
    house.hear(status(ReportedState.ONLINE, QUARTER_TO_SIX), HER_BUTTON)

    assert house.wait(QUARTER_TO_SIX + 1800, HER_BUTTON) == []
    assert house.memories[("silent-while-open", "device:b-01")].stage is RuleStage.IDLE


def test_silence_that_was_due_before_closing_is_found_however_late_somebody_looks() -> None:
    house = House(SILENT_WHILE_OPEN)
    house.hear(status(ReportedState.ONLINE, QUARTER_PAST_FIVE), HER_BUTTON)

    found = house.wait(HALF_PAST_SIX, HER_BUTTON)

    assert firings(found) == [("silent-while-open", QUARTER_PAST_FIVE + 1800, False)]


def test_a_device_that_speaks_again_after_closing_was_not_missed_by_a_rule_for_opening_hours() -> None:
    house = House(SILENT_WHILE_OPEN)
    house.hear(status(ReportedState.ONLINE, QUARTER_TO_SIX), HER_BUTTON)

    assert house.hear(status(ReportedState.ONLINE, HALF_PAST_SIX), HER_BUTTON) == []


def test_a_disabled_device_is_not_waited_for() -> None:
    house = House(*safety.BUILT_IN)
    house.hear(status(ReportedState.ONLINE, 0), HER_BUTTON)
    disabled = replace(HER_BUTTON, device=replace(device(BUTTON, "button"), enabled=False))

    assert house.wait(9999, disabled) == []
    assert house.memories[(NoticeCode.TRIGGER_SILENT, "device:b-01")].stage is RuleStage.IDLE


def test_what_stood_is_cleared_when_its_rule_is_gone() -> None:
    house = House(ROOM_HOT)
    house.hear(warm(33, 0))
    house.wait(300)

    memory, [cleared] = clear_memory(house.memories[("room-hot", "room:gym")], after(400))

    assert memory.stage is RuleStage.IDLE
    assert (cleared.klass, cleared.subject, cleared.cleared) == ("room-hot", "room:gym", True)


def test_what_did_not_stand_is_dropped_without_a_finding() -> None:
    house = House(ROOM_HOT)
    house.hear(warm(33, 0))

    memory, cleared = clear_memory(house.memories[("room-hot", "room:gym")], after(400))

    assert (memory.stage, cleared) == (RuleStage.IDLE, [])


def test_a_rule_that_is_gone_is_no_longer_said_to_be_impossible() -> None:
    house = House(ROOM_HOT)
    house.hear(warm(33, 0, room_id=None))

    memory, [cleared] = clear_memory(house.memories[("room-hot", "device:t-gym")], after(1))

    assert (memory.unknown, cleared.klass, cleared.cleared) == (False, NoticeCode.RULE_CANNOT_BE_EVALUATED, True)


Stream = list[tuple[float, float, bool, bool]]
STREAMS = st.lists(
    st.tuples(st.floats(0.1, 200), st.sampled_from([25.0, 31.0, 33.0]), st.booleans(), st.booleans()), max_size=40
)
"""Each: how long after the last, the temperature, was `due` asked just before, did the hub restart just before."""


def history(stream: Stream, *, asking: bool, restarting: bool) -> list[tuple[str, float, bool]]:
    house, seconds = House(ROOM_HOT), 0.0
    found: list[Finding] = []
    for wait, value, ask, restart in stream:
        seconds += wait
        if asking and ask:
            found += house.wait(seconds - wait / 2)
        if restarting and restart:
            rows = [astuple(memory) for memory in house.memories.values()]
            house = House(ROOM_HOT)
            house.memories = {(row[0], row[1]): RuleMemory(*row) for row in rows}
        found += house.hear(warm(value, seconds))
    found += house.wait(seconds + 300)
    return firings(found)


@given(STREAMS)
def test_restarts_and_how_often_we_look_change_nothing_that_fires(stream: Stream) -> None:
    undisturbed = history(stream, asking=False, restarting=False)

    assert history(stream, asking=True, restarting=False) == undisturbed
    assert history(stream, asking=True, restarting=True) == undisturbed


@given(STREAMS)
def test_findings_and_clearings_take_turns(stream: Stream) -> None:
    turns = [cleared for _, _, cleared in history(stream, asking=True, restarting=True)]

    assert turns == [index % 2 == 1 for index in range(len(turns))]


def off(context: Context, until_seconds: float) -> Context:
    """The same while its device is off until so many seconds past nine."""
    return replace(context, device=replace(context.device, off_until=after(until_seconds)))


def test_a_device_that_is_off_makes_no_finding_below_p1_until_its_time_is_over() -> None:
    house, repaired = House(ROOM_HOT), off(IN_THE_GYM, 1000)

    assert house.hear(warm(33.4, 0), repaired) == []
    assert house.wait(900, repaired) == []
    house.hear(warm(33.4, 1000), repaired)
    assert firings(house.wait(1301, repaired)) == [("room-hot", 1300.0, False)]


def test_what_a_device_said_before_it_was_set_off_is_forgotten_while_it_is_off() -> None:
    house = House(ROOM_HOT)
    house.hear(warm(33.4, 0))

    assert house.wait(301, off(IN_THE_GYM, 400)) == []
    assert house.wait(401, off(IN_THE_GYM, 400)) == [], "it begins anew with what is heard after that"


def test_silence_of_a_device_that_is_off_is_no_news() -> None:
    house, repaired = House(safety.SILENT_TRIGGER), off(HER_BUTTON, 1000)
    house.hear(status(ReportedState.ONLINE, 0), HER_BUTTON)

    assert house.wait(301, repaired) == []
    assert house.hear(status(ReportedState.OFFLINE, 400), repaired) == []
    assert house.wait(999, repaired) == []


def test_a_press_rings_while_its_button_is_off_and_so_does_a_p1_rule_of_the_centre() -> None:
    always = Rule("hot-p1", Priority.P1, ROOM_HOT.on, Per.ROOM, ROOM_HOT.when, ROOM_HOT.summary)
    house = House(safety.SILENT_TRIGGER, always)

    [found] = house.hear(press(), off(HER_BUTTON, 1000))
    house.hear(warm(33.4, 0), off(IN_THE_GYM, 1000))

    assert (found.priority, found.klass) == (Priority.P1, "help")
    assert firings(house.wait(301, off(IN_THE_GYM, 1000))) == [("hot-p1", 300.0, False)]


def test_what_a_device_says_while_it_is_off_counts_for_nothing_afterwards() -> None:
    house = House(ROOM_HOT)

    house.hear(warm(33.4, 0), off(IN_THE_GYM, 200))

    assert house.wait(301, off(IN_THE_GYM, 200)) == []
