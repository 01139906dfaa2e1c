"""Is a file too long, and does the name of a class or of another type mean two things?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.house.owners import Finding
from tests.house.reasons import LONG_FOR_A_REASON

MOST_LINES = 400
"""More than that is more than one question a file; the number stands in the name of the finding too."""
SUFFIXES = {".py", ".ts", ".svelte", ".js"}
OURS = ("hub", "devices", "extension", "simulators", "benchmarks", "tests", "dashboard", "docs", "deploy")
NOT_WRITTEN = {"node_modules", "static", "__pycache__", ".svelte-kit"}
"""Folders of what is installed or built."""
GENERATED = {"dashboard/src/lib/api/openapi.ts"}
NAMED_ONCE = ("hub", "devices", "extension", "simulators")


def long_files(root: Path) -> Iterator[Finding]:
    """Files of over 400 lines."""
    for file in _files(root):
        name = str(file.relative_to(root))
        lines = len(file.read_text("utf-8").splitlines())
        if lines > MOST_LINES and name not in LONG_FOR_A_REASON:
            yield Finding("over 400 lines", name, "", lines)


def names_with_two_meanings(root: Path) -> Iterator[Finding]:
    """Classes, aliases and new types whose names stand in more than one place, at each place."""
    places: dict[str, list[tuple[str, int]]] = {}
    for folder in NAMED_ONCE:
        for file in sorted((root / folder).rglob("*.py")):
            for name, line in _types(ast.parse(file.read_text("utf-8"))):
                places.setdefault(name, []).append((str(file.relative_to(root)), line))
    for name, found in places.items():
        if len(found) > 1:
            yield from (Finding("type name with two meanings", file, name, line) for file, line in found)


def _files(root: Path) -> Iterator[Path]:
    if (root / "anling").is_file():
        yield root / "anling"
    for folder in OURS:
        for file in sorted((root / folder).rglob("*")):
            name = file.relative_to(root)
            if file.suffix in SUFFIXES and not NOT_WRITTEN & set(name.parts) and str(name) not in GENERATED:
                yield file


def _types(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Each class, those inside of others as well, and each name that stands for a type."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.AnnAssign(target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias")):
                yield name, node.lineno
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="NewType"))):
                yield name, node.lineno
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript()) if re.match("[A-Z].*[a-z]", name):
                yield name, node.lineno  # such as `Token = Annotated[str, …]`
