"""A rule file says what it means, or its mistake is named with line, column and what to write."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.kit.mistakes.model import BadInput
from hub.rules.files import SHIPPED, load_rules, parse_rule_file
from hub.rules.model import Priority
from hub.rules.rule import OnAbsence, OnEvent, OnReading, OnRosterEnd, Per
from hub.rules.safety import BUILT_IN
from tests.unit.rules.examples import HOT_FILE


def problems_with(text: str) -> list[str]:
    with pytest.raises(BadInput) as refused:
        parse_rule_file("20-comfort.yaml", text)
    return [f"{found.line}:{found.column}: {found.wrong}; {found.right}" for found in refused.value.mistakes]


def problem_with(text: str) -> str:
    (problem,) = problems_with(text)
    return problem


def test_a_rule_reads_as_it_is_written() -> None:
    [rule] = parse_rule_file("20-comfort.yaml", HOT_FILE)

    assert (rule.id, rule.priority, rule.per, rule.line) == ("room-hot", Priority.P2, Per.ROOM, 3)
    assert isinstance(rule.on, OnReading)
    assert (rule.on.reading, rule.on.hold) == ("temperature", timedelta(minutes=5))
    assert rule.when is not None
    assert rule.when.source == "v > 32.0"


def test_events_and_absences_are_read_too() -> None:
    text = """\
schema: anling.rules/1
rules:
- id: late-guest
  priority: P4
  on: {event: arrive, per: senior.id}
  when: '!centre.open && visit.what == "arrive"'
  summary: {zh-CN: '{senior.address_as}闭馆后到来', en: '{senior.address_as} came after closing'}
- id: sensor-silent
  priority: P3
  on: {absence: heartbeat, per: device.id, for: 30m}
  when: 'device.kind == "sensor"'
  summary: {zh-CN: '{device.name} 没有消息', en: '{device.name} is silent'}
"""
    [guest, silent] = parse_rule_file("30-more.yaml", text)

    assert guest.on == OnEvent("arrive")
    assert silent.on == OnAbsence("heartbeat", timedelta(minutes=30))


def test_the_shipped_rules_are_good_and_the_built_in_ones_always_there() -> None:
    loaded = load_rules([SHIPPED])

    assert [rule.id for rule in loaded.rules.rules] == [
        *(rule.id for rule in BUILT_IN),
        "room-hot",
        "occupied-after-closing",
        "camera-dark",
        "device-silent",
        "battery-low",
        "roster-ends",
    ]


HOUSE = """\
schema: anling.rules/1
rules:
- id: silent
  priority: P3
  on: {absence: heartbeat, kinds: [siren, lamp], per: device.id}
  summary: {zh-CN: '{device.name} 没有消息', en: '{device.name} is silent'}
- id: ends
  priority: P3
  on: {roster: ends, within: 14d, per: centre.id}
  summary: {zh-CN: '{duty} 到 {date}', en: '{duty} until {date}'}
