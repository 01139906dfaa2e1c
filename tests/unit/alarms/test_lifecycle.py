"""What does a press or a tap do to an alarm? The rows of the table that somebody does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from devices.contract.messages import CueKind
from hub.alarms.errors import AlreadyTaken, NotNow, ReasonNeeded
from hub.alarms.lifecycle import SIRENS, SIRENS_AND_LAMPS, ambulance_card_at, cue_of, decide_transition, open_alarm
from hub.alarms.model import (
    Accept,
    Alarm,
    AlarmState,
    Arrival,
    Arrive,
    CancelRequested,
    Cleared,
    Notify,
    Outcome,
    OwnerDisabled,
    Pending,
    Quiet,
    Resolve,
    SomebodyTold,
    Sound,
    TimerKind,
)
from hub.notifications.model import Template
from tests.unit.alarms.alarm import (
    ACCEPTED,
    BORN,
    CHEN,
    LAMP,
    LIU,
    NINE,
    NOBODY,
    ON_SCENE,
    OPEN,
    REACH,
    SIREN,
    SUN,
    ZHOU,
    again,
    moved,
    seconds,
)


def test_t1_a_new_alarm_tells_its_first_tier_lights_the_lamp_and_answers_the_presser() -> None:
    first = open_alarm(BORN, REACH, NINE)

    assert first.alarm.tier == 0
    assert first.notify == (Notify(Template.ALARM, (ZHOU,)),)
    assert first.sound == Sound((LAMP,))
    assert first.cue is CueKind.RECEIVED
    assert first.timers == (
        Pending(TimerKind.ESCALATE, NINE + seconds(30)),
        Pending(TimerKind.REPEAT, NINE + seconds(60)),
        Pending(TimerKind.UNREACHABLE, NINE + seconds(15)),
    )


def test_t2_the_same_key_again_is_counted_and_tells_nobody_anew() -> None:
    counted = moved(OPEN, again(0, 9), NINE + seconds(9))

    assert counted.alarm.times_pressed == 2
    assert counted.alarm.epoch == OPEN.epoch
    assert (counted.notify, counted.timers) == ((), ())
    assert counted.cue is CueKind.RECEIVED


def test_t2_three_presses_within_thirty_seconds_take_the_next_tier_now() -> None:
    hurried = moved(OPEN, again(0, 4, 9), NINE + seconds(9))

    assert hurried.alarm.tier == 1
    assert hurried.notify == (Notify(Template.ALARM, (LIU,)),)
    assert Pending(TimerKind.ESCALATE, NINE + seconds(39)) in hurried.timers


def test_t2_a_fourth_press_in_the_same_thirty_seconds_is_only_counted() -> None:
    hurried = moved(OPEN, again(0, 4, 9), NINE + seconds(9)).alarm

    fourth = moved(hurried, again(0, 4, 9, 11), NINE + seconds(11))

    assert (fourth.alarm.tier, fourth.alarm.times_pressed, fourth.notify) == (1, 4, ())


def test_t2_three_presses_at_the_top_tell_everybody_on_the_ladder_again() -> None:
    top = replace(OPEN, tier=2)

    hurried = moved(top, again(0, 4, 9), NINE + seconds(9))

    assert hurried.alarm.tier == 2
    assert hurried.notify == (Notify(Template.AGAIN, (ZHOU, LIU, SUN)),)


def test_t4_where_nobody_is_reachable_the_whole_house_is_switched_on_at_once() -> None:
    first = open_alarm(BORN, NOBODY, NINE)

    assert (first.alarm.tier, first.gaps, first.notify) == (2, (0, 1, 2), ())
    assert first.sound == Sound((LAMP, SIREN))
    assert [timer.kind for timer in first.timers] == [TimerKind.REPEAT, TimerKind.UNREACHABLE]


def test_t6_the_flag_goes_when_somebody_is_told() -> None:
    reached = moved(replace(OPEN, unreachable=True), SomebodyTold(), NINE + seconds(20))

    assert not reached.alarm.unreachable
    assert decide_transition(OPEN, SomebodyTold(), REACH, NINE) is None


def test_t7_whoever_accepts_owns_it_the_others_hear_of_it_and_the_button_says_coming() -> None:
    accepted = moved(OPEN, Accept(CHEN), NINE + seconds(8))

    assert (accepted.alarm.state, accepted.alarm.owner_id) == (AlarmState.ACCEPTED, CHEN)
    assert accepted.notify == (Notify(Template.TAKEN, all_notified=True),)
    assert accepted.cue is CueKind.COMING
    assert accepted.timers == (
        Pending(TimerKind.ARRIVE, NINE + seconds(128)),
        Pending(TimerKind.LEASE, NINE + seconds(308)),
    )


@pytest.mark.parametrize("taken", [ACCEPTED, ON_SCENE])
def test_t8_whoever_lost_the_race_learns_who_won(taken: Alarm) -> None:
    with pytest.raises(AlreadyTaken) as lost:
        decide_transition(taken, Accept(ZHOU), REACH, NINE + seconds(9))

    assert lost.value.owner_id == LIU


def test_t9_the_owner_arrives_the_siren_stops_and_the_lamp_stays() -> None:
    arrived = moved(ACCEPTED, Arrive(LIU, Arrival.TAP, has_reason=True), NINE + seconds(60))

    assert (arrived.alarm.state, arrived.alarm.on_scene_at) == (AlarmState.ON_SCENE, NINE + seconds(60))
    assert arrived.quiet == Quiet(SIRENS)
    assert arrived.cue is CueKind.ON_SCENE
    assert arrived.timers == (Pending(TimerKind.RESOLVE, NINE + seconds(60) + timedelta(minutes=15)),)


def test_t9_a_mere_tap_without_a_reason_is_not_an_arrival() -> None:
    with pytest.raises(ReasonNeeded):
        decide_transition(ACCEPTED, Arrive(LIU, Arrival.TAP, has_reason=False), REACH, NINE + seconds(60))


@pytest.mark.parametrize("state", [AlarmState.ACCEPTED, AlarmState.ON_SCENE])
def test_t14_an_alarm_of_a_disabled_account_begins_again_with_the_first_tier(state: AlarmState) -> None:
    before = replace(ACCEPTED if state is AlarmState.ACCEPTED else ON_SCENE, tier=2)

    reopened = moved(before, OwnerDisabled(), NINE + seconds(70))

    assert (reopened.what, reopened.alarm.state, reopened.alarm.owner_id) == ("owner-disabled", AlarmState.OPEN, None)
    assert (reopened.alarm.tier, reopened.alarm.arrive_by, reopened.alarm.on_scene_at) == (0, None, None)
    assert reopened.notify == (Notify(Template.ALARM, (ZHOU,)),)
    assert reopened.sound == Sound((LAMP,))
    assert {timer.kind for timer in reopened.timers} == {TimerKind.ESCALATE, TimerKind.REPEAT, TimerKind.UNREACHABLE}


def test_t14_an_alarm_that_nobody_owns_does_not_change_when_an_account_is_disabled() -> None:
    assert decide_transition(OPEN, OwnerDisabled(), REACH, NINE + seconds(70)) is None


@pytest.mark.parametrize(("alarm", "cue"), [(ACCEPTED, CueKind.COMING), (ON_SCENE, CueKind.ON_SCENE)])
def test_t12_a_press_while_somebody_has_taken_it_tells_owner_and_lead_and_wants_an_answer(
    alarm: Alarm, cue: CueKind
) -> None:
    pressed = moved(alarm, again(0, 70), NINE + seconds(70))

    assert (pressed.alarm.state, pressed.alarm.owner_id, pressed.alarm.epoch) == (alarm.state, LIU, alarm.epoch)
    assert pressed.notify == (Notify(Template.PRESSED_AGAIN, (LIU, SUN)),)
    assert pressed.timers == (Pending(TimerKind.CONFIRM, NINE + seconds(130)),)
    assert pressed.cue is cue


def test_t12_more_presses_do_not_push_the_question_back() -> None:
    asked = moved(ACCEPTED, again(0, 70), NINE + seconds(70)).alarm

    pressed = moved(asked, again(0, 70, 100), NINE + seconds(100))

    assert pressed.timers == ()
    assert pressed.alarm.confirm_by == NINE + seconds(130)


def test_t12_the_owner_answers_by_taking_it_again() -> None:
    asked = moved(ACCEPTED, again(0, 70), NINE + seconds(70)).alarm

    answered = moved(asked, Accept(LIU), NINE + seconds(80))

    assert answered.answers_confirm
    assert (answered.alarm.confirm_by, answered.alarm.state, answered.timers) == (None, AlarmState.ACCEPTED, ())


@pytest.mark.parametrize("alarm", [ON_SCENE, ACCEPTED])
def test_t16_resolving_gives_the_all_clear_and_turns_everything_off(alarm: Alarm) -> None:
    resolved = moved(alarm, Resolve(ZHOU, Outcome.REASSURANCE, has_sentence=True), NINE + seconds(200))

    assert (resolved.alarm.state, resolved.alarm.owner_id) == (AlarmState.RESOLVED, None)
    assert (resolved.alarm.resolved_by, resolved.alarm.outcome) == (ZHOU, Outcome.REASSURANCE)
    assert resolved.notify == (Notify(Template.RESOLVED, all_notified=True),)
    assert resolved.quiet == Quiet(SIRENS_AND_LAMPS)
    assert resolved.cue is CueKind.CLOSED
    assert resolved.timers == (Pending(TimerKind.CLOSE, NINE + seconds(800)),)


def test_t16_without_having_been_there_a_sentence_must_say_why() -> None:
    with pytest.raises(ReasonNeeded):
        decide_transition(ACCEPTED, Resolve(LIU, Outcome.ACCIDENTAL, has_sentence=False), REACH, NINE + seconds(200))


def test_t16_what_nobody_has_taken_cannot_be_resolved() -> None:
    with pytest.raises(NotNow):
        decide_transition(OPEN, Resolve(LIU, Outcome.ACCIDENTAL, has_sentence=True), REACH, NINE + seconds(200))


@pytest.mark.parametrize("alarm", [OPEN, ACCEPTED, ON_SCENE])
def test_a_press_that_is_cancelled_is_shown_once_and_ends_nothing(alarm: Alarm) -> None:
    cancelled = moved(alarm, CancelRequested(), NINE + seconds(5))

    assert (cancelled.alarm.cancel_requested, cancelled.alarm.state) == (True, alarm.state)
    assert (cancelled.notify, cancelled.timers, cancelled.alarm.epoch) == ((), (), alarm.epoch)
    assert decide_transition(cancelled.alarm, CancelRequested(), REACH, NINE + seconds(6)) is None


def test_the_end_of_the_condition_is_noted_and_people_still_look_after_it() -> None:
    cleared = moved(OPEN, Cleared(), NINE + seconds(5))

    assert (cleared.alarm.state, cleared.what, cleared.notify) == (AlarmState.OPEN, "cleared", ())


def test_the_120_card_comes_after_five_minutes_unless_somebody_is_on_scene() -> None:
    assert ambulance_card_at(OPEN) == NINE + timedelta(minutes=5)
    assert ambulance_card_at(ACCEPTED) == NINE + timedelta(minutes=5)
    assert ambulance_card_at(ON_SCENE) is None


@pytest.mark.parametrize(
    ("state", "cue"),
    [
        (AlarmState.OPEN, CueKind.RECEIVED),
        (AlarmState.ACCEPTED, CueKind.COMING),
        (AlarmState.ON_SCENE, CueKind.ON_SCENE),
        (AlarmState.RESOLVED, CueKind.CLOSED),
        (AlarmState.CLOSED, CueKind.CLOSED),
    ],
)
def test_a_device_that_comes_online_shows_where_its_alarm_stands(state: AlarmState, cue: CueKind) -> None:
    assert cue_of(state) is cue
