"""Has each protocol two implementations in the product, or a reason in its docstring?

An interface of one implementation is a second name for it. Tests and benchmarks are no implementations: what they want
instead of a service is a callable, or the service.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.contract.trees import nodes_in

ROOT = Path(__file__).resolve().parents[2]
REASON = "Why a protocol:"
"""Such as an arrow of imports: the implementation is above the protocol in the stack."""

Members: TypeAlias = frozenset[tuple[str, int]]
"""What a class has: names with how many positional arguments they are called with; -1 for what is not called."""


@dataclass(frozen=True)
class Class:
    """A class of the tree, by its syntax alone."""

    name: str
    where: str
    bases: tuple[str, ...]
    members: Members
    docstring: str

    @property
    def is_protocol(self) -> bool:
        return "Protocol" in self.bases


def classes_of(nodes: Iterable[ast.AST], where: str) -> Iterator[Class]:
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            bases = tuple(ast.unparse(base).partition("[")[0].removeprefix("typing.") for base in node.bases)
            yield Class(node.name, where, bases, frozenset(members_of(node)), ast.get_docstring(node) or "")


def members_of(node: ast.ClassDef) -> Iterator[tuple[str, int]]:
    for one in node.body:
        match one:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                decorators = {ast.unparse(decorator) for decorator in one.decorator_list}
                if "property" in decorators:
                    yield one.name, -1
                elif one.name != "__init__":
                    yield one.name, len(one.args.posonlyargs) + len(one.args.args)
                for inner in ast.walk(one):
                    if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                        yield inner.attr, -1
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, -1
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name, -1


def all_members(one: Class, by_name: dict[str, list[Class]]) -> Members:
    """Its own and those that it inherits from classes of the tree."""
    inherited = (base for name in one.bases for base in by_name.get(name, ()) if base is not one)
    return one.members.union(*(all_members(base, by_name) for base in inherited))


def find_lonely_protocols(classes: list[Class]) -> list[str]:
    """The protocols that fewer than two classes have all members of, and that give no reason."""
    by_name: dict[str, list[Class]] = {}
    for one in classes:
        by_name.setdefault(one.name, []).append(one)
    concrete = [(one, all_members(one, by_name)) for one in classes if not one.is_protocol]
    lonely = []
    for protocol in (one for one in classes if one.is_protocol and REASON not in one.docstring):
        wanted = all_members(protocol, by_name)
        having = [one.name for one, members in concrete if wanted <= members]
        if len(having) < 2:
            lonely.append(
                f"{protocol.where}: {protocol.name} has {having or 'no implementation'}: take the class itself or a "
                f"callable instead, or say in its docstring `{REASON} …`"
            )
    return lonely


def test_each_protocol_has_two_implementations_or_a_reason() -> None:
    classes = [
        one
        for folder in ("hub", "devices", "extension", "simulators")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for one in classes_of(nodes_in(path), str(path.relative_to(ROOT)))
    ]

    assert [one.name for one in classes if one.is_protocol], "protocols are found at all"
    lonely = find_lonely_protocols(classes)
    assert not lonely, "\n".join(["", *lonely])


def test_no_test_and_no_benchmark_has_a_protocol_of_its_own() -> None:
    files = (path for folder in ("tests", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py")))
    naming = (path for path in files if "(Protocol" in path.read_text("utf-8"))
    found = [f"{path}: {one.name}" for path in naming for one in classes_of(nodes_in(path), "") if one.is_protocol]

    assert found == []


SPEAKS = """
class Speaks(Protocol):
    name: str
    def say(self, words: str) -> None: ...
"""
LOUD = """
class Loud:
    def __init__(self) -> None:
        self.name = "loud"
    def say(self, words: str) -> None: ...
"""


@pytest.mark.parametrize(
    ("text", "is_lonely"),
    [
        (SPEAKS, True),
        (SPEAKS + LOUD, True),
        (SPEAKS + LOUD + "class Louder(Loud): pass", False),
        (SPEAKS + LOUD + "class Dumb:\n    name: str\n    def hear(self, words: str) -> None: ...", True),
        (SPEAKS + LOUD + "class Hasty:\n    name: str\n    def say(self) -> None: ...", True),
        (SPEAKS + LOUD + "class Quiet:\n    name: str\n    def say(self, words: str) -> None: ...", False),
        (
            SPEAKS.replace("    name", '    """Says.\n\n    Why a protocol: who speaks is above.\n    """\n    name'),
            False,
        ),
    ],
)
def test_a_protocol_is_lonely_until_a_second_class_has_all_of_it(text: str, is_lonely: bool) -> None:
    assert bool(find_lonely_protocols(list(classes_of(ast.walk(ast.parse(text)), "here.py")))) is is_lonely
