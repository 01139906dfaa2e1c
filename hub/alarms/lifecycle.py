"""What does one event do to an alarm? The table T1 to T23 of the design, as pure functions.

`open_alarm` is T1, `decide_transition` every other row. Both give what one transaction writes and change nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, assert_never

from devices.contract.messages import CueKind, Do
from hub.alarms.errors import AlreadyTaken, NotNow, ReasonNeeded
from hub.alarms.escalation import (
    Escalation,
    Tier,
    advance,
    asks_for_next_tier,
    empty_tiers_between,
    lead_tier,
    people_of,
    take_next_tier,
)
from hub.alarms.model import (
    AMBULANCE_CARD_AFTER,
    ARRIVE_WITHIN,
    CLOSE_AFTER,
    CONFIRM_WITHIN,
    LEASE,
    NUDGES_BEFORE_REOPENING,
    REPEAT_EVERY,
    RESOLVE_WITHIN,
    UNREACHABLE_AFTER,
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
    OwnerDisabled,
    Pending,
    Quiet,
    Resolve,
    SomebodyTold,
    Sound,
    Tell,
    TimerKind,
    Transition,
)
from hub.kit.ids import AccountId, DeviceId
from hub.notifications.model import Template

SIRENS: Final = frozenset({Do.SIREN})
SIRENS_AND_LAMPS: Final = frozenset({Do.SIREN, Do.LAMP})


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom and what an alarm can reach at this moment.

    `tiers` and `devices` follow the tiers of its policy. `everyone` is each active account of the centre with any
    channel, `every_device` each siren and lamp: the last resort.
    """

    tiers: tuple[Tier, ...]
    devices: tuple[tuple[DeviceId, ...], ...]
    lead: tuple[AccountId, ...] = ()
    everyone: tuple[AccountId, ...] = ()
    every_device: tuple[DeviceId, ...] = ()

    def devices_of(self, first: int, end: int) -> tuple[DeviceId, ...]:
        """What the tiers from `first` up to, not including, `end` turn on, each once."""
        return tuple(dict.fromkeys(device for rung in self.devices[first:end] for device in rung))


@dataclass(frozen=True, slots=True)
class _Case:
    """An alarm, whom it can reach, and the moment in which something happens to it."""

    alarm: Alarm
    reach: Reach
    now: datetime

    def stamped(self, changed: Alarm) -> Alarm:
        """`changed` one version later, and one epoch later when state, owner or tier are not what they were."""
        was, becomes = self.alarm, changed
        moved = (was.state, was.owner_id, was.tier) != (becomes.state, becomes.owner_id, becomes.tier)
        return replace(changed, version=was.version + 1, epoch=was.epoch + moved, changed_at=self.now)

    @property
    def is_at_top(self) -> bool:
        return self.alarm.tier + 1 >= len(self.reach.tiers)

    @property
    def told_so_far(self) -> tuple[AccountId, ...]:
        return people_of(self.reach.tiers[: self.alarm.tier + 1])

    @property
    def owner_and_lead(self) -> tuple[AccountId, ...]:
        owner = () if self.alarm.owner_id is None else (self.alarm.owner_id,)
        return tuple(dict.fromkeys((*owner, *self.reach.lead)))


def open_alarm(alarm: Alarm, reach: Reach, now: datetime) -> Moved:
    """T1: a new alarm, with the people of its first tier told. `alarm` is as `service` made it, nothing taken yet."""
    before = Escalation(reach.tiers, taken=0, due_at=now)
    escalation, told = advance(before, now)
    return Moved(
        alarm=replace(alarm, tier=escalation.taken - 1, ambulance_card_at=now + AMBULANCE_CARD_AFTER),
        what=Transition.OPENED,
        timers=_timers_of_open(escalation.due_at, now),
        tell=_notifications_to(Template.ALARM, told),
        cue=CueKind.RECEIVED,
        sound=_sounders_to_start(reach, 0, escalation.taken),
        gaps=empty_tiers_between(before, escalation),
    )


