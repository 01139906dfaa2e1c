"""What do the Python files of this tree say? Each is parsed once, for all tests of a process."""

import ast
from functools import cache
from pathlib import Path


@cache
def parse_file(file: Path) -> ast.Module:
    """The syntax tree of a file, which nobody changes."""
    return ast.parse(file.read_text("utf-8"))


@cache
def nodes_in(file: Path) -> tuple[ast.AST, ...]:
    """All nodes of a file's syntax tree, from the top."""
    return tuple(ast.walk(parse_file(file)))
