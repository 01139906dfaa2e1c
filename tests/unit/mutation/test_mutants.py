"""Which mistakes does `./anling mutate` make, and are they the same ones tomorrow?"""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutation.__main__ import choose, draw, read_arguments
from tests.mutation.model import Fate, Group, Mutant, Result, SourceMutant
from tests.mutation.report import as_json, as_text, explain, is_good, read_explained
from tests.mutation.selection import SeenTest, Sight, words_of_functions
from tests.mutation.sources import find_lock_mutants, find_source_mutants
from tests.mutation.tree import mutated

ROOT = Path(__file__).parents[3]


def changed_lines(tmp_path: Path, source: str) -> set[str]:
    """The only changed line of each mutant of a function with this body, without its indentation."""
    folder = tmp_path / "hub" / "access"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "it.py").write_text(source)
    lines = set()
    for mutant in find_source_mutants(tmp_path):
        with mutated(tmp_path, mutant):
            after = (folder / "it.py").read_text()
        ast.parse(after)
        pairs = zip(source.splitlines(), after.splitlines(), strict=False)
        lines.add(next(new.strip() for old, new in pairs if old != new))
    assert (folder / "it.py").read_text() == source
    return lines


@pytest.mark.parametrize(
    ("line", "mistakes"),
    [
        ("return a < b", {"return (a <= b)"}),
        ("return a == b", {"return (a != b)"}),
        ("return a in b", {"return (a not in b)"}),
        ("return a and b", {"return (a or b)", "return (a)", "return (b)"}),
        ("return not a", {"return (a)"}),
        ("return True", {"return False"}),
        ("return 4", {"return 5"}),
        ("return a + b", {"return (a - b)"}),
        ("return f'{a}' + b", set()),
        ("return min(a, b)", {"return max(a, b)"}),
        ("return timedelta(seconds=b)", {"return (timedelta(minutes=b))"}),
        ("return a if b else c", {"return (c if b else a)"}),
        ("store.lock(a)", {"pass"}),
        ("await store.lock(a)", {"pass"}),
        ("_log.info('a')", set()),
        ("raise Refused", {"pass"}),
        ("return [a for a in b if a]", {"return [a for a in b if (not (a))]"}),
        ("return 'SELECT a FROM b WHERE c = d AND e IS NULL'",
         {"return 'SELECT a FROM b WHERE c = d'", "return 'SELECT a FROM b WHERE e IS NULL'"}),
        ("return 'SELECT a FROM b FOR UPDATE'", {"return 'SELECT a FROM b'"}),
        ("assert a < b", set()),
    ],
)  # fmt: skip
def test_a_line_has_these_mistakes(line: str, mistakes: set[str], tmp_path: Path) -> None:
    source = f'async def it(a, b, c):\n    """A sentence of 3 words."""\n    {line}\n'

    assert changed_lines(tmp_path, source) == mistakes