"""


def test_silence_of_some_kinds_and_the_end_of_the_roster_are_read_too() -> None:
    [silent, ends] = parse_rule_file("20-house.yaml", HOUSE)

    assert silent.on == OnAbsence("heartbeat", None, frozenset({"siren", "lamp"})), "each by its own heartbeat"
    assert (ends.on, ends.per) == (OnRosterEnd(timedelta(days=14)), Per.CENTRE)


@pytest.mark.parametrize(
    ("was", "instead", "problem"),
    [
        ("[siren, lamp]", "[horn]", "5:36: `horn` is not possible here; write one of button, pull_cord, camera"),
        ("[siren, lamp]", "siren", "5:35: `siren` is not a list; start each entry with `- `"),
        ("absence: heartbeat", "absence: motion", "5:7: `for` is missing; write `for: 30m`"),
        ("absence: heartbeat", "event: online", "5:23: `kinds` has no meaning here; take `kinds` out"),
        ("roster: ends", "roster: begins", "9:16: `begins` is not possible here; write ends"),
        (", within: 14d", "", "9:7: `within` is missing; write `within: 14d`"),
        ("within: 14d", "within: 90d", "9:30: `90d` is out of bounds; write at most 60d"),
        ("within: 14d", "for: 14d, within: 14d", "9:22: `for` has no meaning here; write `within`, such as 14d"),
        ("per: centre.id", "per: room.id", "9:40: `room.id` is not possible here; write centre.id"),
        ("per: device.id", "per: centre.id", "5:55: `centre.id` is not possible here; write one of device.id"),
        (
            "- id: ends\n  priority: P3",
            "- id: ends\n  priority: P2",
            "8:13: `P2` is not possible here; write one of P3, P4",
        ),
        ("{duty} until", "{v} until", "10:43: `{v}` cannot be printed; use {date}, {duty}"),
        ("id: ends\n", "id: ends\n  when: 'centre.open'\n", "8:3: `when` has no meaning here; take `when` out"),
        ("per: device.id}", "within: 3d, per: device.id}", "5:50: `within` has no meaning here; take `within` out"),
    ],
)
def test_a_mistake_in_either_is_named_with_what_to_write(was: str, instead: str, problem: str) -> None:
    assert HOUSE.count(was) == 1, was

    assert problem_with(HOUSE.replace(was, instead)).startswith(problem)


@pytest.mark.parametrize(
    ("was", "instead", "problem"),
    [
        ("anling.rules/1", "anling.rules/2", "1:9: `anling.rules/2` is not possible here; write anling.rules/1"),
        ("priority: P2", "priority: P5", "4:13: `P5` is not possible here; write one of P1, P2, P3, P4"),
        (
            "for: 5m",
            "for: 5",
            "7:8: `5` is no length of time; write a whole number and a unit, such as 90s, 5m, 2h",
        ),
        ("for: 5m", "for: 30d", "7:8: `30d` is out of bounds; write at most 7d"),
        ("when: 'v > 32.0'", "when: 'v >'", "6:13: the expression cannot be read: mismatched input '<EOF>'"),
        ("when: 'v > 32.0'", "when: v >", "6:12: the expression cannot be read: mismatched input '<EOF>'"),
        ("when: 'v > 32.0'", "when: true", "6:9: `true` is not text; put it in quotes"),
        ("when: 'v > 32.0'", "when: 'temp > 32.0'", "6:9: `temp` is not known here; use one of centre, device, room"),
        ("  when: 'v > 32.0'\n", "", "3:3: `when` is missing; write `when: 'v > 32.0'`"),
        ("id: room-hot", "id: Room Hot", "3:7: `Room Hot` cannot be an id; use a-z, 0-9 and -, at most 64 of them"),
        ("id: room-hot", "id: trigger-silent", "3:7: `trigger-silent` is a built-in rule, which no file can change"),
        (
            "per: room.id",
            "per: room",
            "5:35: `room` is not possible here; did you mean `room.id`? write one of device.id, room.id, ",
        ),
        (
            "for: 5m",
            "form: 5m",
            "7:3: the key `form` is not known here; did you mean `for`? use clear, for, id, on, priority, summary",
        ),
        ("for: 5m", "for: 5m\n  for: 6m", "8:3: the key `for` is there twice; keep one of them"),
        (
            "for: 5m",
            "inhibit_by: [gateway-down]",
            "7:3: rules cannot silence each other yet, and nothing will ever silence a P1 rule; take `inhibit_by` out",
        ),
        (
            "{reading: temperature, per: room.id}",
            "{count: press, per: senior.id, window: 60s, at_least: 3}",
            "5:8: this version does not know `count`; use reading, event, absence or roster",
        ),
        (
            "{reading: temperature,",
            "{",
            "5:7: the rule listens to no one thing; write one of reading, event, absence or roster",
        ),
        (
            "{v} °C",
            "{senior.categories}",
            "9:20: a summary cannot print a senior's categories; take {senior.categories}",
        ),
        ("{v} °C", "{senior.name}", "9:20: `{senior.name}` cannot be printed; use {device.name}, {room.name}"),
        ("{v} °C", "{v℃", "9:20: the summary is empty or has a stray brace; write a sentence"),
        ("en: '{room.name} is at {v} °C'", "de: 'x'", "9:12: `en` is missing"),
        ("'{room.name} 室温 {v} °C'", '"a\\0"', "9:20: `a\\x00` has a control character, U+0000; leave it out"),
        (
            "'{room.name} 室温 {v} °C'",
            '"\\ud83d"',
            "9:20: `\\ud83d` has half of a character, U+D83D; write the character itself",
        ),
        (
            "summary: {",
            'summary: {"\\ud83d": x, ',
            "9:13: the key `\\ud83d` has half of a character, U+D83D; write the character itself",
        ),
        ("id: room-hot", 'id: "room\\ud83d"', "3:7: `room\\ud83d` has half of a character, U+D83D; write"),
        (
            "rules:\n",
            "defaults: {tz: Asia/Shanghai}\nrules:\n",
            "2:1: times are those of the centre itself, there are no defaults; take `defaults`",
        ),
    ],
)
def test_a_mistake_is_named_with_line_column_and_what_to_write(was: str, instead: str, problem: str) -> None:
    assert was in HOT_FILE
    problems = problems_with(HOT_FILE.replace(was, instead))

    assert any(found.startswith(problem) for found in problems), problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: the file is empty; begin with `schema: anling.rules/1`"),
        ("- a", "1:1: a list is not a mapping; write keys and values: schema, rules"),
        (
            "schema: anling.rules/1\nrules: [a",
            "2:10: the file ends in the middle of something; close brackets and quotes",
        ),
        ("schema: anling.rules/1\n\x00", "2:1: a character that no text may hold, `\\x00`; leave it out"),
        (
            'schema: anling.rules/1\nrules: "\\UFFFFFFFF"',
            "2:11: a number that is too large; write a character as itself, and no %YAML line",
        ),
        (
            'schema: anling.rules/1\nrules: "\\U00110000"',
            "2:11: a number that is too large; write a character as itself, and no %YAML line",
        ),
        ("%YAML 1." + "9" * 5000, "1:9: a number that is too large; write a character as itself, and no %YAML line"),
        ("schema: anling.rules/1\nrules: 7", "2:8: `7` is not a list; start each entry with `- `"),
    ],
)
def test_what_is_no_rule_file_at_all_is_named_too(text: str, problem: str) -> None:
    assert problem_with(text) == problem


def test_every_mistake_of_a_file_is_told_at_once() -> None:
    problems = problems_with(HOT_FILE.replace("P2", "P9").replace("5m", "soon").replace("v < 30.5", "w < 30.5"))

    assert [found.partition(": ")[0] for found in problems] == ["4:13", "7:8", "8:10"]


def test_the_same_id_twice_in_one_directory_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(HOT_FILE)
    (tmp_path / "b.yaml").write_text(HOT_FILE)

    with pytest.raises(BadInput) as refused:
        load_rules([tmp_path])

    assert str(refused.value) == "b.yaml: line 3, column 1: the rule `room-hot` is also in a.yaml:3; use another id"


def test_a_later_directory_replaces_a_rule_by_its_id(tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_text(HOT_FILE.replace("5m", "20s"))

    rule = load_rules([SHIPPED, tmp_path]).rules.named("room-hot")

    assert rule is not None
    assert isinstance(rule.on, OnReading)
    assert (rule.on.hold, rule.source) == (timedelta(seconds=20), "demo.yaml")


def test_a_file_in_another_encoding_is_named_at_the_byte(tmp_path: Path) -> None:
    (tmp_path / "gbk.yaml").write_bytes("schema: anling.rules/1\n# 规则".encode("gbk"))

    with pytest.raises(BadInput) as refused:
        load_rules([tmp_path])

    assert str(refused.value) == "gbk.yaml: line 2, column 3: the file is not UTF-8; save it as UTF-8"


def test_a_file_whose_name_is_in_another_encoding_is_named_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode("规则.yaml".encode("gbk"))).write_text(HOT_FILE)

    with pytest.raises(BadInput) as refused:
        load_rules([tmp_path])

    assert str(refused.value) == (
        r"\xb9\xe6\xd4\xf2.yaml: line 1, column 1: its name is not UTF-8; give it a name of a-z, 0-9 and -"
    )


def test_a_folder_that_is_not_there_is_a_problem_and_not_a_folder_without_rules(tmp_path: Path) -> None:
    gone = tmp_path / "gone"

    with pytest.raises(BadInput) as refused:
        load_rules([SHIPPED, gone])

    assert str(refused.value).startswith(f"{gone}: the folder cannot be read: No such file or directory; give it back")


def test_a_folder_that_holds_no_rules_any_more_is_a_problem_until_a_file_says_that_it_holds_none(
    tmp_path: Path,
) -> None:
    assert load_rules([tmp_path]).directories == ((),)
    (tmp_path / "own.yaml").write_text(HOT_FILE)
    before = load_rules([tmp_path]).directories
    (tmp_path / "own.yaml").unlink()  # or the disk that it was on is not mounted

    with pytest.raises(BadInput) as refused:
        load_rules([tmp_path], before)
    (tmp_path / "own.yaml").write_text("schema: anling.rules/1\nrules: []\n")
    none = load_rules([tmp_path], before)

    assert str(refused.value) == (
        f"{tmp_path}: the folder is empty, and there were rule files before; "
        "put them back, or a file that says `rules: []`"
    )
    assert none.rules.named("room-hot") is None


def test_the_demo_waits_less_and_changes_nothing_else() -> None:
    demo = Path(__file__).parents[3] / "simulators" / "rules"
    shipped, shortened = load_rules([SHIPPED]).rules, load_rules([SHIPPED, demo]).rules

    assert {rule.id for rule in shortened.rules} == {rule.id for rule in shipped.rules}
    for rule in shortened.rules:
        original = shipped.named(rule.id)
        assert original is not None
        assert replace(rule, on=original.on) == original
