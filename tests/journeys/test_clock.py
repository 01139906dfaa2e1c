"""A power cut, and a machine without a battery and without a network: its clock is behind at the start."""

from pathlib import Path

import pytest

from tests.fakes.demo import demo_running
from tests.fakes.waiting import wait_until


@pytest.mark.parametrize("behind", ["-3600", "0 -3600 monday", "0 -820000000 monday"])
def test_a_centre_that_starts_behind_tells_the_next_tier_within_its_wait_and_says_that_its_clock_is_wrong(
    tmp_path: Path, behind: str
) -> None:
    with demo_running(tmp_path / "demo") as centre:
        centre.make_quiet()
        caller = centre.free.senior()
        centre.press(caller.button)
        centre.ringing("sw-1", caller)
        ((alarm_id, tier),) = centre.rows("SELECT id, tier FROM alarm WHERE senior_id = %s", caller.id)
        centre.stop()

        (centre.folder / "clock").write_text(behind, "ascii")
        centre.start_again()

        wait_until(lambda: centre.rows("SELECT FROM alarm WHERE id = %s AND tier > %s", alarm_id, tier), within=20)
        behind_notice = "SELECT params ->> 'seconds' FROM notice WHERE code = 'clock-behind' AND cleared_at IS NULL"
        assert len(centre.rows(behind_notice)) == 1