def decide_transition(alarm: Alarm, happening: Happening, reach: Reach, now: datetime) -> Moved | None:
    """The alarm after `happening`, or None when it changes nothing (T21: repeated, late, or no longer of interest).

    Raises AlreadyTaken when somebody else was faster (T8), ReasonNeeded when a sentence is missing, NotNow when the
    table has no such row (T23).
    """
    case = _Case(alarm, reach, now)
    match happening:
        case Again():
            return _press_again(case, happening)
        case Due():
            return _fire_timer(case, happening)
        case SomebodyTold():
            return _clear_unreachable(case)
        case Accept():
            return _accept_alarm(case, happening)
        case Arrive():
            return _arrive_on_scene(case, happening)
        case Resolve():
            return _resolve_alarm(case, happening)
        case OwnerDisabled():
            return _owner_disabled(case)
        case CancelRequested():
            return _cancel_requested(case)
        case Cleared():
            return Moved(case.stamped(alarm), Transition.CLEARED) if alarm.state.is_live else None
        case _:
            assert_never(happening)


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


def _press_again(case: _Case, again: Again) -> Moved | None:
    """T2 while nobody has taken it, T12 while somebody has."""
    if not case.alarm.state.is_live:
        raise NotNow(state=case.alarm.state)
    counted = replace(case.alarm, times_pressed=len(again.presses))
    if again.press_id is None:
        return Moved(case.stamped(counted), Transition.FOUND_AGAIN)
    if case.alarm.state.has_owner:
        return _pressed_while_owned(case, counted)
    if asks_for_next_tier(again.presses, case.alarm.hurried_at, case.now):
        return _hurry_escalation(case, replace(counted, hurried_at=case.now))
    return Moved(case.stamped(counted), Transition.PRESSED_AGAIN, cue=CueKind.RECEIVED)


def _hurry_escalation(case: _Case, counted: Alarm) -> Moved:
    """T2: three presses within 30 s take the next tier now; at the top everybody hears it again."""
    if not case.is_at_top:
        return replace(_escalate_one_tier(case, counted), what=Transition.HURRIED, cue=CueKind.RECEIVED)
    again = _notifications_to(Template.AGAIN, case.told_so_far)
    return Moved(case.stamped(counted), Transition.HURRIED, tell=again, cue=CueKind.RECEIVED)


def _pressed_while_owned(case: _Case, counted: Alarm) -> Moved:
    """T12: owner and lead hear it now, and the owner must answer within a minute."""
    asked = case.alarm.confirm_by is not None
    confirm_by = case.alarm.confirm_by or case.now + CONFIRM_WITHIN
    return Moved(
        case.stamped(replace(counted, confirm_by=confirm_by)),
        Transition.PRESSED_AGAIN,
        timers=() if asked else (Pending(TimerKind.CONFIRM, confirm_by),),
        tell=_notifications_to(Template.PRESSED_AGAIN, case.owner_and_lead),
        cue=cue_of(case.alarm.state),
    )


def _fire_timer(case: _Case, due: Due) -> Moved | None:
    match (due.kind, case.alarm.state):
        case (TimerKind.ESCALATE, AlarmState.OPEN):
            return _escalate_due_tiers(case, due)
        case (TimerKind.REPEAT, AlarmState.OPEN):
            return _repeat_notifications(case)
        case (TimerKind.UNREACHABLE, AlarmState.OPEN):
            return None if due.anybody_told else _escalate_unreachable(case)
        case (TimerKind.ARRIVE, AlarmState.ACCEPTED):
            nudge = _notifications_to(Template.ARRIVE_NUDGE, case.owner_and_lead)
            return Moved(case.stamped(case.alarm), Transition.ARRIVE_OVERDUE, tell=nudge, keeps_cue=True)
        case (TimerKind.LEASE, AlarmState.ACCEPTED):
            return _reopen_alarm(case, case.alarm, case.alarm.tier + 1, Transition.LEASE_LAPSED)
        case (TimerKind.CONFIRM, AlarmState.ACCEPTED | AlarmState.ON_SCENE):
            return _reopen_alarm(case, case.alarm, case.alarm.tier + 1, Transition.CONFIRM_LAPSED)
        case (TimerKind.RESOLVE, AlarmState.ON_SCENE):
            return _resolve_overdue(case)
        case (TimerKind.CLOSE, AlarmState.RESOLVED):
            return Moved(
                case.stamped(replace(case.alarm, state=AlarmState.CLOSED, closed_at=case.now)), Transition.CLOSED
            )
        case _:
            return None


