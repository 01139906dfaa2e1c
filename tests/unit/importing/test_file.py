"""A centre's file that is wrong says where, and what to write instead."""

import pytest

from hub.importing.file import parse_centre_file
from hub.importing.plan import devices_of
from hub.kit.mistakes.model import BadInput
from tests.fakes.shipped import shipped_centre

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
    with pytest.raises(BadInput) as wrong:
        parse_centre_file(text)
    return [line.removeprefix("centre.yaml: ") for line in wrong.value.lines]


def test_the_shipped_centre_is_right() -> None:
    centre = shipped_centre()

    assert (len(centre.rooms), len(centre.seniors)) == (12, 40)
    assert sum(device.kind == "button" for device in centre.devices) == 40
    assert sum(device.kind == "camera" for device in centre.devices) == 6
    assert sum(account.role == "family" for account in centre.accounts) == 20
    assert sum(account.role == "staff" for account in centre.accounts) == 10
    assert centre.accounts[0].contacts[0].address == "http://127.0.0.1:8090/hooks/staff-01"


@pytest.mark.parametrize(
    ("what", "instead", "line", "words"),
    [
        ("type: gym", "type: sauna", 5, "write one of dining, "),
        ("id: gym,", "id: Gym!,", 5, "is no id"),
        (
            "plan_row: 0}\n  - {id: talk",
            "plan_rwo: 0}\n  - {id: talk",
            5,
            "did you mean `plan_row`?",
        ),
        ("name_en: Gym,", "", 5, "`name_en` is missing"),
        ("room: gym, rtsp", "room: gmy, rtsp", 10, "no room of this file is called gmy"),
        ("room: gym, rtsp", "room: talk, rtsp", 10, "no camera is allowed in a room of type counselling"),
        (', rtsp_url: "rtsp://x/gym"', "", 10, "a camera has `sources` with a `main`"),
        ('rtsp_url: "rtsp://x/gym"', 'sources: {main: "http://x/gym"}', 10, "should begin with rtsp:// or rtsps://"),
        ('rtsp_url: "rtsp://x/gym"', 'sources: {sub: "rtsp://x/gym"}', 10, "`main` is missing"),
        ('rtsp_url: "rtsp://x/gym"', 'sources: {main: "rtsp://x", mian: "rtsp://x"}', 10, "did you mean `main`?"),
        ('rtsp_url: "rtsp://x/gym"', 'rtsp_url: "rtsp://x", sources: {main: "rtsp://x"}', 10, "leave one of them out"),
        ("kind: camera", "kind: sensor", 10, "nothing else has any"),
        ("rtsp://x/gym", "file:///etc/hostname", 10, "should begin with rtsp://"),
        ("rtsp://x/gym", "http://x/gym", 10, "should begin with rtsp://"),
        ("id: talk", "id: gym", 6, "there twice"),
        ("Asia/Shanghai", "Asia/Lanzhou", 3, "Asia/Shanghai"),
        ('closes: "18:00"', 'closes: "07:00"', 3, "later on the day"),
        ("anling.centre/1", "anling.centre/2", 1, "anling.centre/1"),
        ("accounts:\n", "accounts:\n\t", 8, "tab"),
        ("name: 健身室", 'name: "健身\\0室"', 5, "control character"),
        ("name: 健身室", 'name: "健身\\n室"', 5, "more than one line"),
        ("name_en: Longyuan", 'name_en: "Long\\u2028yuan"', 2, "more than one line"),
        ("name: 中心", 'name: "中\\u202e心"', 3, "turns the direction of writing, U+202E"),
        ("address: 路", 'address: "路\\u2066"', 3, "turns the direction of writing, U+2066"),
        ("name: 管理", 'name: "管\\t理"', 8, "control character"),
        ("name: 摄像头", 'name: "\\u3000"', 10, "nothing that can be seen"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_to_write(what: str, instead: str, line: int, words: str) -> None:
    said = refused(SMALL.replace(what, instead, 1))

    assert any(one.startswith(f"line {line}, ") and words in one for one in said), said


NEWER = 'sources: {main: "rtsps://x/gym"}'
WITH_SUB = 'sources: {main: "rtsps://x/gym", sub: "rtsp://x/gym/2"}'


@pytest.mark.parametrize(
    ("written", "sources"),
    [
        ('rtsp_url: "rtsp://x/gym"', [("main", "rtsp", "rtsp://x/gym")]),
        (NEWER, [("main", "rtsps", "rtsps://x/gym")]),
        (WITH_SUB, [("main", "rtsps", "rtsps://x/gym"), ("sub", "rtsp", "rtsp://x/gym/2")]),
    ],
)
def test_a_camera_s_addresses_are_read_in_the_newer_shape_and_in_the_older(
    written: str, sources: list[tuple[str, str, str]]
) -> None:
    centre = parse_centre_file(SMALL.replace('rtsp_url: "rtsp://x/gym"', written, 1))

    (camera,) = devices_of(centre)
    assert [(source.kind, source.protocol, source.address) for source in camera.sources] == sources


@pytest.mark.parametrize("written", ["sources: {}", "rtsp_url: {}", "sources: {{main: {}}}", "sources: {{sub: {}}}"])
def test_a_camera_s_password_is_not_repeated_when_its_address_is_wrong(written: str) -> None:
    wrong = written.format('"http://viewer:secret@x/gym"')

    said = refused(SMALL.replace('rtsp_url: "rtsp://x/gym"', wrong, 1))

    assert all(one.startswith("line 10, ") for one in said)
    assert "secret" not in " ".join(said)


def test_a_camera_s_address_is_in_no_description_of_its_record() -> None:
    centre = parse_centre_file(SMALL.replace('"rtsp://x/gym"', '"rtsp://viewer:secret@x/gym"', 1))

    assert "secret" not in repr(devices_of(centre))


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
    assert "accounts.admin.contacts.1.address: " in line


@pytest.mark.parametrize(
    ("channel", "address"), [("webhook", "http://10.0.0.5:8090/hooks"), ("email", "li.min+夜@example.org")]
)
def test_a_contact_of_its_channel_is_taken(channel: str, address: str) -> None:
    contact = f', contacts: [{{channel: {channel}, address: "{address}"}}]}}'

    centre = parse_centre_file(SMALL.replace("name_en: Admin}", f"name_en: Admin{contact}", 1))

    assert centre.accounts[0].contacts[0].address == address


SENIOR = "seniors:\n  - {{id: s-1, name: 王, address_as: 王, address_as_en: W, {}}}\n"


@pytest.mark.parametrize("day", ["1940-02-30", "1940-13-01", '"1940-02-30"', "1940", "1940-2-3", "[1]", "0"])
def test_a_day_that_is_none_is_named_with_its_own_place(day: str) -> None:
    (line,) = refused(SMALL + SENIOR.format(f"born_on: {day}"))

    assert line.startswith("line 12, column 66: seniors.s-1.born_on: ")
    assert line.endswith("is no date; write it as 1941-03-08")


@pytest.mark.parametrize("value", ["!!timestamp foo", '!!float ""', '!!int ""', "!!bool foo"])
def test_what_is_not_what_its_tag_says_is_named_with_its_place(value: str) -> None:
    (line,) = refused(SMALL + SENIOR.format(f"born_on: {value}"))

    assert line.startswith("line 12, column 66: seniors.s-1.born_on: ")


def test_every_day_that_is_none_is_named() -> None:
    two = SENIOR.format("born_on: 1940-02-30") + SENIOR.format("born_on: 1940-13-01").replace("s-1", "s-2")[9:]

    assert [line[: len("line 12")] for line in refused(SMALL + two)] == ["line 12", "line 13"]


@pytest.mark.parametrize(
    ("what", "instead", "said"),
    [
        ("rooms:\n", "rooms: gym\nolder:\n", "rooms: `gym` is not a list; start each entry with `- `"),
        ("accounts:\n", "seniors:\naccounts:\n", "seniors: nothing is here; start each entry with `- `"),
        (
            "organisation: {id: longyuan, name: 陇原, name_en: Longyuan}",
            "organisation: longyuan",
            "organisation: `longyuan` is not a mapping; write keys and values: id, name, name_en",
        ),
        ("plan_column: 0", "plan_column: one", "rooms.gym.plan_column: `one` is not a whole number; write a whole"),
        ("plan_column: 0", "plan_column: 1.5", "rooms.gym.plan_column: `1.5` is not a whole number; write a whole"),
        ("plan_column: 0", "plan_column: 100", "rooms.gym.plan_column: `100` is too large; write at most 99"),
        ("plan_column: 0", "plan_column: -1", "rooms.gym.plan_column: `-1` is too small; write at least 0"),
        ("name_en: Gym", "name_en: ", "rooms.gym.name_en: nothing is here; write text"),
        ("name_en: Gym", "name_en: 12", "rooms.gym.name_en: `12` is not text; put it in quotes"),
        ("name_en: Gym", "name_en: [a]", "rooms.gym.name_en: a list is not text; write text"),
        ("name_en: Gym", "name_en: ''", "rooms.gym.name_en: nothing is here; write at least 1 character"),
        (
            "name_en: Gym",
            f"name_en: {81 * 'x'}",
            f"rooms.gym.name_en: `{60 * 'x'}…` has 81 characters; write at most 80",
        ),
        ("rooms:\n", "rooms: []\nolder:\n", "rooms: the list is empty; write at least 1 entry"),
        (
            "name_en: Admin}",
            "name_en: Admin, organisation: maybe}",
            "accounts.admin.organisation: `maybe` is neither true nor false; write true or false",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words_for_whoever_runs_a_centre(what: str, instead: str, said: str) -> None:
    assert any(f": {said}" in line for line in refused(SMALL.replace(what, instead, 1)))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (
            "language: chinese",
            "language: `chinese` is not possible here; should be a language such as zh-CN",
        ),
        (
            'card_token: "??"',
            "card_token: `??` is not possible here; should be 4 to 64 letters, digits and hyphens",
        ),
        (
            "objects_to_being_seen: maybe",
            "`maybe` is neither true nor false; write true or false",
        ),
    ],
)
def test_what_is_wrong_with_a_senior_is_said_in_such_words(part: str, said: str) -> None:
    (line,) = refused(SMALL + SENIOR.format(part))

    assert line.endswith(said)


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert parse_centre_file(f"\ufeff{SMALL}").centre.id == "c"


def test_what_only_the_demo_wants_is_no_part_of_a_centre() -> None:
    (line,) = refused(SMALL + 'demo: {opens: "00:00"}\n')

    assert line == (
        "line 11, column 1: the key `demo` is not known here; use accounts, centre, consents, devices, escalation, "
        "organisation, relations, rooms, schema, seniors, shifts"
    )


def test_a_placeholder_of_the_example_is_named_with_its_place() -> None:
    (line,) = refused(SMALL.replace("rtsp://x/gym", "{rtsp}/gym"))

    assert line.endswith("{rtsp} is a placeholder; write the whole address")


def test_every_mistake_is_named_at_once() -> None:
    assert len(refused(SMALL.replace("type: gym", "type: x").replace("administrator", "boss"))) == 2
