"""What is a write over a wall, a read that points upward, and a table without an owner."""

from pathlib import Path
from typing import get_args

import pytest

from tests.house import house
from tests.house.catalogue import Catalogue, Part
from tests.house.owners import Finding, Owners, Problem, measure, package_of
from tests.house.shape import MOST_LINES, long_files, names_with_two_meanings
from tests.house.sources import Sources
from tests.house.statements import Touched

STACK = "\nweb\nalarms | video\n(people) | centre\naccess\nkit\n"
OWNERS = """
[alarms]
tables = ["alarm"]
[video]
tables = ["viewing"]
[people]
tables = ["senior"]
views = ["senior_name"]
functions = ["senior_of"]
[access]
tables = ["account"]
functions = ["account_name"]
"""
TABLES = frozenset({"alarm", "viewing", "senior", "account"})
FUNCTIONS = frozenset({"senior_of", "account_name"})


def found(tmp_path: Path, file: str, source: str, *parts: Part) -> list[str]:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(source, "utf-8")
    database = Catalogue(TABLES, frozenset({"senior_name"}), FUNCTIONS, parts)
    measured = measure(Owners(OWNERS, STACK), Sources(tmp_path), database)
    return [str(finding) for finding in measured.findings]


@pytest.mark.parametrize(
    ("file", "statement"),
    [
        ("hub/alarms/store.py", "UPDATE alarm SET id = 1"),
        ("hub/alarms/card.py", "SELECT FROM alarm, senior, senior_name, account"),
        ("hub/alarms/store.py", "SELECT senior_of(1), account_name(2), now()"),
        ("hub/web/store.py", "SELECT FROM alarm, viewing, senior"),
        ("simulators/stage.py", "SELECT FROM alarm, viewing, senior"),
        ("benchmarks/press.py", "INSERT INTO senior VALUES (1)"),
    ],
)
def test_an_owner_writes_and_who_stands_above_reads(tmp_path: Path, file: str, statement: str) -> None:
    assert found(tmp_path, file, f"conn.execute('{statement}')") == []


@pytest.mark.parametrize(
    ("file", "statement", "finding"),
    [
        ("hub/web/store.py", "UPDATE alarm SET id = 1", "cross-domain write: hub/web/store.py: alarm"),
        ("hub/cli.py", "DELETE FROM senior", "cross-domain write: hub/cli.py: senior"),
        ("simulators/stage.py", "TRUNCATE account", "cross-domain write: simulators/stage.py: account"),
        ("hub/people/store.py", "SELECT FROM alarm", "upward read: hub/people/store.py: alarm"),
        ("hub/access/may.py", "SELECT FROM senior_name", "upward read: hub/access/may.py: senior_name"),
        ("hub/access/may.py", "SELECT senior_of(1)", "upward read: hub/access/may.py: senior_of"),
        ("hub/video/store.py", "SELECT FROM alarm", "upward read: hub/video/store.py: alarm"),
        ("hub/alarms/store.py", "SELECT FROM lost", "no such table: hub/alarms/store.py: lost"),
    ],
)
def test_what_crosses_a_wall_is_found(tmp_path: Path, file: str, statement: str, finding: str) -> None:
    assert found(tmp_path, file, f"conn.execute('{statement}')") == [finding]


def test_a_table_that_a_file_makes_for_itself_is_nobody_s(tmp_path: Path) -> None:
    source = "conn.execute('CREATE TEMP TABLE staged (n int)')\nconn.execute('TRUNCATE staged')"

    assert found(tmp_path, "hub/alarms/store.py", source) == []


def test_what_cannot_be_parsed_is_found(tmp_path: Path) -> None:
    unread = found(tmp_path, "hub/alarms/store.py", "conn.execute(asked)\nconn.execute('SELECT FROM WHERE')")

    assert [one.split(":")[0] for one in unread] == ["unreadable", "unreadable"]


