"""Which SQL statements are in the sources? Every string that is executed or that begins as a statement does.

A statement may be a constant, be put together from constants (also those of another module), or be a psycopg
composition of such. One that is put together from anything else cannot be read before it runs, and is named as that.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path
from typing import TypeAlias

FOLDERS = ("hub", "extension", "benchmarks", "simulators", "docs", "deploy")
"""Where SQL for PostgreSQL may stand; devices have SQLite, and tests write rows as they like."""
EXECUTES = {"execute", "executemany", "copy"}
A_STATEMENT = re.compile(
    r"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s|DELETE\s+FROM\s|MERGE\s+INTO\s|WITH\s+(RECURSIVE\s+)?\w+\s+(\(|AS\b)"
    r"|COPY\s+[\w(]|TRUNCATE\s|LOCK\s+TABLE\s|(CREATE|ALTER|DROP)\s+(\w+\s+)*(TABLE|INDEX|VIEW|FUNCTION|TRIGGER)\s)"
)
"""How a statement begins in this house: keywords in capitals."""
ANY_NAME = "some_name"
"""Stands for an identifier that is known only when the statement runs."""
UNKNOWN = ast.Constant(None)
"""Stands for a value that is known only when the program runs."""
Bindings: TypeAlias = Mapping[str, ast.expr]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as PostgreSQL's parser takes it, but for psycopg's placeholders, and where it stands."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A place where something is executed that cannot be read from the sources."""

    file: str
    line: int
    code: str


class Sources:
    """The Python files under a root, with the constants that they give names to."""

    def __init__(self, root: Path, folders: tuple[str, ...] = FOLDERS) -> None:
        self._modules = {
            str(file.relative_to(root)): ast.parse(file.read_text("utf-8"))
            for folder in folders
            for file in sorted((root / folder).rglob("*.py"))
        }
        self._bindings = {file: dict(_bindings(tree.body)) for file, tree in self._modules.items()}

    def statements(self) -> Iterator[Statement | Unread]:
        """Every statement of every file, each text once a file, and what cannot be read."""
        readers = [_Reader(self, file, tree) for file, tree in self._modules.items()]
        seen: set[int] = set()
        said: set[tuple[str, str]] = set()
        # What is executed somewhere is read there, put together as it is; only the rest is read where it stands.
        for found in chain.from_iterable(
            [*(one.executed(seen) for one in readers), *(one.rest(seen) for one in readers)]
        ):
            match found:
                case Statement(file=file, text=text) if (file, text) in said:
                    continue
                case Statement(file=file, text=text):
                    said.add((file, text))
            yield found

    def imported(self, file: str, name: str) -> str | None:
        """The file of the module that `name` stands for in `file`, if it is one of ours."""
        for node in self._modules[file].body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    if name == (alias.asname or alias.name):
                        return self._file_of(f"{node.module}.{alias.name}")
        return None

    def bound(self, file: str, name: str) -> tuple[str, ast.expr] | None:
        """The value of a constant of a module, and the file in which it stands: also one that is imported."""
        if name in self._bindings[file]:
            return file, self._bindings[file][name]
        for node in self._modules[file].body:
            if isinstance(node, ast.ImportFrom) and node.module and (origin := self._file_of(node.module)):
                for alias in node.names:
                    if name == (alias.asname or alias.name):
                        return self.bound(origin, alias.name)
        return None

    def _file_of(self, module: str) -> str | None:
        path = module.replace(".", "/")
        return next((file for file in (f"{path}.py", f"{path}/__init__.py") if file in self._modules), None)


