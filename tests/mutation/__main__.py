"""Would a test notice a mistake? `./anling mutate` makes mistakes on purpose, in copies of this tree, and looks.

Mutants are drawn evenly from hub/access, hub/video/policy.py, hub/alarms and hub/people, the same ones for the same
seed; each condition of row-level security, right, CHECK and trigger of the migrated database is tried once, and the
order of locks (DECISIONS 37) always. For each only the tests run that can see it, read from one run of them on the
unchanged tree.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from hub.embedded import postgres
from hub.kit.logins import set_up_logins_async
from tests.fakes.logins import PASSWORDS
from tests.mutation.model import Mutant, Result, SourceMutant
from tests.mutation.report import as_json, as_text, explain, is_good, read_explained
from tests.mutation.schema import find_related_names, find_schema_mutants
from tests.mutation.selection import Sight
from tests.mutation.sources import DRAWN_FROM, find_lock_mutants, find_source_mutants
from tests.mutation.tree import copy_tree
from tests.mutation.trial import Bench, TrialFailed, copied_database, run_pytest

ROOT = Path(__file__).resolve().parents[2]
MEMORY = Path("/dev/shm")
TESTS = ("tests/unit", "tests/integration")
BLIND = (
    *("devices", "embedded", "mqtt", "rtsp", "simulators", "timescale"),
    *(
        "test_cli.py",
        "test_launcher.py",
        "test_nothing_skipped.py",
        "video/test_media_process.py",
        "video/test_sources.py",
    ),
)
"""Tests of `integration` and `unit` that look at something else altogether: brokers, cameras, processes, set-up."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands on the command line."""

    sample: int
    seed: int
    workers: int
    only: str
    prints_json: bool


def read_arguments(arguments: Sequence[str]) -> Asked:
    """The options of `./anling mutate`."""
    parser = argparse.ArgumentParser(prog="./anling mutate", description=__doc__)
    parser.add_argument("--sample", type=int, default=150, help="how many mutants of the source (default 150)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default 1)")
    parser.add_argument("--workers", type=int, default=2, help="how many are tried at the same time (default 2)")
    parser.add_argument("--only", default="", help="only those, of all mutants, whose id contains this text")
    parser.add_argument("--json", action="store_true", help="print mutants, killed, survived, explained and details")
    read = parser.parse_args(list(arguments))
    return Asked(read.sample, read.seed, read.workers, read.only, read.json)


def draw(mutants: Sequence[SourceMutant], sample: int, seed: int) -> list[SourceMutant]:
    """So many mutants, evenly from each group that has any; what a small group lacks the others give."""
    groups = {group: sorted((m for m in mutants if m.group is group), key=lambda m: m.key) for group in DRAWN_FROM}
    shuffled = {group: random.Random(f"{seed} {group}").sample(found, len(found)) for group, found in groups.items()}
    drawn: list[SourceMutant] = []
    while len(drawn) < sample and any(shuffled.values()):
        drawn += [found.pop() for found in shuffled.values() if found]
    return drawn[:sample]


def choose(root: Path, schema: Sequence[Mutant], asked: Asked) -> list[Mutant]:
    """The mutants of this run: the order of locks, the whole schema and the sample; or those that were asked for."""
    sources, locks = find_source_mutants(root), find_lock_mutants(root)
    if asked.only:
        return [mutant for mutant in (*locks, *schema, *sources) if asked.only in mutant.key]
    taken = {(mutant.file, mutant.start, mutant.end, mutant.replacement) for mutant in locks}
    others = [each for each in sources if (each.file, each.start, each.end, each.replacement) not in taken]
    return [*locks, *schema, *draw(others, asked.sample, asked.seed)]


