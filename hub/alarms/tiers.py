"""What does it take to call the people of a tier: at first, on the way up, and when nobody is responsible any more?

`Reach` is whom and what an alarm can reach. `escalate_one_tier`, `ring_on_tier` and `reopen_alarm` give what one
transaction writes and change nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from devices.contract.messages import CueKind
from hub.alarms.errors import UnreadablePolicy
from hub.alarms.escalation import Escalation, Tier, advance, empty_tiers_between, people_of, take_next_tier
from hub.alarms.model import (
    REPEAT_EVERY,
    UNREACHABLE_AFTER,
    Alarm,
    AlarmState,
    Moved,
    Notify,
    Pending,
    Sound,
    TimerKind,
    Transition,
)
from hub.kit.ids import AccountId, DeviceId
from hub.notifications.model import Template


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom and what an alarm can reach at this moment.

    `people` and `devices` follow the tiers of its policy; `people` is None where that cannot be read. `everyone` is
    each active account of the centre with any channel, `every_device` each siren and lamp: the last resort.
    """

    people: tuple[Tier, ...] | None
    devices: tuple[tuple[DeviceId, ...], ...]
    lead: tuple[AccountId, ...] = ()
    everyone: tuple[AccountId, ...] = ()
    every_device: tuple[DeviceId, ...] = ()

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers of the policy. Raises UnreadablePolicy."""
        if self.people is None:
            raise UnreadablePolicy
        return self.people

    def devices_of(self, first: int, end: int) -> tuple[DeviceId, ...]:
        """What the tiers from `first` up to, not including, `end` turn on, each once."""
        return tuple(dict.fromkeys(device for rung in self.devices[first:end] for device in rung))


@dataclass(frozen=True, slots=True)
class AlarmCase:
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


def escalate_one_tier(case: AlarmCase, changed: Alarm) -> Moved:
    """One tier up, before it was due."""
    before = Escalation(case.reach.tiers, taken=case.alarm.tier + 1, due_at=case.now)
    escalation, _ = take_next_tier(before, case.now)
    return ring_on_tier(case, changed, before, escalation)


def ring_on_tier(case: AlarmCase, changed: Alarm, before: Escalation, escalation: Escalation) -> Moved:
    """Open, on a higher tier: its people notified, its devices on, the whole set of timers anew."""
    return Moved(
        case.stamped(replace(changed, tier=escalation.taken - 1)),
        Transition.ESCALATED,
        timers=timers_of_open(escalation.due_at, case.now),
        notify=notifications_to(Template.ALARM, people_of(case.reach.tiers[before.taken : escalation.taken])),
        sound=sounders_to_start(case.reach, before.taken, escalation.taken),
        gaps=empty_tiers_between(before, escalation),
    )


def reopen_alarm(case: AlarmCase, changed: Alarm, tier: int, what: Transition) -> Moved:
    """T11, T12, T14, T17: nobody is responsible any more. Open on `tier`, or above it while that reaches nobody, not
    past the last; everybody up to there hears it again."""
    start = Escalation(case.reach.tiers, taken=min(tier, len(case.reach.tiers) - 1), due_at=case.now)
    escalation, _ = advance(start, case.now)
    reopened = replace(changed, state=AlarmState.OPEN, accepted_at=None, on_scene_at=None)
    return Moved(
        case.stamped(replace(without_owner(reopened), open_since=case.now, tier=escalation.taken - 1)),
        what,
        timers=timers_of_open(escalation.due_at, case.now),
        notify=notifications_to(Template.LAPSED, people_of(case.reach.tiers[: escalation.taken])),
        cue=CueKind.RECEIVED,
        sound=sounders_to_start(case.reach, 0, escalation.taken),
        gaps=empty_tiers_between(start, escalation),
    )


def without_owner(alarm: Alarm) -> Alarm:
    """Nobody has it, so nobody is expected."""
    return replace(alarm, owner_id=None, arrive_by=None, confirm_by=None)


def timers_of_open(escalate_at: datetime | None, now: datetime) -> tuple[Pending, ...]:
    """The timers of an open alarm; ESCALATE only while a higher tier is left, at `escalate_at`."""
    always = (
        Pending(TimerKind.REPEAT, now + REPEAT_EVERY),
        Pending(TimerKind.UNREACHABLE, now + UNREACHABLE_AFTER),
    )
    return always if escalate_at is None else (Pending(TimerKind.ESCALATE, escalate_at), *always)


def notifications_to(template: Template, people: tuple[AccountId, ...]) -> tuple[Notify, ...]:
    """One message to these people; nothing where there are none."""
    return (Notify(template, people),) if people else ()


def sounders_to_start(reach: Reach, first: int, end: int) -> Sound | None:
    """What the tiers from `first` up to, not including, `end` turn on; None where that is nothing."""
    devices = reach.devices_of(first, end)
    return Sound(devices) if devices else None
