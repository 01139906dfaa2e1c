"""The simulated day has somebody in it at every hour, and keeps the tour possible."""

from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from simulators.day import Living, Person, humidity_percent, people_in, room_of, temperature_celsius

LANZHOU = ZoneInfo("Asia/Shanghai")
MOTHER = Person("s-01")
SHY = Person("s-06", shy=True)
PEOPLE = (MOTHER, SHY, *(Person(f"s-{number:02}") for number in range(7, 45)))
LIVING = Living(
    people=PEOPLE,
    rooms=("dining", "gym", "reading", "chess", "computer", "music", "barber", "laundry"),
    dining="dining",
    watched=("music", "reading", "gym"),
    mother="s-01",
    opens=time(0),
    closes=time(0),
    seed=650,
)
moments = st.integers(0, 730 * 24 * 3600).map(
    lambda second: datetime(2026, 1, 1, tzinfo=LANZHOU) + timedelta(seconds=second)
)


@given(moments)
def test_the_mother_can_be_seen_at_every_hour(at: datetime) -> None:
    assert room_of(LIVING, MOTHER, at) in LIVING.watched


@given(moments)
def test_who_objects_to_being_seen_keeps_away_from_where_the_mother_is(at: datetime) -> None:
    assert room_of(LIVING, SHY, at) != room_of(LIVING, MOTHER, at)


@given(moments)
def test_the_house_is_never_empty_and_never_full(at: datetime) -> None:
    present = sum(room_of(LIVING, person, at) is not None for person in PEOPLE)

    assert len(PEOPLE) // 2 <= present < len(PEOPLE)


@given(moments)
def test_everybody_is_in_one_room_at_most(at: datetime) -> None:
    found = [person for room in LIVING.rooms for person in people_in(LIVING, room, at)]

    assert len(found) == len(set(found))


def test_somebody_stays_a_while_before_going_on() -> None:
    start = datetime(2026, 11, 23, 9, tzinfo=LANZHOU)
    rooms = [room_of(LIVING, PEOPLE[5], start + timedelta(minutes=minute)) for minute in range(120)]

    assert sum(before != after for before, after in pairwise(rooms)) <= 4


def test_at_lunch_most_people_eat() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=LANZHOU)
    present = [person for person in PEOPLE if room_of(LIVING, person, noon) is not None]

    assert len(people_in(LIVING, "dining", noon)) > len(present) / 2


def test_a_centre_that_closes_is_empty_at_night() -> None:
    living = Living(PEOPLE, LIVING.rooms, "dining", LIVING.watched, "s-01", time(8), time(18), 650)
    night = datetime(2026, 11, 23, 22, tzinfo=LANZHOU)

    assert {room_of(living, person, night) for person in PEOPLE} == {None}


def test_a_heated_room_is_hot_within_a_minute_and_not_at_once() -> None:
    at = datetime(2026, 11, 23, 9, tzinfo=LANZHOU)

    assert temperature_celsius(LIVING, "gym", at) < 27
    assert temperature_celsius(LIVING, "gym", at, 0) < 27
    assert temperature_celsius(LIVING, "gym", at, 60) > 32


@given(moments)
def test_the_climate_is_one_that_people_live_in(at: datetime) -> None:
    assert 18 < temperature_celsius(LIVING, "gym", at) < 28
    assert 25 < humidity_percent(LIVING, "gym", at) < 60
