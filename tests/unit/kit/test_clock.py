"""Was the wall clock set, or did time pass?"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kit.clock import BothClocks, SystemClock, parted

NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
BEFORE = BothClocks(NINE, 1000.0)


def later(wall: timedelta, running_seconds: float) -> BothClocks:
    return BothClocks(NINE + wall, 1000.0 + running_seconds)


@pytest.mark.parametrize(
    ("now", "by"),
    [
        (later(timedelta(seconds=0.5), 0.5), None),
        (later(timedelta(hours=8), 8 * 3600), None),  # the machine slept: it has waited
        (later(timedelta(seconds=2.5), 0.5), None),  # a time server's small correction
        (later(timedelta(seconds=3.5), 0.5), timedelta(seconds=3)),
        (later(timedelta(hours=-1, seconds=0.5), 0.5), timedelta(hours=-1)),
        (later(timedelta(hours=1, seconds=0.5), 0.5), timedelta(hours=1)),
    ],
)
def test_only_what_no_running_clock_explains_was_set(now: BothClocks, by: timedelta | None) -> None:
    assert parted(BEFORE, now) == by


@given(st.integers(0, 10**6), st.integers(-(10**6), 10**6))
def test_however_long_it_took_the_same_setting_is_found(passed: int, by: int) -> None:
    found = parted(BEFORE, later(timedelta(seconds=passed + by), passed))

    assert (found or timedelta()) == (timedelta(seconds=by) if abs(by) > 2 else timedelta())


def test_this_machine_was_not_set_between_two_looks() -> None:
    clock = SystemClock()

    assert parted(clock.both(), clock.both()) is None