async def mutate(asked: Asked) -> list[Result]:
    """Try the mutants, each at the first bench that is free."""
    in_memory = MEMORY.is_dir() and "TMPDIR" not in os.environ
    with tempfile.TemporaryDirectory(prefix="anling-mutate-", dir=MEMORY if in_memory else None) as name:
        folder = Path(name)
        async with postgres.run_postgres(folder / "postgres", durable=False) as url:
            await set_up_logins_async(url, PASSWORDS)
            with copied_database(url, "anling") as template:
                database_url = make_conninfo(url, dbname=template)
                schema, related = find_schema_mutants(database_url), find_related_names(database_url)
                trees = [copy_tree(ROOT, folder / f"tree-{number}") for number in range(asked.workers)]
                sight = await look(trees[0], folder / "seen", url, template, related, asked.workers)
                benches = [Bench(tree, url, template) for tree in trees]
                return await try_all(choose(trees[0], schema, asked), sight, benches)


async def look(
    tree: Path, folder: Path, url: str, template: str, related: dict[str, frozenset[str]], workers: int
) -> Sight:
    """Run the tests once on the unchanged tree, and remember what each calls. Tests that fail see nothing."""
    folder.mkdir()
    say("looking at what each test calls ...")
    began = time.monotonic()
    environment = {
        "ANLING_TEST_COVERAGE": str(folder),
        "ANLING_TEST_DATABASE_URL": url,
        "ANLING_TEST_TEMPLATE": template,
    }
    ignored = [f"--ignore={place}/{blind}" for place in TESTS for blind in BLIND]
    options = ["-q", "--no-header", "--tb=line", "-p", "tests.mutation.coverage"]
    side_by_side = ["-n", str(workers), "--dist", "loadfile", "--hypothesis-profile=quick"]
    status, said = await run_pytest(tree, [*options, *side_by_side, *ignored, *TESTS], environment)
    sight = Sight.read(tree, folder, related)
    if not sight.tests:
        raise TrialFailed(f"no test passes on the unchanged tree (pytest ended with {status}):\n{said[-3000:]}")
    if status:
        say(f"Tests that fail on the unchanged tree see nothing:\n{said[-3000:]}")
    say(f"{len(sight.tests)} tests were looked at in {time.monotonic() - began:.0f} s.")
    return sight


async def try_all(mutants: Sequence[Mutant], sight: Sight, benches: Sequence[Bench]) -> list[Result]:
    """The result of each mutant, in the order of the mutants."""
    explained = read_explained()
    waiting = list(enumerate(mutants))[::-1]
    results: dict[int, Result] = {}
    killers: defaultdict[str, set[str]] = defaultdict(set)

    async def work(bench: Bench) -> None:
        while waiting:
            at, mutant = waiting.pop()
            began = time.monotonic()
            seeing = sorted(sight.of(mutant), key=lambda test: test.node_id not in killers[about(mutant)])
            results[at] = explain(await bench.try_mutant(mutant, seeing), explained)
            killers[about(mutant)].add(results[at].by)
            took = time.monotonic() - began
            say(f"[{len(results)}/{len(mutants)}] {results[at].fate} in {took:.1f} s: {mutant.key}")

    try:
        async with asyncio.TaskGroup() as group:
            for bench in benches:
                group.create_task(work(bench))
    except* TrialFailed as failed:
        raise TrialFailed(str(failed.exceptions[0])) from None
    return [results[at] for at in range(len(mutants))]


def about(mutant: Mutant) -> str:
    """What one test often notices in several mutants: a function or a table."""
    return f"{mutant.file}:{mutant.function}" if isinstance(mutant, SourceMutant) else mutant.where


def say(line: str) -> None:
    """What happens meanwhile; the result alone goes to standard output."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def stop(_number: int, _frame: object) -> None:
    """SIGTERM and SIGHUP end a run as Ctrl-C does: what it has started ends, and its folder goes."""
    raise KeyboardInterrupt


def main(arguments: Sequence[str]) -> int:
    """The command described above; 0 when nothing survived and little is explained."""
    asked = read_arguments(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    absent = [place for place in DRAWN_FROM.values() if not (ROOT / place).exists()]
    if absent:
        say(f"Not in this tree, so nothing is drawn from: {', '.join(absent)}")
    try:
        results = asyncio.run(mutate(asked))
    except TrialFailed as failed:
        say(str(failed))
        return 2
    except KeyboardInterrupt:
        say("Stopped; nothing is left behind.")
        return 130
    sys.stdout.write((as_json(results) if asked.prints_json else as_text(results)) + "\n")
    return 0 if is_good(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
