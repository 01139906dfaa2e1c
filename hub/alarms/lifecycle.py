"""What does one event do to an alarm? The table T1 to T23 of the design, as pure functions.

`open_alarm` is T1, `decide_transition` every other row; those of timers are in `due`. Both give what one transaction
writes and change nothing.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

from devices.contract.messages import CueKind, Do
from hub.alarms.due import fire_timer
from hub.alarms.errors import AlreadyTaken, NotNow, ReasonNeeded, UnreadablePolicy
from hub.alarms.escalation import Escalation, advance, asks_for_next_tier, empty_tiers_between
from hub.alarms.model import (
    AMBULANCE_CARD_AFTER,
    ARRIVE_WITHIN,
    CLOSE_AFTER,
    CONFIRM_WITHIN,
    LEASE,
    RESOLVE_WITHIN,
    Accept,
    Again,
    Alarm,
    AlarmEvent,
    AlarmState,
    Arrival,
    Arrive,
    CancelRequested,
    Cleared,
    Due,
    Moved,
    Notify,
    OwnerDisabled,
    Pending,
    Quiet,
    Resolve,
    SomebodyTold,
    TimerKind,
    Transition,
)
from hub.alarms.tiers import (
    AlarmCase,
    Reach,
    escalate_one_tier,
    notifications_to,
    reopen_alarm,
    sounders_to_start,
    timers_of_open,
    without_owner,
)
from hub.kit.ids import AccountId
from hub.notifications.model import Template

SIRENS: Final = frozenset({Do.SIREN})
SIRENS_AND_LAMPS: Final = frozenset({Do.SIREN, Do.LAMP})


def open_alarm(alarm: Alarm, reach: Reach, now: datetime) -> Moved:
    """T1: a new alarm, the people of its first tier notified. `alarm` is as `service` made it, nothing taken yet."""
    before = Escalation(reach.tiers, taken=0, due_at=now)
    escalation, told = advance(before, now)
    return Moved(
        alarm=replace(alarm, tier=escalation.taken - 1, ambulance_card_at=now + AMBULANCE_CARD_AFTER),
        what=Transition.OPENED,
        timers=timers_of_open(escalation.due_at, now),
        notify=notifications_to(Template.ALARM, told),
        cue=CueKind.RECEIVED,
        sound=sounders_to_start(reach, 0, escalation.taken),
        gaps=empty_tiers_between(before, escalation),
    )


def decide_transition(alarm: Alarm, event: AlarmEvent, reach: Reach, now: datetime) -> Moved | None:
    """The alarm after `event`, or None when it changes nothing (T21: repeated, late, or no longer of interest).

    Raises AlreadyTaken when somebody else was faster (T8), ReasonNeeded when a sentence is missing, NotNow when the
    table has no such row (T23), and UnreadablePolicy when it takes the policy to know who hears it: never for what a
    person does.
    """
    case = AlarmCase(alarm, reach, now)
    match event:
        case Again():
            return _press_again(case, event)
        case Due():
            return fire_timer(case, event)
        case SomebodyTold():
            return _clear_unreachable(case)
        case Accept():
            return _accept_alarm(case, event)
        case Arrive():
            return _arrive_on_scene(case, event)
        case Resolve():
            return _resolve_alarm(case, event)
        case OwnerDisabled():
            return _owner_disabled(case)
        case CancelRequested():
            return _cancel_requested(case)
        case Cleared():
            return Moved(case.stamped(alarm), Transition.CLEARED) if alarm.state.is_live else None
        case _:
            assert_never(event)


def cue_of(state: AlarmState) -> CueKind:
    """What the presser's device shows while the alarm is in this state."""
    match state:
        case AlarmState.OPEN:
            return CueKind.RECEIVED
        case AlarmState.ACCEPTED:
            return CueKind.COMING
        case AlarmState.ON_SCENE:
            return CueKind.ON_SCENE
        case AlarmState.RESOLVED | AlarmState.CLOSED:
            return CueKind.CLOSED
        case _:
            assert_never(state)


def ambulance_card_at(alarm: Alarm) -> datetime | None:
    """When the 120 card fills every screen: five minutes after the alarm opened, unless somebody is on scene."""
    return alarm.ambulance_card_at if alarm.state in (AlarmState.OPEN, AlarmState.ACCEPTED) else None


def _press_again(case: AlarmCase, again: Again) -> Moved | None:
    """T2 while nobody has taken it, T12 while somebody has."""
    if not case.alarm.state.is_live:
        raise NotNow(state=case.alarm.state)
    counted = replace(case.alarm, times_pressed=len(again.presses))
    if again.press_id is None:
        return Moved(case.stamped(counted), Transition.FOUND_AGAIN)
    if case.alarm.state.has_owner:
        return _pressed_while_owned(case, counted)
    if case.reach.people is None:
        raise UnreadablePolicy  # nobody would hear it but by last resort
    if asks_for_next_tier(again.presses, case.alarm.hurried_at, case.now):
        return _hurry_escalation(case, replace(counted, hurried_at=case.now))
    return Moved(case.stamped(counted), Transition.PRESSED_AGAIN, cue=CueKind.RECEIVED)


def _hurry_escalation(case: AlarmCase, counted: Alarm) -> Moved:
    """T2: three presses within 30 s take the next tier now; at the top everybody hears it again."""
    if not case.is_at_top:
        return replace(escalate_one_tier(case, counted), what=Transition.HURRIED, cue=CueKind.RECEIVED)
    again = notifications_to(Template.AGAIN, case.told_so_far)
    return Moved(case.stamped(counted), Transition.HURRIED, notify=again, cue=CueKind.RECEIVED)


