"""How is one mutant tried? Tests that can see it run in a process of their own until the first fails."""

import asyncio
import json
import os
import re
import secrets
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.mutation.model import Fate, Mutant, Result, SchemaMutant, SourceMutant
from tests.mutation.schema import execute_as_owner
from tests.mutation.selection import SeenTest
from tests.mutation.tree import mutated

LONGEST_TEST_SECONDS = 40
"""A mutant that hangs is killed by time. The slowest test that is chosen takes some seconds, under load ten."""
START_SECONDS = 60
SLOWER = 5
"""How many times slower than in the first run tests may be before a mutant counts as hanging."""
FIRST, SECOND = 40, 120
"""How many tests the first run of pytest for a mutant has, and the first two together."""
PASSED, FAILED = 0, 1
BROKEN = frozenset({2, 4})
"""pytest's exit statuses; BROKEN is a tree whose tests, or whose conftest, cannot even be imported."""
_FAILURE = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


class TrialFailed(Exception):
    """pytest could not be used; its last words are the message."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A copy of the tree, and a server with a migrated database from which those of tests are copied."""

    tree: Path
    server_url: str
    template: str

    async def try_mutant(self, mutant: Mutant, tests: Sequence[SeenTest]) -> Result:
        """What becomes of a mutant; without a test that can see it, it survives."""
        if not tests:
            return Result(mutant, Fate.SURVIVED, 0)
        match mutant:
            case SourceMutant():
                with mutated(self.tree, mutant):
                    return await self._run(mutant, tests, self.template)
            case SchemaMutant():
                with copied_database(self.server_url, self.template, mutant.statement) as template:
                    return await self._run(mutant, tests, template)
        raise TypeError(mutant)

    async def _run(self, mutant: Mutant, tests: Sequence[SeenTest], template: str) -> Result:
        """Run the likeliest tests first: to import the files of all takes longer than to run a few."""
        result = Result(mutant, Fate.SURVIVED, len(tests))
        for batch in (tests[:FIRST], tests[FIRST:SECOND], tests[SECOND:]):
            if batch and result.fate is Fate.SURVIVED:
                result = await self._run_batch(result, batch, template)
        return result

    async def _run_batch(self, result: Result, tests: Sequence[SeenTest], template: str) -> Result:
        seconds = START_SECONDS + SLOWER * sum(test.seconds for test in tests)
        try:
            async with asyncio.timeout(seconds):
                status, said = await self.run_tests([test.node_id for test in tests], template)
        except TimeoutError:
            return replace(result, fate=Fate.TIMEOUT)
        if status not in {PASSED, FAILED, *BROKEN}:
            raise TrialFailed(f"{result.mutant.key}: pytest ended with {status}:\n{said[-2000:]}")
        if status == PASSED:
            return result
        failed = _FAILURE.search(said)
        return replace(result, fate=Fate.KILLED, by=failed[1] if failed else "")

    async def run_tests(self, node_ids: Sequence[str], template: str | None = None) -> tuple[int, str]:
        """Run these tests in this order up to the first that fails; gives pytest's status and what it printed."""
        chosen = self.tree.with_name(f"{self.tree.name}-chosen")
        chosen.write_text("".join(json.dumps(node_id) + "\n" for node_id in node_ids), encoding="utf-8")
        files = list(dict.fromkeys(node_id.partition("::")[0] for node_id in node_ids))
        options = ["-x", "-q", "--no-header", "--tb=line", "-p", "tests.mutation.chosen"]
        environment = {
            "ANLING_TEST_CHOSEN": str(chosen),
            "ANLING_TEST_DATABASE_URL": self.server_url,
            "ANLING_TEST_TEMPLATE": template or self.template,
        }
        return await run_pytest(self.tree, [*options, f"--timeout={LONGEST_TEST_SECONDS}", *files], environment)


async def run_pytest(tree: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
    """pytest in a copy of the tree, in a group of processes that ends with the call."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANLING_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", *arguments),
        cwd=tree,
        env={**own, "PYTHONPATH": str(tree), **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert process.returncode is not None
    return process.returncode, said.decode(errors="replace")


@contextmanager
def copied_database(server_url: str, template: str, statement: str = "") -> Iterator[str]:
    """A copy of a database, changed by a statement of its owner, that other databases can be copied from."""
    name = f"anling_mutant_{secrets.token_hex(6)}"
    copied, wanted = sql.Identifier(name), sql.Identifier(template)
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(copied, wanted))
    try:
        if statement:
            execute_as_owner(make_conninfo(server_url, dbname=name), statement)
        yield name
    finally:
        with psycopg.connect(server_url, autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(copied))
