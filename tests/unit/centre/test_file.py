"""A centre's file that is wrong says where, and what to write instead."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.centre.file import BadCentreFile, Shift, parse
from hub.centre.load import shift_times

SHIPPED = Path(__file__).parents[3] / "simulators" / "centre.yaml"
SMALL = """\
schema: anling.centre/1
organisation: {id: longyuan, name: 陇原, name_en: Longyuan}
centre: {id: c, name: 中心, name_en: Centre, address: 路, timezone: Asia/Shanghai, opens: "08:00", closes: "18:00"}
rooms:
  - {id: gym, name: 健身室, name_en: Gym, type: gym, plan_column: 0, plan_row: 0}
  - {id: talk, name: 咨询室, name_en: Counselling, type: counselling, plan_column: 1, plan_row: 0}
accounts:
  - {id: admin, role: administrator, name: 管理, name_en: Admin}
devices:
  - {id: cam, kind: camera, name: 摄像头, name_en: Camera, room: gym, rtsp_url: "rtsp://x/gym"}
"""


def refused(text: str) -> list[str]:
    with pytest.raises(BadCentreFile) as wrong:
        parse(text)
    return str(wrong.value).splitlines()


def test_the_shipped_centre_is_right() -> None:
    centre = parse(SHIPPED.read_text("utf-8"), {"rtsp": "rtsp://127.0.0.1:8554", "phones": "http://127.0.0.1:8090"})

    assert (len(centre.rooms), len(centre.seniors)) == (12, 40)
    assert sum(device.kind == "button" for device in centre.devices) == 40
    assert sum(device.kind == "camera" for device in centre.devices) == 6
    assert sum(account.role == "family" for account in centre.accounts) == 20
    assert sum(account.role == "staff" for account in centre.accounts) == 10
    assert centre.accounts[0].contacts[0].address == "http://127.0.0.1:8090/hooks/staff-01"


@pytest.mark.parametrize(
    ("what", "instead", "line", "words"),
    [
        ("type: gym", "type: sauna", 5, "'dining'"),
        ("id: gym,", "id: Gym!,", 5, "is no id"),
        ("plan_row: 0}\n  - {id: talk", "plan_rwo: 0}\n  - {id: talk", 5, "not a known key"),
        ("name_en: Gym,", "", 5, "name_en is missing"),
        ("room: gym, rtsp", "room: gmy, rtsp", 10, "no room of this file is called gmy"),
        ("room: gym, rtsp", "room: talk, rtsp", 10, "no camera is allowed in a room of type counselling"),
        (', rtsp_url: "rtsp://x/gym"', "", 10, "a camera has an rtsp_url"),
        ("rtsp://x/gym", "file:///etc/hostname", 10, "should begin with rtsp://"),
        ("rtsp://x/gym", "http://x/gym", 10, "should begin with rtsp://"),
        ("id: talk", "id: gym", 6, "there twice"),
        ("Asia/Shanghai", "Asia/Lanzhou", 3, "Asia/Shanghai"),
        ('closes: "18:00"', 'closes: "07:00"', 3, "later on the day"),
        ("anling.centre/1", "anling.centre/2", 1, "anling.centre/1"),
        ("accounts:\n", "accounts:\n\t", 8, "tab"),
        ("name: 健身室", 'name: "健身\\0室"', 5, "control character"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_write(what: str, instead: str, line: int, words: str) -> None:
    said = refused(SMALL.replace(what, instead, 1))

    assert any(one.startswith(f"line {line}, ") and words in one for one in said), said


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        ("webhook", "example.org/hooks"),
        ("webhook", "ftp://example.org/hooks"),
        ("webhook", "https:///hooks"),
        ("webhook", "https://example.org:99999/hooks"),
        ("webhook", "https://example.org/two words"),
        ("email", "li.min"),
        ("email", "li.min@"),
        ("email", "li@min@example.org"),
        ("email", "li min@example.org"),
    ],
)
def test_a_contact_that_nobody_can_be_reached_at_is_named_with_its_place(channel: str, address: str) -> None:
    contact = f', contacts: [{{channel: {channel}, address: "{address}"}}]}}'
    said = refused(SMALL.replace("name_en: Admin}", f"name_en: Admin{contact}", 1))

    (line,) = said
    assert line.startswith("line 8, column ")
    assert "accounts.0.contacts.0.address: " in line


@pytest.mark.parametrize(
    ("channel", "address"), [("webhook", "http://10.0.0.5:8090/hooks"), ("email", "li.min+夜@example.org")]
)
def test_a_contact_of_its_channel_is_taken(channel: str, address: str) -> None:
    contact = f', contacts: [{{channel: {channel}, address: "{address}"}}]}}'

    centre = parse(SMALL.replace("name_en: Admin}", f"name_en: Admin{contact}", 1))

    assert centre.accounts[0].contacts[0].address == address


def test_every_mistake_is_named_at_once() -> None:
    assert len(refused(SMALL.replace("type: gym", "type: x").replace("administrator", "boss"))) == 2


def test_a_key_said_twice_is_a_mistake() -> None:
    (said,) = refused(SMALL + "rooms: []\n")

    assert "rooms is said twice" in said


def test_a_night_shift_ends_the_next_morning() -> None:
    shift = Shift.model_validate({"account": "zhou", "duty": "primary", "from": "20:00", "to": "08:00"})

    from_at, to_at = shift_times(shift, date(2026, 11, 23), ZoneInfo("Asia/Shanghai"))

    assert (from_at, to_at) == (datetime(2026, 11, 23, 12, tzinfo=UTC), datetime(2026, 11, 24, 0, tzinfo=UTC))