def test_an_id_stays_when_lines_move(tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "access"
    folder.mkdir(parents=True)
    function = "def it(a):\n    return a < 3 or a < 3\n"
    (folder / "it.py").write_text(function)
    before = [mutant.key for mutant in find_source_mutants(tmp_path)]
    (folder / "it.py").write_text(f"import os\n\n\ndef other():\n    return None\n\n\n{function}")

    assert [mutant.key for mutant in find_source_mutants(tmp_path)] == before
    assert len(set(before)) == len(before)
    assert "hub/access/it.py:it: a < 3 [compare: (a <= 3)] #2" in before


def test_the_same_seed_draws_the_same_mutants_evenly_from_each_group() -> None:
    mutants = find_source_mutants(ROOT)
    groups = {mutant.group for mutant in mutants}

    drawn = draw(mutants, 6 * len(groups), seed=7)

    assert drawn == draw(mutants, 6 * len(groups), seed=7)
    assert drawn != draw(mutants, 6 * len(groups), seed=8)
    assert {group: [mutant.group for mutant in drawn].count(group) for group in groups} == dict.fromkeys(groups, 6)


def test_more_than_there_are_is_all_of_them() -> None:
    mutants = find_source_mutants(ROOT)[:9]

    assert sorted(one.key for one in draw(mutants, 50, seed=1)) == sorted(one.key for one in mutants)


def test_the_order_of_locks_is_always_tried_and_each_mistake_once() -> None:
    chosen = [each for each in choose(ROOT, [], read_arguments(["--sample", "40"])) if isinstance(each, SourceMutant)]

    assert set(find_lock_mutants(ROOT)) <= set(chosen)
    assert any("lock_devices(" in each.key and "conclude" in each.key for each in chosen)
    assert len({(each.file, each.start, each.end, each.replacement) for each in chosen}) == len(chosen)


def test_what_is_explained_is_a_mutant_of_this_tree_with_a_reason() -> None:
    known = {mutant.key for mutant in (*find_source_mutants(ROOT), *find_lock_mutants(ROOT))}

    assert {key for key in read_explained() if not key.startswith("schema: ")} <= known


def test_a_test_sees_what_it_calls_and_those_that_call_least_look_first() -> None:
    mutant = SourceMutant("k", Group.ALARMS, "w", "hub/alarms/store.py", "lock_alarm", 0, 0, "")
    narrow = seen("tests/unit/alarms/test_a.py::test_narrow", called={"hub/alarms/store.py:lock_alarm"})
    wide = seen("tests/unit/web/test_b.py::test_wide", called={"hub/alarms/store.py:lock_alarm", "hub/web/app.py:run"})
    prepared = seen("tests/unit/alarms/test_c.py::test_prepared", prepared={"hub/alarms/store.py:lock_alarm"})
    elsewhere = seen("tests/unit/web/test_d.py::test_elsewhere", prepared={"hub/alarms/store.py:lock_alarm"})
    blind = seen("tests/unit/alarms/test_e.py::test_blind", called={"hub/alarms/store.py:lock_live_alarms"})
    all_ = Sight(ROOT, (blind, elsewhere, prepared, wide, narrow), {})

    assert all_.of(mutant) == [narrow, wide, prepared]
    assert all_.of(replace(mutant, function="<module>")) == [narrow, blind, wide, prepared]
    assert all_.of(replace(mutant, file="hub/alarms/model.py", function="Moved")) == [prepared, narrow, blind]


def seen(node_id: str, called: set[str] | None = None, prepared: set[str] | None = None) -> SeenTest:
    return SeenTest(node_id, 0.1, frozenset(called or ()), frozenset(prepared or ()))


def test_a_run_is_good_without_survivors_and_with_few_that_are_explained() -> None:
    killed, survived = result("one", Fate.KILLED), result("two", Fate.SURVIVED)
    explained = explain(survived, {"two": "no clock is that fast"})

    assert explained.fate is Fate.EXPLAINED
    assert explain(killed, {"one": "?"}) == killed
    assert is_good([killed] * 19 + [explained])
    assert not is_good([killed] * 18 + [explained])
    assert not is_good([killed] * 99 + [survived])


def test_a_report_has_the_four_figures_and_names_who_survived() -> None:
    results = [result("one", Fate.KILLED), result("two", Fate.TIMEOUT), result("three", Fate.SURVIVED)]

    assert '"mutants": 3,\n "killed": 2,\n "survived": 1,\n "explained": 0,' in as_json(results)
    assert "three" in as_text(results)
    assert "one" not in as_text(results)


def result(key: str, fate: Fate) -> Result:
    return Result(Mutant(key, Group.ACCESS, "hub/access/may.py:1"), fate, tests=3)


def test_a_function_that_names_a_statement_has_its_words(tmp_path: Path) -> None:
    folder = tmp_path / "hub" / "telemetry"
    folder.mkdir(parents=True)
    (folder / "store.py").write_text('DROP = "SELECT drop_readings(%(before)s)"\n')
    (folder / "retention.py").write_text("async def drop(conn):\n    await conn.execute(DROP)\n")

    words = words_of_functions(tmp_path)

    assert "drop_readings" in words["hub/telemetry/retention.py:drop"]
