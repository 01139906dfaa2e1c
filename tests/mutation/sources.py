"""Which mutants does the source have? Those of the folders where a mistake costs most, and of the order of locks."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from tests.mutation import operators
from tests.mutation.model import Group, SourceMutant, one_line

DRAWN_FROM = {
    Group.ACCESS: "hub/access",
    Group.VIDEO_POLICY: "hub/video/policy.py",
    Group.ALARMS: "hub/alarms",
    Group.PEOPLE: "hub/people",
}
LOCKS_IN = "hub/alarms"
"""DECISIONS 37: the order in which an alarm's rows are locked."""
LOCKING = "lock_"
"""How the names of functions begin that wait for rows or advisory locks."""
SHOWN = 80

MODULE = "<module>"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def find_source_mutants(root: Path) -> list[SourceMutant]:
    """All mutants of each group, in the order of files; a group whose folder is not there has none."""
    found = [mutant for group, place in DRAWN_FROM.items() for mutant in _mutants_under(root, place, group)]
    return _with_unique_keys(found)


def find_lock_mutants(root: Path) -> list[SourceMutant]:
    """Each lock of an alarm's transaction left out, and each two that follow each other the other way round."""
    found = []
    for path in _files(root, LOCKS_IN):
        source = _Source(root, path, Group.LOCKS)
        for function, body in source.bodies():
            alone = [each for each in body if isinstance(each, ast.Expr) and _is_locking(each)]
            found += [source.mutant(function, each, "lock left out", "pass") for each in alone]
            found += [source.swapped(function, *pair) for pair in pairwise(body) if all(map(_is_locking, pair))]
    return _with_unique_keys(found)


def _files(root: Path, place: str) -> list[Path]:
    at = root / place
    return sorted(at.rglob("*.py")) if at.is_dir() else [path for path in (at,) if path.exists()]


def _mutants_under(root: Path, place: str, group: Group) -> Iterator[SourceMutant]:
    for path in _files(root, place):
        yield from _Source(root, path, group).mutants()


def _with_unique_keys(mutants: list[SourceMutant]) -> list[SourceMutant]:
    """The second of two that read the same gets a number, counted within its function."""
    seen: Counter[str] = Counter()
    result = []
    for mutant in mutants:
        seen[mutant.key] += 1
        count = seen[mutant.key]
        result.append(mutant if count == 1 else replace(mutant, key=f"{mutant.key} #{count}"))
    return result


def _is_locking(statement: ast.stmt) -> bool:
    """A statement that waits for a lock, on its own or in order to give what it locked."""
    if not isinstance(statement, ast.Expr | ast.Assign):
        return False
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
    return any(isinstance(call.func, ast.Attribute) and call.func.attr.startswith(LOCKING) for call in calls)


