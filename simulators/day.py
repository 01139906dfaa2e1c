"""Where is each senior now, and how warm is each room? A living day as pure functions of a seed and the time.

Nobody steers the day and nothing remembers it: whoever asks with the same seed and time gets the same answer, so that
every process of the simulators, and a test, sees the same centre.
"""

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import blake2b
from typing import Final

STAY: Final = timedelta(minutes=30)
"""How long somebody stays in one room at least."""

_VISIT: Final = 8  # stays from one arrival to the next: mostly six in the building, then two at home
_AT_HOME: Final = 2
_DINING_SHARE: Final = 0.7
_LUNCH: Final = (time(11, 30), time(12, 30))
_SUPPER: Final = (time(17, 0), time(17, 30))
_SPREAD: Final = 1 << 32
_HOT_CELSIUS: Final = 34.5
_HEATS_IN: Final = 15.0  # seconds after which a heated room is two thirds of the way


@dataclass(frozen=True, slots=True)
class Person:
    """A senior of the simulated centre. `shy`: she objects to being seen and keeps away from `Living.watched`."""

    id: str
    shy: bool = False


@dataclass(frozen=True, slots=True)
class Living:
    """What a day is made of. `opens` to `closes` local time; equal: around the clock, as in the demo.

    `mother` is never away while the centre is open, and only in rooms of `watched`, so that whoever opens the stage
    can see her.
    """

    people: tuple[Person, ...]
    rooms: tuple[str, ...]
    dining: str
    watched: tuple[str, ...]
    mother: str | None
    opens: time
    closes: time
    seed: int


def is_open(living: Living, at: datetime) -> bool:
    """Whether the centre is open at this local time."""
    return living.opens == living.closes or living.opens <= at.time() < living.closes


def room_of(living: Living, person: Person, at: datetime) -> str | None:
    """The room `person` is in at this local time; None while she is not in the building."""
    if not is_open(living, at):
        return None
    stay, _ = divmod(_to_minutes(at) + _stay_offset_minutes(living, person), STAY.total_seconds() / 60)
    if person.id != living.mother and _is_away(living, person, int(stay)):
        return None
    choices = _room_choices(living, person)
    if (
        living.dining in choices
        and _is_mealtime(at)
        and _seeded_chance(living, person, "meal", at.toordinal()) < _DINING_SHARE
    ):
        return living.dining
    return choices[int(_seeded_chance(living, person, "room", int(stay)) * len(choices))]


def people_in(living: Living, room: str, at: datetime) -> list[Person]:
    """Everybody who is in this room at this local time."""
    return [person for person in living.people if room_of(living, person, at) == room]


def temperature_celsius(living: Living, room: str, at: datetime, hot_for_seconds: float | None = None) -> float:
    """The temperature of a room at this local time; `hot_for_seconds`: since when it is being heated."""
    warmest_at_three = math.cos((at.hour + at.minute / 60 - 15) / 24 * math.tau)
    slow = math.sin(_to_minutes(at) / 47 + _hash_number(living.seed, room) % 60)
    usual = 22.0 + (_hash_number(living.seed, "warm", room) % 20) / 10 + warmest_at_three + 0.3 * slow
    if hot_for_seconds is None:
        return round(usual, 1)
    return round(_HOT_CELSIUS + (usual - _HOT_CELSIUS) * math.exp(-hot_for_seconds / _HEATS_IN), 1)


def humidity_percent(living: Living, room: str, at: datetime) -> float:
    """The relative humidity of a room at this local time; Lanzhou is dry."""
    slow = math.sin(_to_minutes(at) / 61 + _hash_number(living.seed, "humid", room) % 60)
    return round(38 + (_hash_number(living.seed, "dry", room) % 80) / 10 + 2 * slow, 1)


def battery_percent(living: Living, device: str, at: datetime) -> float:
    """What a device's battery says; it lasts for a year or so, each begins somewhere else."""
    days = at.toordinal() + _hash_number(living.seed, "battery", device) % 365
    return float(100 - (days % 365) * 85 // 365)


def _room_choices(living: Living, person: Person) -> tuple[str, ...]:
    if person.id == living.mother:
        return living.watched
    if person.shy:
        return tuple(room for room in living.rooms if room not in living.watched)
    return living.rooms


def _is_away(living: Living, person: Person, stay: int) -> bool:
    """Whether she is at home in this stay of hers: in two of eight, other people in others."""
    return (stay + _hash_number(living.seed, "home", person.id)) % _VISIT < _AT_HOME


def _is_mealtime(at: datetime) -> bool:
    return any(begins <= at.time() < ends for begins, ends in (_LUNCH, _SUPPER))


def _to_minutes(at: datetime) -> float:
    return at.toordinal() * 1440 + at.hour * 60 + at.minute + at.second / 60


def _stay_offset_minutes(living: Living, person: Person) -> float:
    """Minutes by which a person's stays begin earlier than the half hour, so that not everybody moves at once."""
    return _hash_number(living.seed, "offset", person.id) % 1800 / 60


def _seeded_chance(living: Living, person: Person, what: str, nth: int) -> float:
    """A number from 0 up to 1, the same for the same question."""
    return _hash_number(living.seed, what, person.id, str(nth)) / _SPREAD


def _hash_number(seed: int, *words: str) -> int:
    digest = blake2b(" ".join((str(seed), *words)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")
