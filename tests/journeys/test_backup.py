"""A hub whose machine is gone: from the backup on another disk an empty folder is the same centre, and goes on."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fakes.demo import Demo, demo_running
from tests.fakes.folders import quick_folder
from tests.fakes.waiting import wait_until

SAME = {
    "alarms": "SELECT id, state, number, times_pressed FROM alarm ORDER BY id",
    "accounts": "SELECT id, password_hash, active FROM account ORDER BY id",
    "devices": "SELECT id, credential_hash, enabled FROM device ORDER BY id",
    "presses": "SELECT id, message_id FROM press ORDER BY id",
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with (
        quick_folder(tmp_path_factory, "backed-up") as folder,
        demo_running(folder, ANLING_BACKUP_DIR=str(folder / "disk")) as running,
    ):
        yield running


def ask(demo: Demo, *command: str) -> subprocess.CompletedProcess[str]:
    """`./anling COMMAND …`, whatever comes of it."""
    return subprocess.run(
        [sys.executable, "-m", "hub.cli", *command],
        env=dict(demo.environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def standing(demo: Demo, code: str) -> bool:
    return bool(demo.rows("SELECT FROM notice WHERE code = %s AND cleared_at IS NULL", code))


def kept_of(demo: Demo) -> Mapping[str, list[tuple[object, ...]]]:
    return {what: demo.rows(statement) for what, statement in SAME.items()}


@pytest.mark.timeout(480)  # two starts of a whole centre, and nine commands beside it
def test_an_empty_folder_becomes_the_same_centre_with_its_open_alarms_and_the_next_tier(
    demo: Demo, tmp_path: Path
) -> None:
    wait_until(lambda: standing(demo, "backup-failed"), within=90, what="the hub notices that its backup has no key")
    demo.anling("backup-key", str(tmp_path / "sheet.html"))
    demo.anling("backup")
    assert not standing(demo, "backup-failed")
    first = demo.free.senior()
    demo.press(first.button)
    wait_until(lambda: demo.rows("SELECT FROM alarm WHERE senior_id = %s", first.id), what="the alarm")
    demo.ringing("sw-1", first)
    assert "new files of changes" in demo.anling("backup-changes")
    before, last_n = kept_of(demo), demo.rows("SELECT max(n) FROM notification")
    demo.close()
    demo.stop()
    demo.data_dir.rename(demo.folder / "old")
    (backup,) = (demo.folder / "disk").glob("*.age")

    said = demo.anling("restore", str(backup), "--key-file", str(tmp_path / "sheet.html"))

    assert "open alarms go on from now" in said
    again = ask(demo, "restore", str(backup), "--key-file", str(tmp_path / "sheet.html"))
    assert "a restore overwrites nothing" in again.stderr
    demo.wind(60)
    demo.start_again()
    assert kept_of(demo) == before
    assert demo.rows("SELECT id FROM session WHERE ended_at IS NULL") == []
    assert standing(demo, "restored")
    assert "each follows from the one before it" in demo.anling("ledger", "verify")
    wait_until(lambda: demo.rows("SELECT max(n) FROM notification") > last_n, within=20, what="the next tier")
    assert demo.rows("SELECT id FROM notification WHERE error = 'restored' AND taken_at IS NOT NULL") == []
    demo.anling("backup")
    assert not standing(demo, "restored")