class _Reader:
    """Reads one file."""

    def __init__(self, sources: Sources, file: str, tree: ast.Module) -> None:
        self._sources = sources
        self._file = file
        self._tree = tree
        self._seen: set[int] = set()

    def executed(self, seen: set[int]) -> Iterator[Statement | Unread]:
        """What is given to a connection or a cursor; notes in `seen` the pieces of it, here and in other files."""
        self._seen = seen
        for function in [*_functions(self._tree), self._tree]:
            bindings = dict(_local(function, self._tree))
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and self._executes(node) and id(asked := _asked(node)) not in seen:
                    yield from self._read(asked, bindings)
        yield from self._executed_by_another_name()

    def _executed_by_another_name(self) -> Iterator[Unread]:
        """Where the method of a connection is given away, such as `run = conn.execute`: what it executes is unknown."""
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Attribute) and node.attr in EXECUTES and id(node) not in called:
                yield Unread(self._file, node.lineno, ast.unparse(node))

    def rest(self, seen: set[int]) -> Iterator[Statement | Unread]:
        """Strings that nobody executes here and that begin like a statement, but for docstrings."""
        self._seen = seen
        seen.update(id(node.value) for node in ast.walk(self._tree) if isinstance(node, ast.Expr))
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) and id(node) not in seen:
                begins = next((inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant)), "")
                if isinstance(begins, str) and A_STATEMENT.match(begins):
                    yield from self._read(node, {})

    def _executes(self, call: ast.Call) -> bool:
        """Whether that is a call of a connection or a cursor, as far as its name says; a module of ours is none."""
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if attr in EXECUTES:
                return _asked(call) is not UNKNOWN and self._sources.imported(self._file, name) is None
            case ast.Call(func=ast.Attribute(attr=attr)):
                return attr in EXECUTES and _asked(call) is not UNKNOWN
        return False

    def _read(self, argument: ast.expr, bindings: Bindings) -> Iterator[Statement | Unread]:
        self._seen.update(id(inner) for inner in ast.walk(argument))
        texts = self._texts(self._file, argument, bindings)
        if texts is None:
            yield Unread(self._file, argument.lineno, ast.unparse(argument))
        else:
            yield from (Statement(self._file, argument.lineno, text) for text in texts)

    def _texts(self, file: str, node: ast.expr, bindings: Bindings) -> list[str] | None:
        """All that an expression may be; None when that cannot be said."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=parts):
                return self._joined(file, parts, bindings)
            case ast.FormattedValue(value=value):
                return self._texts(file, value, bindings)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined(file, [left, right], bindings)
            case ast.IfExp(body=one, orelse=other):
                return self._any_of(file, [one, other], bindings)
            case ast.Tuple(elts=given):
                return self._any_of(file, given, {})
            case ast.Name(id=name):
                return self._named(file, name, bindings)
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                origin = self._sources.imported(file, module)
                return None if origin is None else self._named(origin, name, {})
            case ast.Call():
                return self._called(file, node, bindings)
        return None

    def _named(self, file: str, name: str, bindings: Bindings) -> list[str] | None:
        if name in bindings:
            return self._texts(file, bindings[name], {})
        found = self._sources.bound(file, name)
        if found is None:
            return None
        self._seen.update(id(inner) for inner in ast.walk(found[1]))
        return self._texts(found[0], found[1], {})

    def _any_of(self, file: str, given: list[ast.expr], bindings: Bindings) -> list[str] | None:
        texts = [self._texts(file, one, bindings) for one in given]
        return None if None in texts or not texts else [text for known in texts for text in known or ()]

    def _joined(self, file: str, parts: list[ast.expr], bindings: Bindings) -> list[str] | None:
        texts = [self._texts(file, part, bindings) for part in parts]
        known = [text for text in texts if text is not None]
        return None if len(known) < len(texts) else ["".join(chosen) for chosen in product(*known)]

    def _called(self, file: str, call: ast.Call, bindings: Bindings) -> list[str] | None:
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="sql"), attr="SQL"), args=[text]):
                return self._texts(file, text, bindings)
            case ast.Call(func=ast.Attribute(value=inner, attr="encode"), args=[]):
                return self._texts(file, inner, bindings)
            case ast.Call(func=ast.Attribute(value=ast.Call() as composed, attr="format")):
                texts = self._texts(file, composed, bindings)
                pieces = [self._piece(file, value) for value in [*call.args, *(word.value for word in call.keywords)]]
                return (
                    None if texts is None else [_filled(text, chosen) for text in texts for chosen in product(*pieces)]
                )
        return None

    def _piece(self, file: str, node: ast.expr) -> list[str]:
        """All that a piece of a composition may be. Only an identifier or a literal can be one that is not known."""
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="sql"), attr="Identifier"), args=[name]):
                return [f'"{text}"' for text in self._texts(file, name, {}) or [ANY_NAME]]
            case ast.Subscript(value=ast.Name(id=name)):
                match self._sources.bound(file, name):
                    case origin, ast.Dict(values=values):
                        return [text for value in values for text in self._piece(origin, value)]
        return ["'literal'"]


def _asked(call: ast.Call) -> ast.expr:
    """The statement that a call is given, first or by its name; UNKNOWN when it is given none."""
    return next(iter([*call.args, *(word.value for word in call.keywords if word.arg == "query")]), UNKNOWN)


def _filled(template: str, pieces: tuple[str, ...]) -> str:
    """A template of psycopg with its braces replaced, one after the other."""
    rest = iter(pieces)
    return re.sub(r"\{\w*\}", lambda _: next(rest, ANY_NAME), template)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a module, the inner ones first."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    yield from reversed(found)


def _local(
    scope: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef, tree: ast.Module
) -> Iterator[tuple[str, ast.expr]]:
    """What the names inside a function stand for. A parameter of a private function stands for all that this module
    gives it; any other parameter may be anything."""
    if isinstance(scope, ast.Module):
        return
    for at, parameter in enumerate(scope.args.args):
        given = list(_given(tree, scope.name, at, parameter.arg)) if scope.name.startswith("_") else []
        yield parameter.arg, ast.Tuple(given, ast.Load()) if given else UNKNOWN
    yield from ((parameter.arg, UNKNOWN) for parameter in scope.args.kwonlyargs)
    yield from _bindings([node for node in ast.walk(scope) if isinstance(node, ast.stmt)])


def _given(tree: ast.Module, function: str, at: int, parameter: str) -> Iterator[ast.expr]:
    """What the calls of a function in its module give to one of its parameters."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name == function:
                named = [word.value for word in keywords if word.arg == parameter]
                yield from named or args[at : at + 1] or [UNKNOWN]


def _bindings(statements: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """What names stand for after plain assignments; one that is assigned twice stands for anything."""
    given: dict[str, list[ast.expr]] = {}
    for node in statements:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                given.setdefault(name, []).append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                given.setdefault(name, []).append(value)
    yield from ((name, values[0] if len(values) == 1 else UNKNOWN) for name, values in given.items())