class _Source:
    """One file, and its mutants."""

    def __init__(self, root: Path, path: Path, group: Group) -> None:
        self._file = str(path.relative_to(root))
        self._bytes = path.read_bytes()
        self._group = group
        self._tree = ast.parse(self._bytes)
        lines = self._bytes.splitlines(keepends=True)
        self._begins = [0]
        for line in lines:
            self._begins.append(self._begins[-1] + len(line))

    def mutants(self) -> Iterator[SourceMutant]:
        """All that the operators give, in the order of the tree, but those that change nothing."""
        for mutant in self._walk(self._tree, MODULE):
            if self._bytes[mutant.start : mutant.end] != mutant.replacement.encode():
                yield mutant

    def bodies(self) -> Iterator[tuple[str, list[ast.stmt]]]:
        """Each list of statements inside a function, with the name of the function."""
        for name, function in _named_functions(self._tree, ""):
            for node in ast.walk(function):
                for field in ("body", "orelse", "finalbody"):
                    body = getattr(node, field, None)
                    if isinstance(body, list) and body and (node is function or not isinstance(node, Function)):
                        yield name, body

    def mutant(self, function: str, node: ast.stmt | ast.expr, change: str, replacement: str) -> SourceMutant:
        """The mutant that has something else instead of a node."""
        start, end = self._span(node)
        return self._between(function, start, end, change, replacement, node.lineno)

    def swapped(self, function: str, first: ast.stmt, second: ast.stmt) -> SourceMutant:
        """The mutant that does two statements the other way round."""
        start, middle = self._span(first)
        then, end = self._span(second)
        between = self._bytes[middle:then]
        other = self._bytes[then:end] + between + self._bytes[start:middle]
        return self._between(function, start, end, "locked the other way round", other.decode(), first.lineno)

    def _between(self, function: str, start: int, end: int, change: str, replacement: str, line: int) -> SourceMutant:
        original = one_line(self._bytes[start:end].decode())[:SHOWN]
        key = f"{self._file}:{function}: {original} [{change}]"
        if change not in ("dropped", "constant") and not change.startswith(("without ", "lock")):
            key = f"{self._file}:{function}: {original} [{change}: {one_line(replacement)[:SHOWN]}]"
        where = f"{self._file}:{line}"
        return SourceMutant(key, self._group, where, self._file, function, start, end, replacement)

    def _span(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._begins[node.lineno - 1] + node.col_offset
        return start, self._begins[node.end_lineno - 1] + node.end_col_offset

    def _walk(self, node: ast.AST, function: str) -> Iterator[SourceMutant]:
        """The mutants of what is inside a node; annotations, decorators and defaults of fields say no behaviour."""
        if isinstance(node, ast.expr):
            yield from self._of_expression(node, function)
        elif isinstance(node, ast.stmt):
            yield from self._of_statement(node, function)
        conditions = _conditions(node)
        for condition in conditions:
            yield from (
                self.mutant(function, condition, *change) for change in operators.changes_of_condition(condition)
            )
        for child in _behaving_children(node):
            inside = function
            if isinstance(child, Function | ast.ClassDef):
                inside = child.name if function == MODULE else f"{function}.{child.name}"
            yield from self._walk(child, inside)

    def _of_expression(self, node: ast.expr, function: str) -> Iterator[SourceMutant]:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            start, end = self._span(node)
            changes = operators.changes_of_sql(self._bytes[start:end].decode())
        else:
            changes = operators.changes_of_expression(node)
        yield from (self.mutant(function, node, *change) for change in changes)

    def _of_statement(self, node: ast.stmt, function: str) -> Iterator[SourceMutant]:
        if isinstance(node, Function):
            for first, change in operators.changes_of_body(node):
                yield self.mutant(function, first, *change)
        elif function != MODULE:
            yield from (self.mutant(function, node, *change) for change in operators.changes_of_statement(node))


def _conditions(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.If(test=test) | ast.While(test=test):
            return [test]
        case ast.comprehension(ifs=tests):
            return list(tests)
    return []


def _behaving_children(node: ast.AST) -> Iterator[ast.AST]:
    """The children of a node whose change changes what the program does."""
    match node:
        case ast.FunctionDef(body=body) | ast.AsyncFunctionDef(body=body) | ast.ClassDef(body=body):
            yield from body
        case ast.AnnAssign(value=value):
            yield from [value] if value is not None else []
        case ast.Expr(value=ast.Constant()) | ast.JoinedStr() | ast.Assert() | ast.ImportFrom() | ast.Import():
            return
        case _:
            yield from ast.iter_child_nodes(node)


def functions_of(path: Path) -> Iterator[tuple[str, str]]:
    """The name and the source of each function of a file, with those of classes."""
    text = path.read_text("utf-8")
    lines = text.splitlines()
    for name, function in _named_functions(ast.parse(text), ""):
        yield name, "\n".join(lines[function.lineno - 1 : function.end_lineno])


def constants_of(path: Path) -> Iterator[tuple[str, str]]:
    """The name and the text of each constant of a file that is a text."""
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text)))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text)))
            ):
                yield name, text


def _named_functions(node: ast.AST, inside: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield f"{inside}{child.name}", child
        elif isinstance(child, ast.ClassDef):
            yield from _named_functions(child, f"{inside}{child.name}.")
