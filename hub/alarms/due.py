"""What does a timer that is due do to an alarm? T3 to T6, T10 to T12, T17 and T20 of the table, as pure functions."""

from dataclasses import replace

from hub.alarms.escalation import Escalation, advance, lead_tier
from hub.alarms.model import (
    NUDGES_BEFORE_REOPENING,
    REPEAT_EVERY,
    RESOLVE_WITHIN,
    AlarmState,
    Due,
    Moved,
    Pending,
    Sound,
    TimerKind,
    Transition,
)
from hub.alarms.tiers import (
    AlarmCase,
    escalate_one_tier,
    notifications_to,
    reopen_alarm,
    ring_on_tier,
    sounders_to_start,
)
from hub.notifications.model import Template


def fire_timer(case: AlarmCase, due: Due) -> Moved | None:
    """What `due` does to the alarm, or None when the alarm is in a state in which this timer means nothing (T21)."""
    match (due.kind, case.alarm.state):
        case (TimerKind.ESCALATE, AlarmState.OPEN):
            return _escalate_due_tiers(case, due)
        case (TimerKind.REPEAT, AlarmState.OPEN):
            return _repeat_notifications(case)
        case (TimerKind.UNREACHABLE, AlarmState.OPEN):
            return None if due.anybody_told else _escalate_unreachable(case)
        case (TimerKind.ARRIVE, AlarmState.ACCEPTED):
            nudge = notifications_to(Template.ARRIVE_NUDGE, case.owner_and_lead)
            return Moved(case.stamped(case.alarm), Transition.ARRIVE_OVERDUE, notify=nudge, keeps_cue=True)
        case (TimerKind.LEASE, AlarmState.ACCEPTED):
            return reopen_alarm(case, case.alarm, case.alarm.tier + 1, Transition.LEASE_LAPSED)
        case (TimerKind.CONFIRM, AlarmState.ACCEPTED | AlarmState.ON_SCENE):
            return reopen_alarm(case, case.alarm, case.alarm.tier + 1, Transition.CONFIRM_LAPSED)
        case (TimerKind.RESOLVE, AlarmState.ON_SCENE):
            return _resolve_overdue(case)
        case (TimerKind.CLOSE, AlarmState.RESOLVED):
            return Moved(
                case.stamped(replace(case.alarm, state=AlarmState.CLOSED, closed_at=case.now)), Transition.CLOSED
            )
        case _:
            return None


def _escalate_due_tiers(case: AlarmCase, due: Due) -> Moved:
    """T3 and T4: every tier that is due, found anew, as one step."""
    before = Escalation(case.reach.tiers, taken=case.alarm.tier + 1, due_at=due.due_at)
    escalation, _ = advance(before, case.now)
    return ring_on_tier(case, case.alarm, before, escalation)


def _repeat_notifications(case: AlarmCase) -> Moved:
    """T5, and the last resort of T6: everybody so far, or simply everybody.

    That is also for an alarm whose recipients have all gone off duty since they were notified.
    """
    last_resort = case.is_at_top and (case.alarm.unreachable or not case.told_so_far)
    told = case.reach.everyone if last_resort else case.told_so_far
    return Moved(
        case.stamped(case.alarm),
        Transition.REPEATED,
        timers=(Pending(TimerKind.REPEAT, case.now + REPEAT_EVERY),),
        notify=notifications_to(Template.AGAIN, told),
        keeps_cue=True,
        sound=Sound(case.reach.every_device) if last_resort else sounders_to_start(case.reach, 0, case.alarm.tier + 1),
    )


def _escalate_unreachable(case: AlarmCase) -> Moved:
    """T6: nobody's phone took it, so the next tier now; on the last tier everybody and every siren."""
    flagged = replace(case.alarm, unreachable=True)
    if not case.is_at_top:
        return replace(escalate_one_tier(case, flagged), what=Transition.UNREACHABLE)
    return Moved(
        case.stamped(flagged),
        Transition.UNREACHABLE,
        notify=notifications_to(Template.ALARM, case.reach.everyone),
        sound=Sound(case.reach.every_device),
    )


def _resolve_overdue(case: AlarmCase) -> Moved:
    """T17: owner and lead are nudged twice; the third time the alarm escalates to the lead."""
    nudged = replace(case.alarm, nudges=case.alarm.nudges + 1)
    if nudged.nudges >= NUDGES_BEFORE_REOPENING:
        of_lead = lead_tier(case.alarm.policy)
        return reopen_alarm(case, nudged, max(case.alarm.tier, of_lead or 0), Transition.RESOLVE_LAPSED)
    return Moved(
        case.stamped(nudged),
        Transition.RESOLVE_OVERDUE,
        timers=(Pending(TimerKind.RESOLVE, case.now + RESOLVE_WITHIN),),
        notify=notifications_to(Template.RESOLVE_NUDGE, case.owner_and_lead),
        keeps_cue=True,
        renew=True,
    )
