"""Does a device still know after a power cut what the hub does not?"""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.contract.messages import AlarmKind, AlarmMessage, VisitMessage, What
from devices.contract.topics import Kind
from devices.outbox import CannotKeep, Outbox

BOOT, NEXT_BOOT = "9f3c2a7be41d0c55", "0c55be41d09f3c2a"
PRESS = AlarmMessage(id=BOOT, kind=AlarmKind.PRESS, at=datetime(2026, 11, 23, 2, 14, 5, 120000, UTC))
VISIT = VisitMessage(id=BOOT, token="AD708738AE", what=What.ARRIVE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "b-01.outbox"


def test_a_press_is_still_there_after_a_power_cut(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        kept = outbox.keep(Kind.ALARM, PRESS, 10.0)

    with Outbox(path, NEXT_BOOT) as outbox:
        (waiting,) = outbox.waiting()

    assert waiting.id == kept.id == f"{BOOT}-1"
    assert waiting.message == kept.message


def test_what_the_hub_has_is_forgotten(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        kept = outbox.keep(Kind.ALARM, PRESS, 10.0)
        outbox.forget(kept)

        assert outbox.waiting() == []


def test_the_sequence_goes_on_after_a_reboot_and_after_everything_was_answered(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        outbox.forget(outbox.keep(Kind.ALARM, PRESS, 1.0))
        outbox.forget(outbox.keep(Kind.ALARM, PRESS, 2.0))

    with Outbox(path, NEXT_BOOT) as outbox:
        assert outbox.keep(Kind.ALARM, PRESS, 1.0).seq == 3


def test_each_lane_counts_for_itself(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        outbox.keep(Kind.ALARM, PRESS, 1.0)

        assert outbox.keep(Kind.VISIT, VISIT, 2.0).seq == 1


def test_a_repetition_differs_only_in_age_battery_and_signal(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        kept = outbox.keep(Kind.ALARM, PRESS, 10.0)

    first = json.loads(kept.bytes_at(10.35, battery=93.0, signal=-71.0))
    later = json.loads(kept.bytes_at(40.0, battery=92.0, signal=-80.0))

    assert (first["age_ms"], later["age_ms"]) == (350, 30_000)
    assert {key for key in first if first[key] != later[key]} == {"age_ms", "battery", "signal"}


def test_after_a_reboot_nobody_knows_how_old_the_press_is(path: Path) -> None:
    with Outbox(path, BOOT) as outbox:
        outbox.keep(Kind.ALARM, PRESS, 10.0)

    with Outbox(path, NEXT_BOOT) as outbox:
        (waiting,) = outbox.waiting()

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
