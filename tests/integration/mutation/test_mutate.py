"""Is a mutant noticed, and is nothing of it left? One trial of each kind in a copy of a small tree."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.mutation.model import Fate, Group, SchemaMutant, SourceMutant
from tests.mutation.schema import find_related_names, find_schema_mutants
from tests.mutation.selection import SeenTest
from tests.mutation.tree import copy_tree
from tests.mutation.trial import Bench, copied_database

ROOT = Path(__file__).parents[3]
POLICY = "tests/unit/access/test_may.py"
READS = "tests/integration/kit/test_kit.py::test_a_family_member_sees_her_own_relative_and_nobody_else"


@pytest.fixture
def bench(server_url: str, template: str, tmp_path: Path) -> Bench:
    return Bench(copy_tree(ROOT, tmp_path / "tree"), server_url, template)


def seeing(node_id: str) -> list[SeenTest]:
    return [SeenTest(node_id, 0.5, frozenset(), frozenset())]


def mutant_of(tree: Path, file: str, text: str, replacement: str) -> SourceMutant:
    start = (tree / file).read_bytes().index(text.encode())
    return SourceMutant(text, Group.ACCESS, file, file, "it", start, start + len(text.encode()), replacement)


async def test_a_mistake_in_a_copy_is_noticed_and_gone_afterwards(bench: Bench) -> None:
    file = bench.tree / "hub/access/may.py"
    before = file.read_bytes()
    mutant = mutant_of(bench.tree, "hub/access/may.py", "Refused(Refusal.SIGNED_OUT)", "Refused(Refusal.NOT_YOURS)")
    test = f"{POLICY}::test_a_session_that_ended_and_a_disabled_account_may_nothing"

    tried = await bench.try_mutant(mutant, seeing(test))

    assert (tried.fate, tried.by) == (Fate.KILLED, test)
    assert file.read_bytes() == before


async def test_a_mistake_that_no_test_sees_survives(bench: Bench) -> None:
    file = "hub/access/may.py"
    mutant = mutant_of(bench.tree, file, '"""', '"""Otherwise. ')
    test = f"{POLICY}::test_a_session_that_ended_and_a_disabled_account_may_nothing"

    assert (await bench.try_mutant(mutant, seeing(test))).fate is Fate.SURVIVED
    assert (await bench.try_mutant(mutant, [])).fate is Fate.SURVIVED


async def test_a_policy_that_lets_everything_through_is_noticed_and_no_database_is_left(bench: Bench) -> None:
    mutants = find_schema_mutants_of(bench)
    mutant = next(each for each in mutants if "senior_web" in each.key)

    tried = await bench.try_mutant(mutant, seeing(READS))

    assert tried.fate is Fate.KILLED
    with psycopg.connect(bench.server_url) as conn:
        assert conn.execute("SELECT FROM pg_database WHERE datname LIKE 'anling_mutant%'").fetchall() == []


def test_each_policy_check_trigger_and_right_of_the_schema_has_a_mutant(bench: Bench) -> None:
    keys = {mutant.key for mutant in find_schema_mutants_of(bench)}

    assert "schema: row-level security reads all, alarm.alarm_web" in keys
    assert "schema: no check alarm.alarm_p1_is_never_silent" in keys
    assert "schema: no trigger alarm.alarm_waits" in keys
    assert any(key.startswith("schema: anling_hub may not insert alarm.") for key in keys)


def test_a_table_is_reached_through_the_functions_that_read_it(bench: Bench) -> None:
    with copied_database(bench.server_url, bench.template) as name:
        related = find_related_names(make_conninfo(bench.server_url, dbname=name))

    assert {"relation", "is_relative_of", "hears_alarms_of"} <= related["relation"]


def find_schema_mutants_of(bench: Bench) -> list[SchemaMutant]:
    with copied_database(bench.server_url, bench.template) as name:
        return find_schema_mutants(make_conninfo(bench.server_url, dbname=name))


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "tests.mutation", "--workers", "1", "--sample", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "looking" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert "nothing is left behind" in process.stderr.read()

    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []
