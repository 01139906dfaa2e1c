"""Does a device still know after a power cut what the hub does not?"""

import json
import sqlite3
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.contract.messages import AlarmKind, AlarmMessage, VisitAction, VisitMessage
from devices.contract.topics import Kind
from devices.outbox import CannotKeep, Outbox, open_outbox

BOOT, NEXT_BOOT = "9f3c2a7be41d0c55", "0c55be41d09f3c2a"
PRESS = AlarmMessage(id=BOOT, kind=AlarmKind.PRESS, at=datetime(2026, 11, 23, 2, 14, 5, 120000, UTC))
VISIT = VisitMessage(id=BOOT, token="AD708738AE", what=VisitAction.ARRIVE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "b-01.outbox"


def test_a_press_is_still_there_after_a_power_cut(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        kept = outbox.store_message(Kind.ALARM, PRESS, 10.0)

    with Outbox(path, NEXT_BOOT) as outbox:
        (waiting,) = outbox.list_unanswered()

    assert waiting.id == kept.id == f"{BOOT}-1"
    assert waiting.message == kept.message


def test_what_the_hub_has_is_forgotten(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        kept = outbox.store_message(Kind.ALARM, PRESS, 10.0)
        outbox.delete_message(kept)

        assert outbox.list_unanswered() == []


def test_the_sequence_goes_on_after_a_reboot_and_after_everything_was_answered(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        outbox.delete_message(outbox.store_message(Kind.ALARM, PRESS, 1.0))
        outbox.delete_message(outbox.store_message(Kind.ALARM, PRESS, 2.0))

    with Outbox(path, NEXT_BOOT) as outbox:
        assert outbox.store_message(Kind.ALARM, PRESS, 1.0).seq == 3


def test_each_lane_counts_for_itself(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        outbox.store_message(Kind.ALARM, PRESS, 1.0)

        assert outbox.store_message(Kind.VISIT, VISIT, 2.0).seq == 1


def test_a_repetition_differs_only_in_age_battery_and_signal(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        kept = outbox.store_message(Kind.ALARM, PRESS, 10.0)

    first = json.loads(kept.bytes_at(10.35, battery=93.0, signal=-71.0))
    later = json.loads(kept.bytes_at(40.0, battery=92.0, signal=-80.0))

    assert (first["age_ms"], later["age_ms"]) == (350, 30_000)
    assert {key for key in first if first[key] != later[key]} == {"age_ms", "battery", "signal"}


def test_after_a_reboot_nobody_knows_how_old_the_press_is(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        outbox.store_message(Kind.ALARM, PRESS, 10.0)

    with Outbox(path, NEXT_BOOT) as outbox:
        (waiting,) = outbox.list_unanswered()

    assert "age_ms" not in json.loads(waiting.bytes_at(11.0))


def test_only_the_device_may_read_its_outbox(path: Path) -> None:
    Outbox(path, BOOT).close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_storage_that_takes_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(CannotKeep):
        Outbox(tmp_path, BOOT)


def test_it_is_written_to_the_disk_at_each_press(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        assert outbox.is_durable


def damaged(path: Path) -> None:
    """An outbox with a press in it, of which a worn-out card has lost a page."""
    with Outbox(path, BOOT) as outbox:
        outbox.store_message(Kind.ALARM, PRESS, 1.0)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x07" * (len(content) - 4096)
    path.write_bytes(content)


def scribbled(path: Path) -> None:
    path.write_text("no database")


@pytest.mark.parametrize("damage", [damaged, scribbled])
def test_a_damaged_file_is_moved_aside_and_a_fresh_one_begun(
    path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(path)
    was = path.read_bytes()

    with open_outbox(path, NEXT_BOOT) as outbox:
        kept = outbox.store_message(Kind.ALARM, PRESS, 10.0)
    with open_outbox(path, BOOT) as outbox:
        assert [waiting.id for waiting in outbox.list_unanswered()] == [kept.id]

    assert path.with_name("b-01.outbox.damaged-1").read_bytes() == was
    assert caplog.text.count("b-01.outbox.damaged-1") == 1


def test_a_second_damaged_file_does_not_take_the_place_of_the_first(path: Path) -> None:
    for _ in range(2):
        scribbled(path)
        open_outbox(path, BOOT).close()

    assert {one.name for one in path.parent.glob("*.damaged-?")} == {"b-01.outbox.damaged-1", "b-01.outbox.damaged-2"}


def test_a_folder_that_takes_nothing_is_said_and_the_device_has_no_storage(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_outbox(tmp_path, BOOT) as outbox:
        assert outbox.list_unanswered() == []
        with pytest.raises(CannotKeep):
            outbox.store_message(Kind.ALARM, PRESS, 1.0)

    assert "from memory" in caplog.text


def test_a_file_that_somebody_else_holds_is_not_taken_for_damaged(path: Path) -> None:
    Outbox(path, BOOT).close()
    with sqlite3.connect(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        open_outbox(path, BOOT, lock_seconds=0.0).close()

    assert list(path.parent.glob("*.damaged-?")) == []


def test_a_message_that_cannot_be_read_stays_where_it_is_and_the_others_are_sent(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Outbox(path, BOOT) as outbox:
        outbox.store_message(Kind.ALARM, PRESS, 1.0)
        second = outbox.store_message(Kind.ALARM, PRESS, 2.0)
    with sqlite3.connect(path) as conn:
        conn.execute("UPDATE message SET body = ? WHERE seq = 1", (b"{}",))

    with Outbox(path, NEXT_BOOT) as outbox:
        assert [waiting.id for waiting in outbox.list_unanswered()] == [second.id]

    assert f"{BOOT}-1" in caplog.text