def _escalate_due_tiers(case: _Case, due: Due) -> Moved:
    """T3 and T4: every tier that is due, found anew, as one step."""
    before = Escalation(case.reach.tiers, taken=case.alarm.tier + 1, due_at=due.due_at)
    escalation, _ = advance(before, case.now)
    return _on_tier(case, case.alarm, before, escalation)


def _repeat_notifications(case: _Case) -> Moved:
    """T5, and the last resort of T6: everybody so far, or simply everybody.

    That is also for an alarm whose people have all gone off duty since they were told.
    """
    last_resort = case.is_at_top and (case.alarm.unreachable or not case.told_so_far)
    told = case.reach.everyone if last_resort else case.told_so_far
    return Moved(
        case.stamped(case.alarm),
        Transition.REPEATED,
        timers=(Pending(TimerKind.REPEAT, case.now + REPEAT_EVERY),),
        tell=_notifications_to(Template.AGAIN, told),
        keeps_cue=True,
        sound=Sound(case.reach.every_device) if last_resort else _sounders_to_start(case.reach, 0, case.alarm.tier + 1),
    )


def _escalate_unreachable(case: _Case) -> Moved:
    """T6: nobody's phone took it, so the next tier now; on the last tier everybody and every siren."""
    flagged = replace(case.alarm, unreachable=True)
    if not case.is_at_top:
        return replace(_escalate_one_tier(case, flagged), what=Transition.UNREACHABLE)
    return Moved(
        case.stamped(flagged),
        Transition.UNREACHABLE,
        tell=_notifications_to(Template.ALARM, case.reach.everyone),
        sound=Sound(case.reach.every_device),
    )


def _clear_unreachable(case: _Case) -> Moved | None:
    if not case.alarm.unreachable:
        return None
    return Moved(case.stamped(replace(case.alarm, unreachable=False)), Transition.REACHED)


def _resolve_overdue(case: _Case) -> Moved:
    """T17: owner and lead are nudged twice; the third time the alarm escalates to the lead."""
    nudged = replace(case.alarm, nudges=case.alarm.nudges + 1)
    if nudged.nudges >= NUDGES_BEFORE_REOPENING:
        of_lead = lead_tier(case.alarm.policy)
        return _reopen_alarm(case, nudged, max(case.alarm.tier, of_lead or 0), Transition.RESOLVE_LAPSED)
    return Moved(
        case.stamped(nudged),
        Transition.RESOLVE_OVERDUE,
        timers=(Pending(TimerKind.RESOLVE, case.now + RESOLVE_WITHIN),),
        tell=_notifications_to(Template.RESOLVE_NUDGE, case.owner_and_lead),
        keeps_cue=True,
        renew=True,
    )


def _accept_alarm(case: _Case, accept: Accept) -> Moved | None:
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
        tell=(Tell(Template.TAKEN, all_told=True),),
        cue=CueKind.COMING,
        by=accept.by,
    )


def _confirm_lease(case: _Case, by: AccountId) -> Moved | None:
    """The owner answers "she pressed again", and her lease runs on; without that question there is nothing to say."""
    if case.alarm.confirm_by is None:
        return None
    return Moved(case.stamped(replace(case.alarm, confirm_by=None)), Transition.CONFIRMED, by=by, answers_confirm=True)


def _arrive_on_scene(case: _Case, arrive: Arrive) -> Moved | None:
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


