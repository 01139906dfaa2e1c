"""Which device presses more often than a hand can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.ingest.press_rate import PressRates

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("presses", "apart", "is_too_often"),
    [
        (51, timedelta(milliseconds=2), True),
        (51, timedelta(milliseconds=200), True),
        (50, timedelta(milliseconds=2), False),
        (200, timedelta(milliseconds=330), False),  # a frightened hand, for a minute
        (51, timedelta(0), True),
    ],
)
def test_fifty_presses_in_ten_seconds_are_no_hand(presses: int, apart: timedelta, is_too_often: bool) -> None:
    rates = PressRates()

    found = [rates.note_press("b-wang", NINE + apart * n) for n in range(presses)]

    assert any(found) == is_too_often


def test_presses_that_a_device_kept_for_a_day_are_those_of_a_hand() -> None:
    rates = PressRates()

    assert not any(rates.note_press("b-wang", NINE - timedelta(minutes=n)) for n in range(300))


def test_two_devices_are_two_hands() -> None:
    rates = PressRates()

    assert not any(rates.note_press(f"b-{n % 2}", NINE) for n in range(100))


def test_who_has_not_pressed_for_long_is_forgotten() -> None:
    rates = PressRates()
    for _ in range(50):
        rates.note_press("b-wang", NINE)
    rates.forget_before(NINE + timedelta(minutes=1))

    assert not rates.note_press("b-wang", NINE)
