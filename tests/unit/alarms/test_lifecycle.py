"""What one event does to an alarm: the rows of the table, and the laws that always hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.contract.messages import CueKind
from hub.alarms.errors import AlreadyTaken, NotNow, ReasonNeeded
from hub.alarms.escalation import Tier
from hub.alarms.lifecycle import (
    SIRENS,
    SIRENS_AND_LAMPS,
    Reach,
    ambulance_card_at,
    cue_of,
    decide_transition,
    open_alarm,
)
from hub.alarms.model import (
    Accept,
    Again,
    Alarm,
    AlarmState,
    Arrival,
    Arrive,
    CancelRequested,
    Cleared,
    Due,
    Happening,
    Moved,
    Outcome,
    OwnerDisabled,
    Pending,
    Policy,
    Quiet,
    Resolve,
    SomebodyTold,
    Sound,
    Step,
    Tell,
    TimerKind,
)
from hub.kit.ids import AccountId, AlarmId, CentreId, DeviceId, PressId
from hub.notifications.model import Template
from hub.rules.model import Priority

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ZHOU, LIU, SUN, CHEN = AccountId("zhou"), AccountId("liu"), AccountId("sun"), AccountId("chen")
LAMP, SIREN = DeviceId("lamp"), DeviceId("siren")


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


POLICY = Policy(
    "day",
    1,
    (
        Step(30, ("duty:primary", "lamp:corridor")),
        Step(30, ("duty:centre_staff", "siren:corridor")),
        Step(60, ("duty:lead",)),
    ),
)
REACH = Reach(
    tiers=(Tier(seconds(30), (ZHOU,)), Tier(seconds(30), (LIU,)), Tier(seconds(60), (SUN,))),
    devices=((LAMP,), (SIREN,), ()),
    lead=(SUN,),
    everyone=(ZHOU, LIU, SUN, CHEN),
    every_device=(LAMP, SIREN),
)
NOBODY = Reach(
    tiers=tuple(Tier(tier.wait, ()) for tier in REACH.tiers), devices=REACH.devices, every_device=REACH.every_device
)
BORN = Alarm(
    id=AlarmId("a-1"),
    centre_id=CentreId("jiuquan-road"),
    key="jiuquan-road:senior:s-wang:help",
    klass="help",
    number="23-07",
    priority=Priority.P1,
    state=AlarmState.OPEN,
    version=1,
    epoch=1,
    tier=-1,
    policy=POLICY,
    opened_at=NINE,
    open_since=NINE,
    changed_at=NINE,
    times_pressed=1,
)
OPEN = open_alarm(BORN, REACH, NINE).alarm


def moved(alarm: Alarm, happening: Happening, now: datetime, reach: Reach = REACH) -> Moved:
    result = decide_transition(alarm, happening, reach, now)
    assert result is not None
    return result


ACCEPTED = moved(OPEN, Accept(LIU), NINE + seconds(8)).alarm
ON_SCENE = moved(ACCEPTED, Arrive(LIU, Arrival.STAFF_TAG, has_reason=False), NINE + seconds(60)).alarm
RESOLVED = moved(ON_SCENE, Resolve(LIU, Outcome.ASSISTED, has_sentence=True), NINE + seconds(300)).alarm


def again(*at: float, press: str = "p-2") -> Again:
    return Again(PressId(press), DeviceId("b-wang"), tuple(NINE + seconds(second) for second in at))


def due(kind: TimerKind, at: datetime, *, told: bool = True) -> Due:
    return Due(kind, at, anybody_told=told)


def test_t1_a_new_alarm_tells_its_first_tier_lights_the_lamp_and_answers_the_presser() -> None:
    first = open_alarm(BORN, REACH, NINE)

    assert first.alarm.tier == 0
    assert first.tell == (Tell(Template.ALARM, (ZHOU,)),)
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
    assert (counted.tell, counted.timers) == ((), ())
    assert counted.cue is CueKind.RECEIVED


def test_t2_three_presses_within_thirty_seconds_take_the_next_tier_now() -> None:
    hurried = moved(OPEN, again(0, 4, 9), NINE + seconds(9))

    assert hurried.alarm.tier == 1
    assert hurried.tell == (Tell(Template.ALARM, (LIU,)),)
    assert Pending(TimerKind.ESCALATE, NINE + seconds(39)) in hurried.timers


def test_t2_a_fourth_press_in_the_same_thirty_seconds_is_only_counted() -> None:
    hurried = moved(OPEN, again(0, 4, 9), NINE + seconds(9)).alarm

    fourth = moved(hurried, again(0, 4, 9, 11), NINE + seconds(11))

    assert (fourth.alarm.tier, fourth.alarm.times_pressed, fourth.tell) == (1, 4, ())


def test_t2_three_presses_at_the_top_tell_everybody_on_the_ladder_again() -> None:
    top = replace(OPEN, tier=2)

    hurried = moved(top, again(0, 4, 9), NINE + seconds(9))

    assert hurried.alarm.tier == 2
    assert hurried.tell == (Tell(Template.AGAIN, (ZHOU, LIU, SUN)),)


def test_t3_the_escalate_timer_takes_the_next_tier_with_a_new_set_of_timers() -> None:
    escalated = moved(OPEN, due(TimerKind.ESCALATE, NINE + seconds(30)), NINE + seconds(30))

    assert (escalated.alarm.tier, escalated.alarm.epoch) == (1, OPEN.epoch + 1)
    assert escalated.tell == (Tell(Template.ALARM, (LIU,)),)
    assert escalated.sound == Sound((SIREN,))
    assert escalated.timers == (
        Pending(TimerKind.ESCALATE, NINE + seconds(60)),
        Pending(TimerKind.REPEAT, NINE + seconds(90)),
        Pending(TimerKind.UNREACHABLE, NINE + seconds(45)),
    )


def test_t3_tiers_missed_in_an_outage_are_one_step() -> None:
    escalated = moved(OPEN, due(TimerKind.ESCALATE, NINE + seconds(30)), NINE + timedelta(hours=2))

    assert (escalated.alarm.tier, escalated.alarm.epoch) == (2, OPEN.epoch + 1)
    assert escalated.tell == (Tell(Template.ALARM, (LIU, SUN)),)


def test_t4_a_tier_without_anybody_is_passed_at_once_and_named_as_a_gap() -> None:
    reach = replace(REACH, tiers=(REACH.tiers[0], Tier(seconds(30), ()), REACH.tiers[2]))

    escalated = moved(OPEN, due(TimerKind.ESCALATE, NINE + seconds(30)), NINE + seconds(30), reach)

    assert (escalated.alarm.tier, escalated.gaps) == (2, (1,))
    assert escalated.tell == (Tell(Template.ALARM, (SUN,)),)
    assert escalated.sound == Sound((SIREN,))


def test_t4_where_nobody_is_reachable_the_whole_house_is_switched_on_at_once() -> None:
    first = open_alarm(BORN, NOBODY, NINE)

    assert (first.alarm.tier, first.gaps, first.tell) == (2, (0, 1, 2), ())
    assert first.sound == Sound((LAMP, SIREN))
    assert [timer.kind for timer in first.timers] == [TimerKind.REPEAT, TimerKind.UNREACHABLE]


def test_t5_once_nobody_on_any_rung_can_be_reached_everybody_hears_the_repetition() -> None:
    top = replace(OPEN, tier=2)
    off_duty = replace(NOBODY, everyone=(CHEN,))

    repeated = moved(top, due(TimerKind.REPEAT, NINE + seconds(60)), NINE + seconds(60), off_duty)

    assert repeated.tell == (Tell(Template.AGAIN, (CHEN,)),)
    assert repeated.sound == Sound((LAMP, SIREN))


def test_t5_every_minute_all_tiers_so_far_are_told_again_for_ever() -> None:
    top = replace(OPEN, tier=2)

    repeated = moved(top, due(TimerKind.REPEAT, NINE + seconds(60)), NINE + seconds(60))

    assert repeated.alarm.epoch == top.epoch
    assert repeated.tell == (Tell(Template.AGAIN, (ZHOU, LIU, SUN)),)
    assert repeated.sound == Sound((LAMP, SIREN))
    assert repeated.timers == (Pending(TimerKind.REPEAT, NINE + seconds(120)),)


def test_t6_when_no_phone_took_it_the_next_tier_is_told_at_once() -> None:
    climbed = moved(OPEN, due(TimerKind.UNREACHABLE, NINE + seconds(15), told=False), NINE + seconds(15))

    assert (climbed.alarm.unreachable, climbed.alarm.tier) == (True, 1)
    assert climbed.tell == (Tell(Template.ALARM, (LIU,)),)
    assert Pending(TimerKind.UNREACHABLE, NINE + seconds(30)) in climbed.timers


def test_t6_on_the_last_tier_everybody_with_any_channel_and_every_siren_is_called_each_minute() -> None:
    top = replace(OPEN, tier=2)

    called = moved(top, due(TimerKind.UNREACHABLE, NINE + seconds(15), told=False), NINE + seconds(15))
    repeated = moved(called.alarm, due(TimerKind.REPEAT, NINE + seconds(60)), NINE + seconds(60))

    assert called.tell == (Tell(Template.ALARM, REACH.everyone),)
    assert repeated.tell == (Tell(Template.AGAIN, REACH.everyone),)
    assert called.sound == repeated.sound == Sound((LAMP, SIREN))


def test_t6_when_somebody_was_told_the_timer_changes_nothing() -> None:
    assert decide_transition(OPEN, due(TimerKind.UNREACHABLE, NINE + seconds(15)), REACH, NINE + seconds(15)) is None


def test_t6_the_flag_goes_when_somebody_is_told() -> None:
    reached = moved(replace(OPEN, unreachable=True), SomebodyTold(), NINE + seconds(20))

    assert not reached.alarm.unreachable
    assert decide_transition(OPEN, SomebodyTold(), REACH, NINE) is None


def test_t7_whoever_accepts_owns_it_the_others_hear_of_it_and_the_button_says_coming() -> None:
    accepted = moved(OPEN, Accept(CHEN), NINE + seconds(8))

    assert (accepted.alarm.state, accepted.alarm.owner_id) == (AlarmState.ACCEPTED, CHEN)
    assert accepted.tell == (Tell(Template.TAKEN, all_told=True),)
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


def test_t10_an_owner_who_is_not_there_in_time_and_the_lead_are_told() -> None:
    nudged = moved(ACCEPTED, due(TimerKind.ARRIVE, NINE + seconds(128)), NINE + seconds(128))

    assert nudged.alarm.epoch == ACCEPTED.epoch
    assert nudged.tell == (Tell(Template.ARRIVE_NUDGE, (LIU, SUN)),)


def test_t11_an_acceptance_that_lapses_rings_again_one_tier_higher() -> None:
    lapsed = moved(ACCEPTED, due(TimerKind.LEASE, NINE + seconds(308)), NINE + seconds(308))

    assert (lapsed.alarm.state, lapsed.alarm.owner_id, lapsed.alarm.tier) == (AlarmState.OPEN, None, 1)
    assert lapsed.alarm.open_since == NINE + seconds(308)
    assert lapsed.tell == (Tell(Template.LAPSED, (ZHOU, LIU)),)
    assert lapsed.cue is CueKind.RECEIVED
    assert {timer.kind for timer in lapsed.timers} == {TimerKind.ESCALATE, TimerKind.REPEAT, TimerKind.UNREACHABLE}


@pytest.mark.parametrize("state", [AlarmState.ACCEPTED, AlarmState.ON_SCENE])
def test_t14_an_alarm_of_a_disabled_account_begins_again_with_the_first_tier(state: AlarmState) -> None:
    before = replace(ACCEPTED if state is AlarmState.ACCEPTED else ON_SCENE, tier=2)

    reopened = moved(before, OwnerDisabled(), NINE + seconds(70))

    assert (reopened.what, reopened.alarm.state, reopened.alarm.owner_id) == ("owner-disabled", AlarmState.OPEN, None)
    assert (reopened.alarm.tier, reopened.alarm.arrive_by, reopened.alarm.on_scene_at) == (0, None, None)
    assert reopened.tell == (Tell(Template.ALARM, (ZHOU,)),)
    assert reopened.sound == Sound((LAMP,))
    assert {timer.kind for timer in reopened.timers} == {TimerKind.ESCALATE, TimerKind.REPEAT, TimerKind.UNREACHABLE}


def test_t14_an_alarm_that_nobody_owns_does_not_change_when_an_account_is_disabled() -> None:
    assert decide_transition(OPEN, OwnerDisabled(), REACH, NINE + seconds(70)) is None


def test_t11_an_acceptance_that_lapses_at_the_top_rings_again_at_the_top() -> None:
    lapsed = moved(replace(ACCEPTED, tier=2), due(TimerKind.LEASE, NINE + seconds(308)), NINE + seconds(308))

    assert (lapsed.alarm.state, lapsed.alarm.tier, lapsed.alarm.epoch) == (AlarmState.OPEN, 2, ACCEPTED.epoch + 1)
    assert lapsed.tell == (Tell(Template.LAPSED, (ZHOU, LIU, SUN)),)


@pytest.mark.parametrize(("alarm", "cue"), [(ACCEPTED, CueKind.COMING), (ON_SCENE, CueKind.ON_SCENE)])
def test_t12_a_press_while_somebody_has_taken_it_tells_owner_and_lead_and_wants_an_answer(
    alarm: Alarm, cue: CueKind
) -> None:
    pressed = moved(alarm, again(0, 70), NINE + seconds(70))

    assert (pressed.alarm.state, pressed.alarm.owner_id, pressed.alarm.epoch) == (alarm.state, LIU, alarm.epoch)
    assert pressed.tell == (Tell(Template.PRESSED_AGAIN, (LIU, SUN)),)
    assert pressed.timers == (Pending(TimerKind.CONFIRM, NINE + seconds(130)),)
    assert pressed.cue is cue


def test_t12_more_presses_do_not_push_the_question_back() -> None:
    asked = moved(ACCEPTED, again(0, 70), NINE + seconds(70)).alarm

    pressed = moved(asked, again(0, 70, 100), NINE + seconds(100))

    assert pressed.timers == ()
    assert pressed.alarm.confirm_by == NINE + seconds(130)


def test_t12_unanswered_the_alarm_opens_again_one_tier_higher() -> None:
    asked = moved(ON_SCENE, again(0, 70), NINE + seconds(70)).alarm

    lapsed = moved(asked, due(TimerKind.CONFIRM, NINE + seconds(130)), NINE + seconds(130))

    assert (lapsed.alarm.state, lapsed.alarm.tier, lapsed.alarm.confirm_by) == (AlarmState.OPEN, 1, None)


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
    assert resolved.tell == (Tell(Template.RESOLVED, all_told=True),)
    assert resolved.quiet == Quiet(SIRENS_AND_LAMPS)
    assert resolved.cue is CueKind.CLOSED
    assert resolved.timers == (Pending(TimerKind.CLOSE, NINE + seconds(800)),)


def test_t16_without_having_been_there_a_sentence_must_say_why() -> None:
    with pytest.raises(ReasonNeeded):
        decide_transition(ACCEPTED, Resolve(LIU, Outcome.ACCIDENTAL, has_sentence=False), REACH, NINE + seconds(200))


def test_t16_what_nobody_has_taken_cannot_be_resolved() -> None:
    with pytest.raises(NotNow):
        decide_transition(OPEN, Resolve(LIU, Outcome.ACCIDENTAL, has_sentence=True), REACH, NINE + seconds(200))


def test_t17_owner_and_lead_are_nudged_twice_and_the_third_time_it_climbs_to_the_lead() -> None:
    quarter = timedelta(minutes=15)

    first = moved(ON_SCENE, due(TimerKind.RESOLVE, NINE + quarter), NINE + quarter)
    second = moved(first.alarm, due(TimerKind.RESOLVE, NINE + 2 * quarter), NINE + 2 * quarter)
    third = moved(second.alarm, due(TimerKind.RESOLVE, NINE + 3 * quarter), NINE + 3 * quarter)

    assert first.tell == second.tell == (Tell(Template.RESOLVE_NUDGE, (LIU, SUN)),)
    assert first.timers == (Pending(TimerKind.RESOLVE, NINE + 2 * quarter),)
    assert (third.alarm.state, third.alarm.tier) == (AlarmState.OPEN, 2)


@pytest.mark.parametrize(
    ("alarm", "kind"),
    [(OPEN, TimerKind.REPEAT), (ACCEPTED, TimerKind.ARRIVE), (ON_SCENE, TimerKind.RESOLVE)],
)
def test_each_reminder_keeps_the_pressers_device_from_going_dark(alarm: Alarm, kind: TimerKind) -> None:
    now = NINE + seconds(1000)

    assert moved(alarm, due(kind, now), now).keeps_cue


def test_t20_a_resolved_alarm_closes_by_itself() -> None:
    closed = moved(RESOLVED, due(TimerKind.CLOSE, NINE + seconds(900)), NINE + seconds(900))

    assert (closed.alarm.state, closed.alarm.closed_at) == (AlarmState.CLOSED, NINE + seconds(900))


@pytest.mark.parametrize(
    ("alarm", "repeated"),
    [
        (ACCEPTED, Accept(LIU)),
        (ON_SCENE, Accept(LIU)),
        (ON_SCENE, Arrive(LIU, Arrival.ROOM_CODE, has_reason=False)),
        (RESOLVED, Accept(ZHOU)),
        (RESOLVED, Resolve(ZHOU, Outcome.FALL, has_sentence=True)),
        (ACCEPTED, due(TimerKind.ESCALATE, NINE + seconds(30))),
        (OPEN, due(TimerKind.LEASE, NINE + seconds(308))),
        (RESOLVED, Cleared()),
    ],
)
def test_t21_what_is_repeated_or_late_changes_nothing(alarm: Alarm, repeated: Happening) -> None:
    assert decide_transition(alarm, repeated, REACH, NINE + seconds(1000)) is None


@pytest.mark.parametrize(
    ("alarm", "illegal"),
    [
        (OPEN, Arrive(LIU, Arrival.ROOM_CODE, has_reason=False)),
        (RESOLVED, Arrive(LIU, Arrival.ROOM_CODE, has_reason=False)),
        (RESOLVED, Again(PressId("p-9"), None, (NINE,))),
    ],
)
def test_t23_what_the_table_does_not_have_is_refused(alarm: Alarm, illegal: Happening) -> None:
    with pytest.raises(NotNow):
        decide_transition(alarm, illegal, REACH, NINE + seconds(1000))


@pytest.mark.parametrize("alarm", [OPEN, ACCEPTED, ON_SCENE])
def test_a_press_that_is_taken_back_is_shown_once_and_ends_nothing(alarm: Alarm) -> None:
    taken_back = moved(alarm, CancelRequested(), NINE + seconds(5))

    assert (taken_back.alarm.cancel_requested, taken_back.alarm.state) == (True, alarm.state)
    assert (taken_back.tell, taken_back.timers, taken_back.alarm.epoch) == ((), (), alarm.epoch)
    assert decide_transition(taken_back.alarm, CancelRequested(), REACH, NINE + seconds(6)) is None


def test_the_end_of_the_condition_is_noted_and_people_still_look_after_it() -> None:
    cleared = moved(OPEN, Cleared(), NINE + seconds(5))

    assert (cleared.alarm.state, cleared.what, cleared.tell) == (AlarmState.OPEN, "cleared", ())


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


NEEDED = {
    AlarmState.OPEN: {TimerKind.ESCALATE, TimerKind.REPEAT},
    AlarmState.ACCEPTED: {TimerKind.LEASE},
    AlarmState.ON_SCENE: {TimerKind.RESOLVE},
    AlarmState.RESOLVED: {TimerKind.CLOSE},
    AlarmState.CLOSED: set(TimerKind),
}
people = st.sampled_from([ZHOU, LIU, SUN, CHEN])
happenings = st.one_of(
    st.builds(Accept, people),
    st.builds(Arrive, people, st.sampled_from(Arrival), has_reason=st.booleans()),
    st.builds(Resolve, people, st.sampled_from(Outcome), has_sentence=st.booleans()),
    st.just(OwnerDisabled()),
    st.just("press"),
    st.just("wait"),
    st.just(SomebodyTold()),
    st.just(Cleared()),
    st.just(CancelRequested()),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(happenings, st.integers(0, 400), st.booleans()), max_size=25), st.booleans())
def test_whatever_happens_a_live_alarm_waits_for_something_and_never_loses_its_owner_silently(
    story: list[tuple[Happening | str, int, bool]], somebody_is_reachable: bool
) -> None:
    reach = REACH if somebody_is_reachable else NOBODY
    now, presses = NINE, [NINE]
    last = open_alarm(BORN, reach, NINE)
    alarm, timers = last.alarm, list(last.timers)
    for happening, wait, told in story:
        now += seconds(wait)
        due_now = min((timer for timer in timers if timer.due_at <= now), key=lambda t: t.due_at, default=None)
        if due_now is not None and happening == "wait":
            timers.remove(due_now)
            what: Happening = due(due_now.kind, due_now.due_at, told=told)
        elif isinstance(happening, str):
            presses.append(now)
            what = Again(PressId(f"p-{len(presses)}"), None, tuple(presses))
        else:
            what = happening
        try:
            result = decide_transition(alarm, what, reach, now)
        except (AlreadyTaken, NotNow, ReasonNeeded):
            result = None
        if result is not None:
            if result.alarm.epoch != alarm.epoch:
                timers.clear()
            if result.answers_confirm:
                timers = [timer for timer in timers if timer.kind is not TimerKind.CONFIRM]
            timers.extend(result.timers)
            assert result.alarm.version == alarm.version + 1
            moved_on = (result.alarm.state, result.alarm.owner_id, result.alarm.tier) != (
                alarm.state,
                alarm.owner_id,
                alarm.tier,
            )
            assert result.alarm.epoch == alarm.epoch + moved_on
            alarm = result.alarm

        assert alarm.state.has_owner == (alarm.owner_id is not None)
        assert 0 <= alarm.tier < len(reach.tiers)
        assert alarm.state is AlarmState.CLOSED or NEEDED[alarm.state] & {timer.kind for timer in timers}
        assert (alarm.confirm_by is not None) == (TimerKind.CONFIRM in {timer.kind for timer in timers})
        assert alarm.arrive_by == next((timer.due_at for timer in timers if timer.kind is TimerKind.LEASE), None)
