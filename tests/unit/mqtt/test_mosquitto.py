"""What does the hub write for a Mosquitto?"""

from __future__ import annotations

from pathlib import Path

from hub.mqtt.mosquitto import (
    HubListener,
    Listening,
    MosquittoAccount,
    format_configuration,
    password_entry,
    write_broker_files,
)

BUTTON = MosquittoAccount("b-01", "a-very-random-password", ("a/alarm/b-01",), ("a/cue/b-01",))


def test_a_password_entry_is_salted_and_never_holds_the_password() -> None:
    entry = password_entry("b-01", BUTTON.password)

    assert entry.startswith("b-01:$7$101$")
    assert BUTTON.password not in entry
    assert entry != password_entry("b-01", BUTTON.password)


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    written = write_broker_files(tmp_path / "broker", Listening("127.0.0.1", 1883), [BUTTON])

    files = sorted(written.parent.iterdir())
    assert [file.name for file in files] == ["acl", "mosquitto.conf", "passwords"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert (written.parent / "acl").read_text() == "user b-01\ntopic write a/alarm/b-01\ntopic read a/cue/b-01\n"


def test_nothing_is_dropped_because_a_queue_of_a_thousand_is_full() -> None:
    lines = format_configuration(Path("folder"), Listening("127.0.0.1", 1883)).splitlines()

    assert {"persistence true", "max_queued_messages 0", "max_inflight_messages 0", "allow_anonymous false"} <= set(
        lines
    )
    assert any(line.startswith("max_queued_bytes ") for line in lines)


def test_at_their_listener_devices_are_known_by_their_user_names_and_at_the_hub_s_it_keeps_its_sessions() -> None:
    lines = format_configuration(
        Path("folder"), Listening("127.0.0.1", 1883, hub_listener=HubListener("127.0.0.1", 1884))
    ).splitlines()

    assert lines[:3] == ["listener 1883 127.0.0.1", "use_username_as_clientid true", "listener 1884 127.0.0.1"]


def test_files_written_again_are_whole_at_every_moment(tmp_path: Path) -> None:
    listening = Listening("127.0.0.1", 1883)
    written = write_broker_files(tmp_path / "broker", listening, [BUTTON])
    with (written.parent / "passwords").open() as read_meanwhile:
        write_broker_files(tmp_path / "broker", listening, [])

        assert read_meanwhile.read().startswith("b-01:")
    assert (written.parent / "passwords").read_text() == ""
    assert len(list(written.parent.iterdir())) == 3
