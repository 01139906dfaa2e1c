"""Wrong answers make waiting longer, and never lock anybody out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.access.rate_limit import PASSWORD, PHONE_DIGITS, AttemptKey, RateLimit, wait_after

NOW = datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC)
TABLET: AttemptKey = ("192.168.1.20", "zhou")
PHONE: AttemptKey = ("192.168.1.31", "zhou")


@pytest.mark.parametrize(("times", "seconds"), [(1, 0), (3, 0), (4, 1), (5, 2), (6, 4), (8, 16), (9, 30), (500, 30)])
def test_the_wait_doubles_up_to_half_a_minute(times: int, seconds: int) -> None:
    assert wait_after(times, PASSWORD) == timedelta(seconds=seconds)


def test_guessing_phone_digits_is_hopeless_within_the_life_of_a_link() -> None:
    tries = RateLimit(PHONE_DIGITS)
    now, guesses = NOW, 0
    while now < NOW + timedelta(days=7):
        now += max(tries.wait(("invitation", "x"), now), timedelta(milliseconds=1))
        tries.was_wrong(("invitation", "x"), now)
        guesses += 1

    assert guesses < 200


def test_wrong_answers_at_one_place_do_not_make_another_wait() -> None:
    tries = RateLimit(PASSWORD)
    for _ in range(20):
        tries.was_wrong(PHONE, NOW)

    assert tries.wait(PHONE, NOW) == timedelta(seconds=30)
    assert tries.wait(TABLET, NOW) == timedelta()


def test_a_right_answer_and_time_forgive() -> None:
    tries = RateLimit(PASSWORD)
    for _ in range(20):
        tries.was_wrong(PHONE, NOW)
        tries.was_wrong(TABLET, NOW)

    tries.was_right(PHONE)

    assert tries.wait(PHONE, NOW) == timedelta()
    assert tries.wait(TABLET, NOW + timedelta(minutes=15)) == timedelta()


@given(st.lists(st.floats(0, 3600), max_size=60))
def test_whoever_waits_as_told_is_looked_at(pauses: list[float]) -> None:
    tries = RateLimit(PASSWORD)
    now = NOW
    for pause in pauses:
        now += timedelta(seconds=pause)
        tries.was_wrong(TABLET, now)

    assert tries.wait(TABLET, now) <= timedelta(seconds=30)
    assert tries.wait(TABLET, now + tries.wait(TABLET, now)) == timedelta()


def test_what_is_remembered_is_bounded() -> None:
    tries = RateLimit(PASSWORD, most=100)
    for n in range(1000):
        for _ in range(10):
            tries.was_wrong(("place", str(n)), NOW)

    assert tries.wait(("place", "0"), NOW) == timedelta()
    assert tries.wait(("place", "999"), NOW) == timedelta(seconds=30)