def _resolve_alarm(case: _Case, resolve: Resolve) -> Moved | None:
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
        case.stamped(_without_owner(over)),
        Transition.RESOLVED,
        timers=(Pending(TimerKind.CLOSE, case.now + CLOSE_AFTER),),
        tell=(Tell(Template.RESOLVED, all_told=True),),
        cue=CueKind.CLOSED,
        quiet=Quiet(SIRENS_AND_LAMPS),
        by=resolve.by,
    )


def _owner_disabled(case: _Case) -> Moved | None:
    """T14 for an account that is disabled: open on the first tier, also from on scene.

    Nobody can take a handover of it yet, and whoever accepts an alarm on scene is told that the owner has it.
    """
    if case.alarm.owner_id is None:
        return None
    reopened = _reopen_alarm(case, case.alarm, 0, Transition.OWNER_DISABLED)
    return replace(reopened, tell=tuple(replace(tell, template=Template.ALARM) for tell in reopened.tell))


def _cancel_requested(case: _Case) -> Moved | None:
    """She cancelled it: shown to whoever goes, and nobody stays away because of it."""
    if case.alarm.cancel_requested or not case.alarm.state.is_live:
        return None
    return Moved(case.stamped(replace(case.alarm, cancel_requested=True)), Transition.CANCEL_REQUESTED)


def _escalate_one_tier(case: _Case, changed: Alarm) -> Moved:
    """One tier up, before it was due."""
    before = Escalation(case.reach.tiers, taken=case.alarm.tier + 1, due_at=case.now)
    escalation, _ = take_next_tier(before, case.now)
    return _on_tier(case, changed, before, escalation)


def _on_tier(case: _Case, changed: Alarm, before: Escalation, escalation: Escalation) -> Moved:
    """Open, on a higher tier: its people told, its devices on, the whole set of timers anew."""
    return Moved(
        case.stamped(replace(changed, tier=escalation.taken - 1)),
        Transition.ESCALATED,
        timers=_timers_of_open(escalation.due_at, case.now),
        tell=_notifications_to(Template.ALARM, people_of(case.reach.tiers[before.taken : escalation.taken])),
        sound=_sounders_to_start(case.reach, before.taken, escalation.taken),
        gaps=empty_tiers_between(before, escalation),
    )


def _reopen_alarm(case: _Case, changed: Alarm, tier: int, what: Transition) -> Moved:
    """T11, T12, T14, T17: nobody is responsible any more. Open on `tier`, or above it while that reaches nobody, not
    past the last; everybody up to there hears it again."""
    start = Escalation(case.reach.tiers, taken=min(tier, len(case.reach.tiers) - 1), due_at=case.now)
    escalation, _ = advance(start, case.now)
    reopened = replace(changed, state=AlarmState.OPEN, accepted_at=None, on_scene_at=None)
    return Moved(
        case.stamped(replace(_without_owner(reopened), open_since=case.now, tier=escalation.taken - 1)),
        what,
        timers=_timers_of_open(escalation.due_at, case.now),
        tell=_notifications_to(Template.LAPSED, people_of(case.reach.tiers[: escalation.taken])),
        cue=CueKind.RECEIVED,
        sound=_sounders_to_start(case.reach, 0, escalation.taken),
        gaps=empty_tiers_between(start, escalation),
    )


def _without_owner(alarm: Alarm) -> Alarm:
    """Nobody has it, so nobody is expected."""
    return replace(alarm, owner_id=None, arrive_by=None, confirm_by=None)


def _timers_of_open(escalate_at: datetime | None, now: datetime) -> tuple[Pending, ...]:
    always = (
        Pending(TimerKind.REPEAT, now + REPEAT_EVERY),
        Pending(TimerKind.UNREACHABLE, now + UNREACHABLE_AFTER),
    )
    return always if escalate_at is None else (Pending(TimerKind.ESCALATE, escalate_at), *always)


def _notifications_to(template: Template, people: tuple[AccountId, ...]) -> tuple[Tell, ...]:
    return (Tell(template, people),) if people else ()


def _sounders_to_start(reach: Reach, first: int, end: int) -> Sound | None:
    devices = reach.devices_of(first, end)
    return Sound(devices) if devices else None
