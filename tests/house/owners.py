"""Whose is each table, and who reads and writes it? Who may is in `hub/migrations/owners.toml` and `.importlinter`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.house.catalogue import Catalogue
from tests.house.reasons import FILL_THEIR_OWN_DATABASE, NOT_TO_BE_READ, PUT_TOGETHER
from tests.house.sources import Sources, Statement, Unread
from tests.house.statements import Touched, Unreadable, touched_by, without_placeholders

ROOT = Path(__file__).resolve().parents[2]
OWNERS = "hub/migrations/owners.toml"
Kind = Literal["tables", "views", "functions"]
KINDS: tuple[Kind, ...] = ("tables", "views", "functions")
How = Literal["writes", "reads", "calls"]
Problem = Literal[
    "cross-domain write",
    "upward read",
    "no owner",
    "owned and not there",
    "no such table",
    "unreadable",
    "over 400 lines",
    "type name with two meanings",
]


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """One package touches one table, view or function, in a file or in a part of the database."""

    owner: str
    name: str
    how: How
    package: str
    where: str
    line: int
    """0 in the database."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something that should not be: its kind, where it is and what it is; `line` is 0 where there is none."""

    kind: Problem
    where: str
    what: str
    line: int = 0

    def __str__(self) -> str:
        return ": ".join(part for part in (self.kind, self.where, self.what) if part)


class Owners:
    """The table of owners, and the order of their packages."""

    def __init__(self, text: str, stack: str) -> None:
        self._names: dict[Kind, dict[str, str]] = {kind: {} for kind in KINDS}
        for package, given in tomllib.loads(text).items():
            for kind in KINDS:
                self._names[kind] |= dict.fromkeys(given.get(kind, ()), package)
        self._level = dict(_levels(stack))
        self.packages = frozenset(owner for names in self._names.values() for owner in names.values())

    @classmethod
    def of_the_tree(cls, root: Path = ROOT) -> Owners:
        """As they are written down in the tree."""
        return cls((root / OWNERS).read_text("utf-8"), stack_of_the_hub(root))

    def named(self, kind: Kind) -> frozenset[str]:
        """All tables, views or functions that have an owner."""
        return frozenset(self._names[kind])

    def of_table(self, name: str) -> str | None:
        """The package that owns a table or a view."""
        return self._names["tables"].get(name) or self._names["views"].get(name)

    def of_function(self, name: str) -> str | None:
        """The package that publishes a function; None for one of PostgreSQL's own."""
        return self._names["functions"].get(name)

    def is_below(self, owner: str, package: str) -> bool:
        """Whether `package` is the owner or stands over it. What is not in the hub stands over all of it."""
        return owner == package or self._level.get(owner, 0) > self._level.get(package, -1)


def stack_of_the_hub(root: Path = ROOT) -> str:
    """The packages of the hub as `.importlinter` orders them, the highest first, those of one level in one line."""
    contracts = ConfigParser()
    contracts.read(root / ".importlinter", "utf-8")
    return contracts["importlinter:contract:stack"]["layers"]


def _levels(stack: str) -> Iterator[tuple[str, int]]:
    """Each package of the stack with how deep it stands."""
    for depth, line in enumerate(stack.split("\n")):
        yield from ((name, depth) for name in re.findall(r"\w+", line))


def package_of(file: str) -> str:
    """The package of the hub that a file belongs to, or the folder outside of it."""
    first, *rest = Path(file).with_suffix("").parts
    return rest[0] if first == "hub" and rest else first


@dataclass(slots=True)
class Measured:
    """Who touches what, and what should not be."""

    uses: list[Use]
    findings: list[Finding]


def measure(owners: Owners, sources: Sources, database: Catalogue) -> Measured:
    """Compare every statement of the sources and every part of the database with the table of owners."""
    statements = list(sources.statements())
    uses, findings = _of_the_sources(owners, statements, database)
    more_uses, more_findings = _of_the_database(owners, database)
    uses, findings = sorted(uses + more_uses), findings + more_findings + list(_without_owner(owners, database))
    return Measured(uses, sorted({*findings, *_crossings(owners, uses)}))


def _of_the_sources(
    owners: Owners, statements: list[Statement | Unread], database: Catalogue
) -> tuple[list[Use], list[Finding]]:
    uses: list[Use] = []
    findings: list[Finding] = []
    touched: list[tuple[Statement, Touched]] = []
    for statement in statements:
        match statement:
            case Unread(file, line, code):
                if (file, code) not in NOT_TO_BE_READ:
                    findings.append(Finding("unreadable", file, code, line))
            case Statement(file, line, text):
                try:
                    touched.append((statement, touched_by(without_placeholders(text))))
                except Unreadable as error:
                    findings.append(Finding("unreadable", file, f"{error}: {_short(text)}", line))
    made = {(statement.file, name) for statement, one in touched for name in one.makes - database.tables}
    for statement, one in touched:
        there = _without(one, {name for file, name in made if file == statement.file})
        uses += _uses(owners, package_of(statement.file), statement.file, statement.line, there)
        unknown = (there.reads | there.writes) - database.tables - database.views
        findings += [Finding("no such table", statement.file, name, statement.line) for name in unknown]
    return uses, findings


def _without(touched: Touched, made: set[str]) -> Touched:
    """The same without the tables that the file makes for itself, temporary ones most of all."""
    return Touched(touched.reads - made, touched.writes - made, touched.calls)


def _of_the_database(owners: Owners, database: Catalogue) -> tuple[list[Use], list[Finding]]:
    uses: list[Use] = []
    findings: list[Finding] = []
    for part in database.parts:
        owner = owners.of_function(part.of) if part.kind == "function" else owners.of_table(part.of)
        if owner is not None:
            uses += _uses(owners, owner, f"{part.kind} {part.of}", 0, part.touched)
        if part.dynamic and part.of not in PUT_TOGETHER:
            findings.append(Finding("unreadable", f"{part.kind} {part.of}", "; ".join(part.dynamic)))
    return uses, findings


def _uses(owners: Owners, package: str, where: str, line: int, touched: Touched) -> Iterator[Use]:
    for how, names in (("writes", touched.writes), ("reads", touched.reads)):
        for name in names:
            if owner := owners.of_table(name):
                yield Use(owner, name, "writes" if how == "writes" else "reads", package, where, line)
    for name in touched.calls:
        if owner := owners.of_function(name):
            yield Use(owner, name, "calls", package, where, line)


def _without_owner(owners: Owners, database: Catalogue) -> Iterator[Finding]:
    """What is in the database and nobody's, and what is somebody's and not in the database."""
    there: dict[Kind, frozenset[str]] = {
        "tables": database.tables,
        "views": database.views,
        "functions": database.functions,
    }
    for kind, names in there.items():
        yield from (Finding("no owner", kind, name) for name in names - owners.named(kind))
        yield from (Finding("owned and not there", kind, name) for name in owners.named(kind) - names)


def _crossings(owners: Owners, uses: Iterable[Use]) -> Iterator[Finding]:
    """Writes of another's table, and reads that point upward or to a neighbour."""
    for use in uses:
        if use.how == "writes" and use.owner != use.package and not use.where.startswith(FILL_THEIR_OWN_DATABASE):
            yield Finding("cross-domain write", use.where, use.name, use.line)
        if use.how != "writes" and not owners.is_below(use.owner, use.package):
            yield Finding("upward read", use.where, use.name, use.line)


def _short(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()[:80]