def _pressed_while_owned(case: AlarmCase, counted: Alarm) -> Moved:
    """T12: owner and lead hear it now, and the owner must answer within a minute."""
    asked = case.alarm.confirm_by is not None
    confirm_by = case.alarm.confirm_by or case.now + CONFIRM_WITHIN
    return Moved(
        case.stamped(replace(counted, confirm_by=confirm_by)),
        Transition.PRESSED_AGAIN,
        timers=() if asked else (Pending(TimerKind.CONFIRM, confirm_by),),
        notify=notifications_to(Template.PRESSED_AGAIN, case.owner_and_lead),
        cue=cue_of(case.alarm.state),
    )


def _clear_unreachable(case: AlarmCase) -> Moved | None:
    if not case.alarm.unreachable:
        return None
    return Moved(case.stamped(replace(case.alarm, unreachable=False)), Transition.REACHED)


def _accept_alarm(case: AlarmCase, accept: Accept) -> Moved | None:
    """T7, T8. From the owner herself it answers "she pressed again", else it is a repetition (T21) and renews nothing:
    the "still coming" of T11 does not exist yet, and after five minutes on the way the alarm rings again."""
    alarm, now = case.alarm, case.now
    if alarm.owner_id is not None:
        if alarm.owner_id != accept.by:
            raise AlreadyTaken(alarm.owner_id)
        return _confirm_lease(case, accept.by)
    if alarm.state is not AlarmState.OPEN:
        return None
    taken = replace(alarm, state=AlarmState.ACCEPTED, owner_id=accept.by, accepted_at=now, unreachable=False, nudges=0)
    arrive_by = now + LEASE
    return Moved(
        case.stamped(replace(taken, arrive_by=arrive_by)),
        Transition.ACCEPTED,
        timers=(Pending(TimerKind.ARRIVE, now + ARRIVE_WITHIN), Pending(TimerKind.LEASE, arrive_by)),
        notify=(Notify(Template.TAKEN, all_notified=True),),
        cue=CueKind.COMING,
        by=accept.by,
    )


def _confirm_lease(case: AlarmCase, by: AccountId) -> Moved | None:
    """The owner answers "she pressed again", and her lease runs on; without that question there is nothing to say."""
    if case.alarm.confirm_by is None:
        return None
    return Moved(case.stamped(replace(case.alarm, confirm_by=None)), Transition.CONFIRMED, by=by, answers_confirm=True)


def _arrive_on_scene(case: AlarmCase, arrive: Arrive) -> Moved | None:
    """T9."""
    alarm = case.alarm
    if alarm.owner_id is None:
        raise NotNow(state=alarm.state)
    if alarm.owner_id != arrive.by:
        raise AlreadyTaken(alarm.owner_id)
    if alarm.state is AlarmState.ON_SCENE:
        return _confirm_lease(case, arrive.by)
    if arrive.how is Arrival.TAP and not arrive.has_reason:
        raise ReasonNeeded
    return Moved(
        case.stamped(replace(alarm, state=AlarmState.ON_SCENE, on_scene_at=case.now, confirm_by=None, arrive_by=None)),
        Transition.ON_SCENE,
        timers=(Pending(TimerKind.RESOLVE, case.now + RESOLVE_WITHIN),),
        cue=CueKind.ON_SCENE,
        quiet=Quiet(SIRENS),
        renew=True,
        by=arrive.by,
    )


def _resolve_alarm(case: AlarmCase, resolve: Resolve) -> Moved | None:
    """T16. Whoever of the centre saw that it is over may say so; the record says who did."""
    alarm = case.alarm
    if alarm.state in (AlarmState.RESOLVED, AlarmState.CLOSED):
        return None
    if alarm.state is AlarmState.OPEN:
        raise NotNow(state=alarm.state)
    if alarm.state is AlarmState.ACCEPTED and not resolve.has_sentence:
        raise ReasonNeeded
    over = replace(
        alarm, state=AlarmState.RESOLVED, resolved_at=case.now, resolved_by=resolve.by, outcome=resolve.outcome
    )
    return Moved(
        case.stamped(without_owner(over)),
        Transition.RESOLVED,
        timers=(Pending(TimerKind.CLOSE, case.now + CLOSE_AFTER),),
        notify=(Notify(Template.RESOLVED, all_notified=True),),
        cue=CueKind.CLOSED,
        quiet=Quiet(SIRENS_AND_LAMPS),
        by=resolve.by,
    )


def _owner_disabled(case: AlarmCase) -> Moved | None:
    """T14 for an account that is disabled: open on the first tier, also from on scene.

    Nobody can take a handover of it yet, and who accepts an alarm on scene is refused: the owner has it.
    """
    if case.alarm.owner_id is None:
        return None
    reopened = reopen_alarm(case, case.alarm, 0, Transition.OWNER_DISABLED)
    return replace(reopened, notify=tuple(replace(tell, template=Template.ALARM) for tell in reopened.notify))


def _cancel_requested(case: AlarmCase) -> Moved | None:
    """She cancelled it: shown to whoever goes, and nobody stays away because of it."""
    if case.alarm.cancel_requested or not case.alarm.state.is_live:
        return None
    return Moved(case.stamped(replace(case.alarm, cancel_requested=True)), Transition.CANCEL_REQUESTED)
