"""What does the light of a button show? Pure: what was pressed, what the hub answered, what it told since."""

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from devices.contract.messages import Ack, Cue, CueKind

LONGEST_SHOWN: Final = 1800.0
"""Seconds a press or a cue is shown without another word of the hub. On the monotonic clock: a cue's `until` is the
hub's wall time, and a button whose own is wrong must not go dark while somebody is on the way."""


class Light(StrEnum):
    """What the presser sees."""

    DARK = "dark"
    BLINKING = "blinking"  # pressed, and not yet heard
    STEADY = "steady"  # heard
    COMING = "coming"  # somebody is on the way
    ON_SCENE = "on_scene"  # somebody is there


_LIGHT_OF: Final = MappingProxyType(
    {CueKind.RECEIVED: Light.STEADY, CueKind.COMING: Light.COMING, CueKind.ON_SCENE: Light.ON_SCENE}
)


@dataclass(frozen=True, slots=True)
class _LastCue:
    cue: Cue
    heard_at: float


@dataclass(frozen=True, slots=True)
class LightInputs:
    """Everything a light depends on."""

    unsent: frozenset[str] = frozenset()
    committed: tuple[tuple[str, float], ...] = ()  # the alarm it belongs to or "", and when it was committed
    told: tuple[_LastCue, ...] = ()  # the last cue of each alarm, the latest heard last


def apply_press(shown: LightInputs, message_id: str) -> LightInputs:
    """A message was written down and must be sent."""
    return replace(shown, unsent=shown.unsent | {message_id})


def apply_ack(shown: LightInputs, ack: Ack, at: float) -> LightInputs:
    """The hub answered. Only `committed` ends the blinking."""
    if not ack.is_committed:
        return shown
    return replace(shown, unsent=shown.unsent - {ack.id}, committed=(*shown.committed[-9:], (ack.alarm or "", at)))


def apply_cue(shown: LightInputs, cue: Cue, at: float) -> LightInputs:
    """The hub says how far the help is; a smaller `n` of the same alarm is ignored."""
    before = next((one for one in shown.told if one.cue.alarm == cue.alarm), None)
    if before is not None and cue.n < before.cue.n:
        return shown
    others = tuple(one for one in shown.told if one.cue.alarm != cue.alarm)
    return replace(shown, told=(*others[-9:], _LastCue(cue, at)))


def choose_light(shown: LightInputs, at: float) -> tuple[Light, str]:
    """The light and the words at a moment of the monotonic clock.

    Unsent wins over everything: a press that was not heard must never look as if it had been.
    """
    if shown.unsent:
        return Light.BLINKING, ""
    live = [one for one in shown.told if at - one.heard_at < LONGEST_SHOWN and one.cue.cue is not CueKind.CLOSED]
    if live:
        last = live[-1].cue
        return _LIGHT_OF[last.cue], last.text
    closed = {one.cue.alarm: one.heard_at for one in shown.told if one.cue.cue is CueKind.CLOSED}
    waits = any(
        at - committed_at < LONGEST_SHOWN and not is_closed_since(closed, alarm, committed_at)
        for alarm, committed_at in shown.committed
    )
    return (Light.STEADY, "") if waits else (Light.DARK, "")


def ends_at(shown: LightInputs, at: float) -> float | None:
    """The next moment after `at` from which something is shown no more, though nobody says anything; None: never."""
    since = (*(one.heard_at for one in shown.told), *(committed_at for _, committed_at in shown.committed))
    return min((begun + LONGEST_SHOWN for begun in since if at - begun < LONGEST_SHOWN), default=None)


def is_closed_since(closed: dict[str, float], alarm: str, committed_at: float) -> bool:
    """Whether the alarm of a committed press has ended; a press whose alarm is not known ends with any later one."""
    if alarm:
        return alarm in closed
    return any(closed_at >= committed_at for closed_at in closed.values())
