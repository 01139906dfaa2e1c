"""Which tests can pass without having checked anything? Read from their syntax trees, without running them."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.contract.trees import parse_file

Function = ast.FunctionDef | ast.AsyncFunctionDef
With = ast.With | ast.AsyncWith
Loop = ast.For | ast.AsyncFor

RAISES = frozenset({"raises", "warns", "RaisesGroup", "deprecated_call"})
"""Context managers of pytest that fail when nothing happens in them."""
FAILING_CALLS = frozenset({"fail", "expect", "timeout", "wait_for"})
"""pytest.fail, Playwright's expect, and what raises when it is waited for too long."""
CHECKED_HERE = "assert"
"""Stands among names of functions for a statement that checks by itself."""
VIEWS = frozenset({"items", "values", "keys", "splitlines", "split"})
WRAPPERS = frozenset({"enumerate", "sorted", "reversed", "list", "tuple", "set", "zip"})


@dataclass(frozen=True, slots=True)
class SoftTest:
    """A test that may pass without checking, and the line on which that is seen."""

    file: str
    test: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Sources:
    """All parsed files of a folder, by their path from its parent, and the functions in them that check something."""

    modules: dict[str, ast.Module]
    checking: frozenset[str] = frozenset({CHECKED_HERE})

    @classmethod
    def read(cls, folder: Path) -> "Sources":
        """Parse each Python file under the folder."""
        paths = sorted(folder.rglob("*.py"))
        modules = {str(path.relative_to(folder.parent)): parse_file(path) for path in paths}
        return cls(modules, _names_of_checking_functions(modules.values()))


def find_soft_tests(sources: Sources) -> list[SoftTest]:
    """Every soft test, in the order of files and lines."""
    return [
        SoftTest(file, test.name, line, why)
        for file, module in sources.modules.items()
        for test in _tests_of(module)
        for line, why in _weaknesses(test, module, sources.checking)
    ]


def _weaknesses(test: Function, module: ast.Module, checking: frozenset[str]) -> Iterator[tuple[int, str]]:
    drawn = _is_property(test)
    if not any(_checks(node, checking) for node in _certain(test.body, drawn)):
        yield test.lineno, "nothing in it is certain to be checked"
    for node in _own(test):
        match node:
            case ast.Return():
                yield node.lineno, "returns early"
            case ast.ExceptHandler() if _has_assert(node.body):
                yield node.lineno, "asserts inside an except"
            case ast.If() if not drawn and _has_assert(node.body) != _has_assert(node.orelse):
                yield node.lineno, "asserts inside an if"
            case ast.With() | ast.AsyncWith() if _expects_an_error(node) and not _is_narrow(node.body):
                yield node.lineno, "expects an error of any of several statements"
            case ast.For() | ast.AsyncFor() if (
                _has_assert(node.body) and not drawn and _may_be_empty(node, test, module)
            ):
                yield node.lineno, "asserts inside a loop that may have no round"


def _tests_of(module: ast.Module) -> Iterator[Function]:
    for function in _functions_in(module):
        if function.name.startswith("test_"):
            yield function


