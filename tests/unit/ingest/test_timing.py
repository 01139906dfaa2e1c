"""When was it pressed, by a clock that the device cannot push into the future?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.timing import DeviceClocks, When, estimate_time, reading_time

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
NO_OFFSET = timedelta()


def ago(seconds: float) -> datetime:
    return NINE - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("at", "age_ms", "expected"),
    [
        (None, 350, When(ago(0.35), late=False, uncertain=False)),
        (ago(3600), 350, When(ago(0.35), late=False, uncertain=False)),  # the age wins over a wrong wall clock
        (None, 10_000, When(ago(10), late=False, uncertain=False)),
        (None, 10_001, When(ago(10.001), late=True, uncertain=False)),
        (ago(5), None, When(ago(5), late=False, uncertain=False)),
        (ago(5.1), None, When(NINE, late=False, uncertain=True)),
        (ago(-5), None, When(NINE, late=False, uncertain=False)),  # its clock is ahead: not in the future
        (ago(-6), None, When(NINE, late=False, uncertain=True)),
        (None, None, When(NINE, late=False, uncertain=True)),
        (None, 2**52, When(NINE, late=False, uncertain=True)),  # an age that nothing can have
    ],
)
def test_the_age_counts_first_then_a_clock_that_agrees_then_the_receipt(
    at: datetime | None, age_ms: int | None, expected: When
) -> None:
    assert estimate_time(NINE, at, age_ms, NO_OFFSET) == expected


def test_a_clock_that_is_an_hour_behind_is_believed_once_it_is_known() -> None:
    clocks = DeviceClocks()
    for n in range(3):
        clocks.note_message("b-01", NINE + timedelta(minutes=n), NINE + timedelta(minutes=n - 60), 0)

    assert clocks.offset_of("b-01") == timedelta(hours=1)
    assert estimate_time(NINE, ago(3602), None, clocks.offset_of("b-01")) == When(ago(2), late=False, uncertain=False)


def test_one_odd_message_does_not_change_what_was_learned() -> None:
    clocks = DeviceClocks()
    for _ in range(20):
        clocks.note_message("b-01", NINE, ago(1), 0)
    clocks.note_message("b-01", NINE, ago(86400), 0)

    assert clocks.offset_of("b-01") == timedelta(seconds=1)


def test_a_late_message_teaches_nothing() -> None:
    clocks = DeviceClocks()
    clocks.note_message("b-01", NINE, ago(3600), 11_000)

    assert clocks.offset_of("b-01") == NO_OFFSET


def test_a_repeated_reading_keeps_its_time() -> None:
    at = ago(2)

    assert reading_time(NINE, at, 2000, NO_OFFSET) == at
    assert reading_time(NINE + timedelta(seconds=3), at, 5400, NO_OFFSET) == at


def test_a_reading_of_a_device_with_a_wrong_clock_has_the_hubs_time() -> None:
    assert reading_time(NINE, ago(3600), 2000, NO_OFFSET) == ago(2)


@given(
    st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.none() | st.integers(0, 2**53 - 1),
    st.timedeltas(timedelta(days=-400), timedelta(days=400)),
)
def test_no_device_moves_time_into_the_future(at: datetime | None, age_ms: int | None, learned: timedelta) -> None:
    found = estimate_time(NINE, at, age_ms, learned)

    assert found.at <= NINE
    assert not (found.late and found.uncertain)
    assert reading_time(NINE, at, age_ms, learned) <= NINE
