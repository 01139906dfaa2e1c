"""What does a timer that is due do to an alarm? The rows of the table that nobody does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from devices.contract.messages import CueKind
from hub.alarms.escalation import Tier
from hub.alarms.lifecycle import decide_transition
from hub.alarms.model import Alarm, AlarmState, Notify, Pending, Sound, TimerKind
from hub.notifications.model import Template
from tests.unit.alarms.alarm import (
    ACCEPTED,
    CHEN,
    LAMP,
    LIU,
    NINE,
    NOBODY,
    ON_SCENE,
    OPEN,
    REACH,
    RESOLVED,
    SIREN,
    SUN,
    ZHOU,
    again,
    due,
    moved,
    seconds,
)


def test_t3_the_escalate_timer_takes_the_next_tier_with_a_new_set_of_timers() -> None:
    escalated = moved(OPEN, due(TimerKind.ESCALATE, NINE + seconds(30)), NINE + seconds(30))

    assert (escalated.alarm.tier, escalated.alarm.epoch) == (1, OPEN.epoch + 1)
    assert escalated.notify == (Notify(Template.ALARM, (LIU,)),)
    assert escalated.sound == Sound((SIREN,))
    assert escalated.timers == (
        Pending(TimerKind.ESCALATE, NINE + seconds(60)),
        Pending(TimerKind.REPEAT, NINE + seconds(90)),
        Pending(TimerKind.UNREACHABLE, NINE + seconds(45)),
    )


def test_t3_tiers_missed_in_an_outage_are_one_step() -> None:
    escalated = moved(OPEN, due(TimerKind.ESCALATE, NINE + seconds(30)), NINE + timedelta(hours=2))

    assert (escalated.alarm.tier, escalated.alarm.epoch) == (2, OPEN.epoch + 1)
    assert escalated.notify == (Notify(Template.ALARM, (LIU, SUN)),)


def test_t4_a_tier_without_anybody_is_passed_at_once_and_named_as_a_gap() -> None:
    reach = replace(REACH, people=(REACH.tiers[0], Tier(seconds(30), ()), REACH.tiers[2]))

    escalated = moved(OPEN, due(TimerKind.ESCALATE, NINE + seconds(30)), NINE + seconds(30), reach)

    assert (escalated.alarm.tier, escalated.gaps) == (2, (1,))
    assert escalated.notify == (Notify(Template.ALARM, (SUN,)),)
    assert escalated.sound == Sound((SIREN,))


def test_t5_once_nobody_on_any_rung_can_be_reached_everybody_hears_the_repetition() -> None:
    top = replace(OPEN, tier=2)
    off_duty = replace(NOBODY, everyone=(CHEN,))

    repeated = moved(top, due(TimerKind.REPEAT, NINE + seconds(60)), NINE + seconds(60), off_duty)

    assert repeated.notify == (Notify(Template.AGAIN, (CHEN,)),)
    assert repeated.sound == Sound((LAMP, SIREN))


def test_t5_every_minute_all_tiers_so_far_are_told_again_for_ever() -> None:
    top = replace(OPEN, tier=2)

    repeated = moved(top, due(TimerKind.REPEAT, NINE + seconds(60)), NINE + seconds(60))

    assert repeated.alarm.epoch == top.epoch
    assert repeated.notify == (Notify(Template.AGAIN, (ZHOU, LIU, SUN)),)
    assert repeated.sound == Sound((LAMP, SIREN))
    assert repeated.timers == (Pending(TimerKind.REPEAT, NINE + seconds(120)),)


def test_t5_a_repetition_sounds_what_the_tiers_so_far_have_and_nothing_of_the_next() -> None:
    repeated = moved(OPEN, due(TimerKind.REPEAT, NINE + seconds(60)), NINE + seconds(60))

    assert repeated.sound == Sound((LAMP,))


def test_t6_when_no_phone_took_it_the_next_tier_is_told_at_once() -> None:
    climbed = moved(OPEN, due(TimerKind.UNREACHABLE, NINE + seconds(15), told=False), NINE + seconds(15))

    assert (climbed.alarm.unreachable, climbed.alarm.tier) == (True, 1)
    assert climbed.notify == (Notify(Template.ALARM, (LIU,)),)
    assert Pending(TimerKind.UNREACHABLE, NINE + seconds(30)) in climbed.timers


def test_t6_on_the_last_tier_everybody_with_any_channel_and_every_siren_is_called_each_minute() -> None:
    top = replace(OPEN, tier=2)

    called = moved(top, due(TimerKind.UNREACHABLE, NINE + seconds(15), told=False), NINE + seconds(15))
    repeated = moved(called.alarm, due(TimerKind.REPEAT, NINE + seconds(60)), NINE + seconds(60))

    assert called.notify == (Notify(Template.ALARM, REACH.everyone),)
    assert repeated.notify == (Notify(Template.AGAIN, REACH.everyone),)
    assert called.sound == repeated.sound == Sound((LAMP, SIREN))


def test_t6_when_somebody_was_told_the_timer_changes_nothing() -> None:
    assert decide_transition(OPEN, due(TimerKind.UNREACHABLE, NINE + seconds(15)), REACH, NINE + seconds(15)) is None


def test_t10_an_owner_who_is_not_there_in_time_and_the_lead_are_told() -> None:
    nudged = moved(ACCEPTED, due(TimerKind.ARRIVE, NINE + seconds(128)), NINE + seconds(128))

    assert nudged.alarm.epoch == ACCEPTED.epoch
    assert nudged.notify == (Notify(Template.ARRIVE_NUDGE, (LIU, SUN)),)


def test_t11_an_acceptance_that_lapses_rings_again_one_tier_higher() -> None:
    lapsed = moved(ACCEPTED, due(TimerKind.LEASE, NINE + seconds(308)), NINE + seconds(308))

    assert (lapsed.alarm.state, lapsed.alarm.owner_id, lapsed.alarm.tier) == (AlarmState.OPEN, None, 1)
    assert lapsed.alarm.open_since == NINE + seconds(308)
    assert lapsed.notify == (Notify(Template.LAPSED, (ZHOU, LIU)),)
    assert lapsed.cue is CueKind.RECEIVED
    assert {timer.kind for timer in lapsed.timers} == {TimerKind.ESCALATE, TimerKind.REPEAT, TimerKind.UNREACHABLE}


def test_t11_an_acceptance_that_lapses_at_the_top_rings_again_at_the_top() -> None:
    lapsed = moved(replace(ACCEPTED, tier=2), due(TimerKind.LEASE, NINE + seconds(308)), NINE + seconds(308))

    assert (lapsed.alarm.state, lapsed.alarm.tier, lapsed.alarm.epoch) == (AlarmState.OPEN, 2, ACCEPTED.epoch + 1)
    assert lapsed.notify == (Notify(Template.LAPSED, (ZHOU, LIU, SUN)),)


def test_t12_unanswered_the_alarm_opens_again_one_tier_higher() -> None:
    asked = moved(ON_SCENE, again(0, 70), NINE + seconds(70)).alarm

    lapsed = moved(asked, due(TimerKind.CONFIRM, NINE + seconds(130)), NINE + seconds(130))

    assert (lapsed.alarm.state, lapsed.alarm.tier, lapsed.alarm.confirm_by) == (AlarmState.OPEN, 1, None)


def test_t17_owner_and_lead_are_nudged_twice_and_the_third_time_it_climbs_to_the_lead() -> None:
    quarter = timedelta(minutes=15)

    first = moved(ON_SCENE, due(TimerKind.RESOLVE, NINE + quarter), NINE + quarter)
    second = moved(first.alarm, due(TimerKind.RESOLVE, NINE + 2 * quarter), NINE + 2 * quarter)
    third = moved(second.alarm, due(TimerKind.RESOLVE, NINE + 3 * quarter), NINE + 3 * quarter)

    assert first.notify == second.notify == (Notify(Template.RESOLVE_NUDGE, (LIU, SUN)),)
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
