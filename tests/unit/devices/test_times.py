"""Do the device side's clocks do what tests wind them to?"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from devices.contract.times import DeviceFileClock, DeviceSetClock, DeviceSystemClock, clock_of


def test_time_stands_still_until_it_is_wound() -> None:
    clock = DeviceSetClock(datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC))

    clock.advance(timedelta(seconds=30))
    clock.jump(timedelta(hours=1))

    assert clock.now() == datetime(2026, 11, 23, 3, 14, 35, tzinfo=UTC)
    assert clock.monotonic() == 30.0


def test_a_file_winds_both_clocks_because_an_hour_that_passed_has_been_waited(tmp_path: Path) -> None:
    shift = tmp_path / "clock"
    clock = DeviceFileClock(shift)
    unmoved, slept_from = clock.now(), clock.monotonic()

    shift.write_text("3600 -1020\n")

    assert timedelta(hours=1) <= clock.now() - unmoved < timedelta(hours=1, seconds=30)
    assert 3600 <= clock.monotonic() - slept_from < 3630


def test_a_process_without_a_clock_file_uses_the_machine_s_clock() -> None:
    assert isinstance(clock_of({}), DeviceSystemClock)
    assert isinstance(clock_of({"ANLING_CLOCK_FILE": "/nowhere"}), DeviceFileClock)
