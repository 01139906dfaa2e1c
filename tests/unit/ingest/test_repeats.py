"""Is a message that was seen before a repeat, or a new call?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.repeats import EarlierPress, RepeatedMessage, has_own_form, is_new_call

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
HELPED = EarlierPress(NINE, has_alarm=True, alarm_ended_at=NINE + timedelta(minutes=5))
AGAIN = RepeatedMessage("SOS", NINE + timedelta(minutes=6), is_redelivery=False)
OURS = "9f3c2a7be41d0c55-1042"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.mark.parametrize("message_id", ["SOS", "1042", "9f3c2a7be41d0c5-1042", "9f3c2a7be41d0c55-", "x" + OURS, None])
def test_an_id_that_a_device_says_each_time_is_a_new_call_once_its_alarm_is_over(message_id: str | None) -> None:
    assert is_new_call(replace(AGAIN, message_id=message_id), HELPED)
    assert not is_new_call(replace(AGAIN, message_id=message_id), replace(HELPED, alarm_ended_at=None))
    assert not is_new_call(replace(AGAIN, message_id=message_id, received_at=NINE + minutes(5)), HELPED)


@pytest.mark.parametrize("message_id", [OURS, "0" * 16 + "-0", "ABCDEF0123456789-9223372036854775807"])
@pytest.mark.parametrize("later", [minutes(6), timedelta(days=1), timedelta(days=29)])
def test_an_id_of_our_form_is_a_duplicate_however_late(message_id: str, later: timedelta) -> None:
    assert has_own_form(message_id)
    assert not is_new_call(replace(AGAIN, message_id=message_id, received_at=NINE + later), HELPED)


def test_what_was_sent_before_is_no_new_call() -> None:
    assert not is_new_call(replace(AGAIN, is_redelivery=True), HELPED)


@pytest.mark.parametrize(
    ("age_ms", "is_new"),
    [(0, True), (59_999, True), (60_000, False), (360_000, False), (2**53 - 1, False)],
)
def test_what_was_pressed_before_the_end_by_its_age_is_no_new_call(age_ms: int, is_new: bool) -> None:
    assert is_new_call(replace(AGAIN, age_ms=age_ms), HELPED) is is_new


@pytest.mark.parametrize(("pressed", "is_new"), [(minutes(6), True), (minutes(5), False), (minutes(0), False)])
def test_a_believed_clock_says_so_too(pressed: timedelta, is_new: bool) -> None:
    assert is_new_call(replace(AGAIN, pressed_at=NINE + pressed), HELPED) is is_new


def test_a_cancel_has_no_alarm_and_counts_for_ten_seconds() -> None:
    cancel = EarlierPress(NINE, has_alarm=False, alarm_ended_at=None)

    assert not is_new_call(replace(AGAIN, received_at=NINE + timedelta(seconds=10)), cancel)
    assert is_new_call(replace(AGAIN, received_at=NINE + timedelta(seconds=11)), cancel)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - it adds the zone
    st.none() | st.integers(0, 2**53 - 1),
    st.booleans(),
)
def test_nobody_calls_anew_while_her_alarm_is_live(received_at: datetime, age_ms: int | None, again: bool) -> None:
    arrival = RepeatedMessage("SOS", received_at, is_redelivery=again, age_ms=age_ms)

    assert not is_new_call(arrival, replace(HELPED, alarm_ended_at=None))
