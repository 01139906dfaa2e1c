"""Whom and what does each tier of a policy mean at this moment?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from devices.contract.messages import Do
from hub.alarms.escalation import Tier
from hub.alarms.model import Policy, Sounder, Step
from hub.alarms.tiers import Reach
from hub.centre.model import RoomType
from hub.kit.ids import AccountId, DeviceId, RoomId
from hub.notifications.model import Reachable
from hub.roster.model import Duty, Posts

THE_HOUSES_OWN: Final = frozenset({RoomType.CORRIDOR, RoomType.DUTY})
"""Types of room whose sirens and lamps call the whole house."""


@dataclass(frozen=True, slots=True)
class Centre:
    """Who is there now, who of them can be told, and what can sound."""

    posts: Posts
    reachable: Reachable
    sounders: tuple[Sounder, ...]


def reach_of(policy: Policy | None, room_id: RoomId | None, centre: Centre) -> Reach:
    """Each tier with the people on it who are reachable, and the devices it turns on; no tiers without a policy."""
    steps = () if policy is None else policy.steps
    people = tuple(Tier(timedelta(seconds=step.wait_seconds), _people_of_step(step, centre)) for step in steps)
    return Reach(
        people=None if policy is None else people,
        devices=tuple(_devices_of_step(step, room_id, centre.sounders) for step in steps),
        lead=_reachable_among(centre.posts.with_duty(Duty.LEAD), centre),
        everyone=centre.reachable.any_channel,
        every_device=tuple(sounder.device_id for sounder in centre.sounders),
    )


def _people_of_step(step: Step, centre: Centre) -> tuple[AccountId, ...]:
    named: list[AccountId] = []
    for target in step.targets:
        kind, _, name = target.partition(":")
        if kind == "duty":
            named.extend(centre.posts.with_duty(Duty(name)))
        elif kind == "role":
            named.extend(centre.posts.with_role(name))
    return _reachable_among(tuple(dict.fromkeys(named)), centre)


def _reachable_among(people: tuple[AccountId, ...], centre: Centre) -> tuple[AccountId, ...]:
    return tuple(person for person in people if person in centre.reachable.works)


def _devices_of_step(step: Step, room_id: RoomId | None, sounders: Sequence[Sounder]) -> tuple[DeviceId, ...]:
    return tuple(
        sounder.device_id
        for sounder in sounders
        if any(_target_matches(target, sounder, room_id) for target in step.targets)
    )


def _target_matches(target: str, sounder: Sounder, room_id: RoomId | None) -> bool:
    kind, _, where = target.partition(":")
    match kind:
        case "device":
            return sounder.device_id == where
        case Do.LAMP | Do.SIREN:
            return sounder.do is Do(kind) and _is_at(where, sounder, room_id)
        case _:
            return False


def _is_at(where: str, sounder: Sounder, room_id: RoomId | None) -> bool:
    if where == "room":
        return room_id is not None and sounder.room_id == room_id
    return sounder.room_type in THE_HOUSES_OWN