def _functions_in(node: ast.AST) -> Iterator[Function]:
    """Every function that is defined in it, however deep."""
    for child in _statements_of(node):
        if isinstance(child, Function):
            yield child
        yield from _functions_in(child)


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The statements inside a function, without the functions that are defined in it."""
    for child in _statements_of(node):
        if not isinstance(child, Function | ast.ClassDef):
            yield child
            yield from _own(child)


def _statements_of(node: ast.AST) -> Iterator[ast.AST]:
    """What a block holds directly. Expressions are not looked into: nine nodes of ten are theirs."""
    for part in ("body", "handlers", "orelse", "finalbody", "cases"):
        yield from getattr(node, part, ())


def _certain(body: Iterable[ast.stmt], drawn: bool) -> Iterator[ast.stmt]:
    """The statements that run whenever the body does: in a `with`, in a `try`, in the rounds of a loop.

    A function that is defined inside counts too: it is called, or it is of no use to the test. So does what a property
    says under a condition, because many values are drawn. A loop without a round is found by itself.
    """
    for statement in body:
        yield statement
        match statement:
            case ast.Try():
                yield from _certain([*statement.body, *statement.finalbody], drawn)
            case ast.With() | ast.AsyncWith() | ast.For() | ast.AsyncFor() | ast.While():
                yield from _certain(statement.body, drawn)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _certain(statement.body, drawn)
            case ast.If() if statement.orelse or drawn:
                yield from _certain(statement.body, drawn)


def _checks(node: ast.AST, checking: frozenset[str]) -> bool:
    """A statement that fails when something is not as it should be; of blocks only the head is looked at."""
    return bool(set(_what_checks(node)) & (checking | RAISES | FAILING_CALLS))


def _what_checks(node: ast.AST) -> Iterator[str]:
    """The functions that a statement calls, by name; CHECKED_HERE for an assert."""
    if isinstance(node, ast.Assert | ast.Raise):
        yield CHECKED_HERE
    elif isinstance(node, With):
        for item in node.items:
            yield from _called_names(item.context_expr)
    elif isinstance(node, Loop):
        yield from _called_names(node.iter)
    elif isinstance(node, ast.Expr | ast.Assign | ast.AnnAssign | ast.Return):
        yield from _called_names(node)


def _called_names(node: ast.AST) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            match call.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield name


def _names_of_checking_functions(modules: Iterable[ast.Module]) -> frozenset[str]:
    """Functions of the tests that check something themselves or call one that does."""
    called = [
        (node.name, {name for each in _own(node) for name in _what_checks(each)})
        for module in modules
        for node in _functions_in(module)
        if not node.name.startswith("test_")
    ]
    checking = {CHECKED_HERE}
    while more := {name for name, names in called if names & (checking | RAISES | FAILING_CALLS)} - checking:
        checking |= more
    return frozenset(checking)


def _has_assert(body: Iterable[ast.AST]) -> bool:
    return any(isinstance(node, ast.Assert) for statement in body for node in (statement, *_own(statement)))


def _expects_an_error(node: With) -> bool:
    return any(RAISES & set(_called_names(item.context_expr)) for item in node.items)


def _count_statements(body: Iterable[ast.stmt]) -> int:
    """How many statements do something; those that only hold others are not counted."""
    return sum(_count_statements(each.body) if isinstance(each, With | Loop | ast.While) else 1 for each in body)


def _is_narrow(body: list[ast.stmt]) -> bool:
    """One statement may raise, or the last one does and what stands before it is undone by that."""
    while len(body) == 1 and isinstance(body[0], With):
        body = body[0].body
    return isinstance(body[-1], ast.Raise) or _count_statements(body) == 1


def _is_property(test: Function) -> bool:
    """Hypothesis draws what the test works on, many times: its laws may be of the kind "if this, then that"."""
    return any("given" in _called_names(decorator) for decorator in test.decorator_list)


def _may_be_empty(loop: Loop, test: Function, module: ast.Module) -> bool:
    """Nothing in the test says that the loop has a round."""
    source = _unwrapped(loop.iter)
    if _is_never_empty(source, [*_own(test), *module.body]):
        return False
    text = ast.unparse(source)
    return not any(text in ast.unparse(node.test) for node in _outside_loops(test.body) if isinstance(node, ast.Assert))


def _outside_loops(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, With | ast.Try):
            yield from _outside_loops(statement.body)


def _unwrapped(source: ast.expr) -> ast.expr:
    """What is gone through, without sorted(...), .items() and their kind."""
    match source:
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in WRAPPERS:
            return _unwrapped(first)
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in VIEWS:
            return _unwrapped(value)
        case ast.Subscript(value=value, slice=ast.Slice()):
            return _unwrapped(value)
    return source


def _is_never_empty(source: ast.expr, scope: Iterable[ast.AST]) -> bool:
    match source:
        case ast.Tuple(elts=several) | ast.List(elts=several) | ast.Set(elts=several):
            return any(not isinstance(one, ast.Starred) or _is_never_empty(one.value, scope) for one in several)
        case ast.Dict(keys=several):
            return bool(several)
        case ast.Constant(value=str() | bytes() as value):
            return bool(value)
        case ast.BinOp(left=left, op=ast.Add() | ast.Mult()):
            return _is_never_empty(left, scope)
        case ast.Call(func=ast.Name(id="range")):
            return True
        case ast.Name(id=name):
            return any(_is_never_empty(value, ()) for value in _values_of(name, scope))
    return False


def _values_of(name: str, scope: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """What is given to a name once, in the test or in its module."""
    for node in scope:
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                yield value
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if found == name:
                yield value
