"""Whom and what does a test have to itself? Hands out seniors with their buttons, and rooms, that no other test has.

Tests that share a running centre would otherwise press one button or move one senior, and read each other's rows. What
is handed out is free when it is asked for: nobody else has it, and no alarm of it is live. When the next test begins
everything is given back, and is handed out again after all the others; `earlier` tells what is older than this test.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import TypeAdapter

NAMED = {
    "s-01": "the mother whom f-01 looks at",
    "s-02": "the father of f-02",
    "s-03": "whose record says how to get in, and that she fell",
    "s-05": "who lost her only child, and has a heart disease",
    "s-06": "whom tests send to where somebody is looked at",
}
"""Tests ask for these by their ids, because of who they are; nobody is given them by chance."""
ROOMS = ("reading", "chess", "computer", "dining")
"""Rooms with a sensor and a camera that are not those in which tests look at the mother."""

_SENIORS = """
    SELECT senior.id, device.id, senior.address_as, senior.address_as_en
      FROM senior
      JOIN assignment ON assignment.senior_id = senior.id AND assignment.to_at IS NULL
      JOIN device ON device.id = assignment.device_id AND device.kind = 'button'
     WHERE NOT senior.objects_to_being_seen
     ORDER BY senior.id
"""
_LIVE = "SELECT senior_id, room_id FROM alarm WHERE state IN ('open', 'accepted', 'on_scene')"

Rows: TypeAlias = Callable[..., list[tuple[object, ...]]]


@dataclass(frozen=True, slots=True)
class FreeSenior:
    """A senior of whom no other test wants anything now. She does not object to being seen."""

    id: str
    button: str
    called: str
    """As messages and pages call her: 王奶奶."""
    called_en: str
    earlier: frozenset[str]
    """The alarms of the centre, and the presses of her button, from before."""


@dataclass(frozen=True, slots=True)
class FreeRoom:
    """A room that no other test heats or darkens now."""

    id: str
    called: str
    sensor: str
    camera: str
    earlier: frozenset[str]
    """The alarms of the centre from before."""


About: TypeAlias = FreeSenior | FreeRoom | str
"""Whom or what a message is about: somebody or a room that was handed out, or words that stand in it."""


@dataclass
class Free:
    """What is free in one running centre. `rows` asks its database."""

    rows: Rows
    _seniors: deque[tuple[str, str, str, str]] = field(default_factory=deque)
    _rooms: deque[tuple[str, str]] = field(default_factory=deque)
    _given_seniors: list[tuple[str, str, str, str]] = field(default_factory=list)
    _given_rooms: list[tuple[str, str]] = field(default_factory=list)

    def senior(self) -> FreeSenior:
        """Somebody with a button; fails when nobody is left."""
        if not self._seniors and not self._given_seniors:
            found = TypeAdapter(list[tuple[str, str, str, str]]).validate_python(self.rows(_SENIORS))
            self._seniors.extend(one for one in found if one[0] not in NAMED)
        waiting = {senior_id for senior_id, _ in self.rows(_LIVE)}
        free = next((one for one in self._seniors if one[0] not in waiting), None)
        assert free is not None, (
            f"no senior is left for this test: it has {len(self._given_seniors)}, "
            f"and {len(self._seniors)} wait for help since tests before it"
        )
        self._seniors.remove(free)
        self._given_seniors.append(free)
        presses = self.rows("SELECT id FROM press WHERE device_id = %s", free[1])
        return FreeSenior(*free, self._alarms() | {str(press_id) for (press_id,) in presses})

    def seniors(self, count: int) -> list[FreeSenior]:
        """So many of them."""
        return [self.senior() for _ in range(count)]

    def room(self) -> FreeRoom:
        """A room with a sensor and a camera; fails when none is left."""
        if not self._rooms and not self._given_rooms:
            named = "SELECT id, name FROM room WHERE id = ANY (%s) ORDER BY id"
            self._rooms.extend(TypeAdapter(list[tuple[str, str]]).validate_python(self.rows(named, list(ROOMS))))
        alarmed = {room_id for senior_id, room_id in self.rows(_LIVE) if senior_id is None}
        free = next((one for one in self._rooms if one[0] not in alarmed), None)
        assert free is not None, (
            f"no room is left for this test: it has {len(self._given_rooms)}, "
            f"and {len(self._rooms)} have an alarm since tests before it"
        )
        self._rooms.remove(free)
        self._given_rooms.append(free)
        room_id, called = free
        return FreeRoom(room_id, called, f"t-{room_id}", f"cam-{room_id}", self._alarms())

    def alarms_of(self, somebody: FreeSenior) -> list[str]:
        """The alarms that her button has opened since she was handed out, the oldest first."""
        found = self.rows("SELECT id FROM alarm WHERE device_id = %s ORDER BY opened_at", somebody.button)
        return [str(alarm_id) for (alarm_id,) in found if alarm_id not in somebody.earlier]

    def presses_of(self, somebody: FreeSenior) -> list[str]:
        """The ids of the messages with which her button has pressed since she was handed out, in their order."""
        asked = "SELECT id, message_id FROM press WHERE device_id = %s ORDER BY pressed_at, id"
        return [
            str(message) for press_id, message in self.rows(asked, somebody.button) if press_id not in somebody.earlier
        ]

    def take_back(self) -> None:
        """A test has ended: what it had is handed out again, after everything else."""
        self._seniors.extend(self._given_seniors)
        self._rooms.extend(self._given_rooms)
        self._given_seniors.clear()
        self._given_rooms.clear()

    def _alarms(self) -> frozenset[str]:
        return frozenset(str(alarm_id) for (alarm_id,) in self.rows("SELECT id FROM alarm"))


def is_about(text: str, alarm_id: str, about: About) -> bool:
    """Whether a message is about somebody or something, and not from before she or it was handed out."""
    if isinstance(about, str):
        return about in text
    return about.called in text and alarm_id not in about.earlier