@pytest.mark.parametrize(
    ("part", "finding"),
    [
        (Part("view", "senior_name", Touched(reads={"alarm"})), "upward read: view senior_name: alarm"),
        (Part("function", "account_name", Touched(reads={"senior"})), "upward read: function account_name: senior"),
        (Part("function", "senior_of", Touched(writes={"account"})), "cross-domain write: function senior_of: account"),
        (Part("policy", "account", Touched(calls={"senior_of"})), "upward read: policy account: senior_of"),
        (Part("trigger", "account", Touched(calls={"senior_of"})), "upward read: trigger account: senior_of"),
        (Part("function", "senior_of", Touched(), ("'x'",)), "unreadable: function senior_of: 'x'"),
    ],
)
def test_the_parts_of_the_database_keep_to_the_walls_as_well(tmp_path: Path, part: Part, finding: str) -> None:
    assert found(tmp_path, "hub/alarms/store.py", "", part) == [finding]


def test_what_is_in_the_database_has_an_owner_and_what_is_owned_is_there() -> None:
    database = Catalogue(TABLES - {"senior"} | {"room"}, frozenset(), FUNCTIONS | {"room_of"}, ())

    measured = measure(Owners(OWNERS, STACK), Sources(Path("no such folder")), database)

    assert [str(finding) for finding in measured.findings] == [
        "no owner: functions: room_of",
        "no owner: tables: room",
        "owned and not there: tables: senior",
        "owned and not there: views: senior_name",
    ]


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("hub/alarms/store.py", "alarms"),
        ("hub/web/store.py", "web"),
        ("hub/cli.py", "cli"),
        ("simulators/stage/store.py", "simulators"),
        ("docs/x.py", "docs"),
    ],
)
def test_a_file_belongs_to_a_package(file: str, package: str) -> None:
    assert package_of(file) == package


def test_long_files_and_double_names_are_found(tmp_path: Path) -> None:
    for name, text in {
        "a.py": "class One: ...\n" * 2,
        "b.py": "class One: ...\nclass Two: ...\nThree: TypeAlias = int | str\nFour: int = 4\n"
        "Six = Annotated[int, 6]\nFIVE = 5\n",
        "d.py": 'Two = NewType("Two", str)\nclass Three: ...\nclass Six: ...\nFour = open("four")\nFIVE = FOURS[0]\n',
        "c.ts": "x\n" * 401,
    }.items():
        (tmp_path / "hub").mkdir(exist_ok=True)
        (tmp_path / "hub" / name).write_text(text, "utf-8")

    assert [str(one) for one in long_files(tmp_path)] == ["over 400 lines: hub/c.ts"]
    assert [str(one) for one in names_with_two_meanings(tmp_path)] == [
        "type name with two meanings: hub/a.py: One",
        "type name with two meanings: hub/a.py: One",
        "type name with two meanings: hub/b.py: One",
        "type name with two meanings: hub/b.py: Two",
        "type name with two meanings: hub/d.py: Two",
        "type name with two meanings: hub/b.py: Three",
        "type name with two meanings: hub/d.py: Three",
        "type name with two meanings: hub/b.py: Six",
        "type name with two meanings: hub/d.py: Six",
    ]


def test_a_finding_says_where_it_is_and_each_kind_what_to_do() -> None:
    found = [Finding("unreadable", "a", "b", 7), Finding("no owner", "tables", "c"), Finding("unreadable", "a", "b", 9)]

    assert list(house.explain(found)) == [
        "no owner: tables: c",
        f"    {house.WHAT_TO_DO['no owner']}",
        "unreadable: a: b (line 7)",
        "unreadable: a: b (line 9)",
        f"    {house.WHAT_TO_DO['unreadable']}",
    ]


def test_there_is_something_to_do_about_each_kind_of_finding() -> None:
    assert set(house.WHAT_TO_DO) == set(get_args(Problem))
    assert f"over {MOST_LINES} lines" in house.WHAT_TO_DO
