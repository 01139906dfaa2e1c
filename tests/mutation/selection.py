"""Which tests can see a mutant? Read from what `coverage` wrote down in one run of the tests on the unchanged tree."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.mutation.model import Mutant, SchemaMutant, SourceMutant
from tests.mutation.sources import constants_of, functions_of

MOST = 150
"""How many tests look at a mutant of the schema: the nearest. Nearly every test touches alarms or accounts."""


@dataclass(frozen=True, slots=True)
class SeenTest:
    """A test that passes, the functions that it calls itself, and those that its file's fixtures call."""

    node_id: str
    seconds: float
    called: frozenset[str]
    prepared: frozenset[str]

    @property
    def file(self) -> str:
        return self.node_id.partition("::")[0]


@dataclass(frozen=True)
class Sight:
    """What all tests have called, and the words of the files of tests and of the hub's functions."""

    root: Path
    tests: tuple[SeenTest, ...]
    related: dict[str, frozenset[str]]
    """For each table the names by which it is reached: its own, and those of functions and views in the database."""

    @classmethod
    def read(cls, root: Path, folder: Path, related: dict[str, frozenset[str]]) -> "Sight":
        """Read what `seen` wrote into a folder."""
        lines = [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]
        prepared: dict[str, set[str]] = {}
        for line in lines:
            prepared.setdefault(line["test"].partition("::")[0], set()).update(line["prepared"])
        tests = [
            SeenTest(
                line["test"],
                line["seconds"],
                frozenset(line["called"]),
                frozenset(prepared[line["test"].partition("::")[0]]),
            )
            for line in lines
        ]
        return cls(root, tuple(sorted(tests, key=lambda test: test.node_id)), related)

    def of(self, mutant: Mutant) -> list[SeenTest]:
        """The tests that can see a mutant, those first that look at little else."""
        match mutant:
            case SourceMutant():
                return self._of_source(mutant)
            case SchemaMutant():
                return self._of_table(mutant)
        raise TypeError(mutant)

    def _of_source(self, mutant: SourceMutant) -> list[SeenTest]:
        """Who calls the function; of those that only prepare with it, the tests of the same domain."""
        domain = f"/{mutant.file.split('/')[1]}/"

        def calls(names: Iterable[str]) -> bool:
            whole = f"{mutant.file}:{mutant.function}"
            if whole not in self._words_of_functions:  # the body of the module or of a class
                return any(name.startswith(f"{mutant.file}:") for name in names)
            return any(name == whole or name.startswith(f"{whole}.") for name in names)

        seeing = [
            test for test in self.tests if calls(test.called) or (domain in f"/{test.file}" and calls(test.prepared))
        ] or [test for test in self.tests if domain in f"/{test.file}"]
        return sorted(seeing, key=lambda test: (not calls(test.called), len(test.called), test.node_id))

    def _of_table(self, mutant: SchemaMutant) -> list[SeenTest]:
        """Tests with a database that name the table, or that call a function whose statements do."""
        names = self.related.get(mutant.table, frozenset({mutant.table}))
        functions = {name for name, words in self._words_of_functions.items() if words & names}
        about = _words(mutant.key)
        others = self.related.keys() - {mutant.table}

        def rank(test: SeenTest) -> tuple[int, int, str]:
            """Those that name the table, then those of the schema itself, then those whose file names most of it; last
            those that name another table."""
            words, named = self._words_of_files[test.file], _words(test.node_id.partition("[")[2])
            if mutant.table in named:
                nearness = 0
            elif named & others:
                nearness = 5
            elif mutant.table in words:
                nearness = 1 if "schema" in test.file else 4 - min(len(about & words), 2)
            else:
                nearness = 4
            return nearness, len(test.called), test.node_id

        seeing = [
            test
            for test in self.tests
            if "/integration/" in test.file and (self._words_of_files[test.file] & names or test.called & functions)
        ]
        return sorted(seeing, key=rank)[:MOST]

    @cached_property
    def _words_of_files(self) -> dict[str, frozenset[str]]:
        return {file: _words((self.root / file).read_text("utf-8")) for file in {test.file for test in self.tests}}

    @cached_property
    def _words_of_functions(self) -> dict[str, frozenset[str]]:
        return words_of_functions(self.root)


def words_of_functions(root: Path) -> dict[str, frozenset[str]]:
    """The words of each function of the hub, by file and name: what tables its statements may be about.

    A statement may stand in a constant: a function that names it has its words.
    """
    paths = sorted((root / "hub").rglob("*.py"))
    constants: dict[str, frozenset[str]] = {}
    for path in paths:
        for name, text in constants_of(path):
            constants[name] = constants.get(name, frozenset()) | _words(text)
    return {
        f"{path.relative_to(root)}:{name}": words.union(*(constants[word] for word in words & constants.keys()))
        for path in paths
        for name, words in ((name, _words(text)) for name, text in functions_of(path))
    }


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text))
