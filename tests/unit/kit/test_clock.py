"""Was the wall clock set, or did time pass?"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kit.clock import BothClocks, FileClock, SystemClock, measure_clock_step

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
    assert measure_clock_step(BEFORE, now) == by


@given(st.integers(0, 10**6), st.integers(-(10**6), 10**6))
def test_however_long_it_took_the_same_setting_is_found(passed: int, by: int) -> None:
    found = measure_clock_step(BEFORE, later(timedelta(seconds=passed + by), passed))

    assert (found or timedelta()) == (timedelta(seconds=by) if abs(by) > 2 else timedelta())


def test_this_machine_was_not_set_between_two_looks() -> None:
    clock = SystemClock()

    assert measure_clock_step(clock.both(), clock.both()) is None


@pytest.mark.parametrize(
    ("written", "set_again", "wall_moves", "passes", "by"),
    [
        ("0", "3600", 3600, 3600, None),  # an hour passes
        ("0", "0 -1020", -1020, 0, -1020),  # the wall clock is set back
        ("0 -1020", "0", 1020, 0, 1020),  # it was behind and is set right
        ("60 -1020", "120 -1020", 60, 60, None),
        ("5 7", "nonsense", 0, 0, None),
    ],
)
def test_a_file_lets_time_pass_or_sets_the_wall_clock_alone(
    tmp_path: Path, written: str, set_again: str, wall_moves: float, passes: float, by: float | None
) -> None:
    file = tmp_path / "clock"
    file.write_text(written)
    clock = FileClock(file)
    before, running, wall = clock.both(), clock.monotonic(), clock.now()

    file.write_text(set_again)
    os.utime(file, ns=(1, 1))

    assert (clock.now() - wall).total_seconds() == pytest.approx(wall_moves, abs=30)
    assert clock.monotonic() - running == pytest.approx(passes, abs=30)
    moved = measure_clock_step(before, clock.both())
    assert (None if moved is None else round(moved.total_seconds(), -1)) == by
