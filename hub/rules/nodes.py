"""What stands where in a YAML file? Every wrong thing is told with its line, its column and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

import yaml

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"(\d{1,6})([smhd])")
_STRING = "tag:yaml.org,2002:str"
_UNKEEPABLE = re.compile(r"[\x00\ud800-\udfff]")
"""What an escape in quotes can write and neither UTF-8 nor PostgreSQL's text can hold."""


@dataclass(frozen=True, slots=True)
class RuleFileProblem:
    """One thing that is wrong in a rule file; line and column count from 1, and a folder has none."""

    file: str
    line: int | None
    column: int | None
    what: str
    write: str

    def __str__(self) -> str:
        if self.line is None:
            return f"{self.file}: {self.what}; {self.write}"
        return f"{self.file}:{self.line}:{self.column}: {self.what}; {self.write}"


class UnusableNode(Exception):
    """A part of the file cannot be used; its problem is already noted."""


class Page:
    """One file being read: its name and the problems found so far."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[RuleFileProblem] = []

    def note(self, node: yaml.Node, what: str, write: str, *, line: int = 1, column: int = 1) -> UnusableNode:
        """Note a problem at `node`, or at a line and column (from 1) inside its text. Gives what to raise."""
        at_line, at_column = node.start_mark.line + line, node.start_mark.column + column
        if line == 1 and isinstance(node, yaml.ScalarNode) and node.style in ("'", '"'):
            at_column += column > 1
        if node.start_mark.line != node.end_mark.line:
            at_line, at_column = node.start_mark.line + 1, node.start_mark.column + 1
        self.problems.append(RuleFileProblem(self.file, at_line, at_column, what, write))
        return UnusableNode()

    def root(self, text: str) -> yaml.Node:
        """The one document of `text`, whose texts can all be kept; raises Unusable."""
        node = self._composed(text)
        if node is None:
            self._unreadable(1, 1, "the file is empty", "write `schema: anling.rules/1` and `rules:`")
        for scalar in _walk_scalars(node):
            if _UNKEEPABLE.search(scalar.value):
                raise self.note(scalar, "a character that no text may hold", "write the character itself")
        return node

    def _composed(self, text: str) -> yaml.Node | None:
        try:
            return _compose_document(text)
        except _TooLarge as large:
            self._unreadable(
                large.line, large.column, "a number that is too large", "write a character as itself, and no %YAML line"
            )
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
            self._unreadable(line, column, error.problem or "not YAML")
        except yaml.reader.ReaderError as error:
            before = text[: error.position] if isinstance(error.position, int) else ""
            self._unreadable(
                before.count("\n") + 1, len(before) - before.rfind("\n"), "a character YAML does not allow"
            )
        except RecursionError:
            self._unreadable(1, 1, "nested too deeply")

    def mapping(self, node: yaml.Node, known: Iterable[str], hints: Mapping[str, str] | None = None) -> Fields:
        """The fields of a mapping, each of them known and there once.

        `hints` has words for keys that are not known but that people will try. Raises Unusable.
        """
        if not isinstance(node, yaml.MappingNode):
            raise self.note(node, "this is not a mapping", f"write keys and values: {', '.join(sorted(known))}")
        fields: dict[str, yaml.Node] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            if hints is not None and key in hints:
                self.note(key_node, *hints[key].split("; ", 1))
            elif key not in known:
                self.note(key_node, f"the key `{key}` is not known here", f"use {', '.join(sorted(known))}")
            elif key in fields:
                self.note(key_node, f"the key `{key}` is there twice", "keep one of them")
            else:
                fields[key] = value_node
        return Fields(self, node, fields)

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """The items of a list of `what`; raises Unusable."""
        if not isinstance(node, yaml.SequenceNode):
            raise self.note(node, f"`{what}` is not a list", "start each item with `- `")
        return list(node.value)

    def text(self, node: yaml.Node) -> str:
        """The text of a node; raises Unusable for a number, a truth value, a list or a mapping."""
        if not isinstance(node, yaml.ScalarNode) or node.tag != _STRING:
            raise self.note(node, "this is not text", "put it in quotes")
        return str(node.value)

    def chosen(self, node: yaml.Node, among: Iterable[str]) -> str:
        """One of `among`; raises Unusable."""
        text = self.text(node)
        if text not in among:
            raise self.note(node, f"`{text}` is not possible here", f"write one of {', '.join(sorted(among))}")
        return text

    def duration(self, node: yaml.Node) -> timedelta:
        """A length of time such as 90s, 5m, 2h or 1d; raises Unusable."""
        found = _DURATION.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
        if found is None:
            raise self.note(
                node, "this is not a length of time", "write a whole number and a unit, such as 90s, 5m, 2h"
            )
        return timedelta(**{_UNITS[found[2]]: int(found[1])})

    def _unreadable(self, line: int, column: int, what: str, write: str = "write YAML") -> NoReturn:
        self.problems.append(RuleFileProblem(self.file, line, column, what, write))
        raise UnusableNode


class Fields:
    """The fields of one mapping."""

    def __init__(self, page: Page, node: yaml.MappingNode, nodes: dict[str, yaml.Node]) -> None:
        self._page = page
        self.node = node
        self._nodes = nodes

    def __contains__(self, key: str) -> bool:
        return key in self._nodes

    def get(self, key: str) -> yaml.Node | None:
        """The node of `key`, if it is there."""
        return self._nodes.get(key)

    def need(self, key: str, example: str) -> yaml.Node:
        """The node of `key`; notes its absence and raises Unusable."""
        node = self._nodes.get(key)
        if node is None:
            raise self._page.note(self.node, f"`{key}` is missing", f"write `{key}: {example}`")
        return node


@dataclass(frozen=True, slots=True)
class _TooLarge(Exception):
    """A number in YAML itself that Python cannot take: an escaped character, or a version. Counts from 1."""

    line: int
    column: int


def _compose_document(text: str) -> yaml.Node | None:
    """The one document of `text`, None when it is empty; raises yaml.YAMLError, RecursionError and _TooLarge.

    PyYAML lets out what `chr` and `int` say to a number in an escape or in a version.
    """
    loader = yaml.SafeLoader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    except (ValueError, OverflowError):
        mark = loader.get_mark()
        raise _TooLarge(mark.line + 1, mark.column + 1) from None
    finally:
        loader.dispose()
    return node


def _walk_scalars(root: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """All scalars under `root` in the order of the file; what aliases repeat comes once."""
    seen: set[int] = set()
    left: list[yaml.Node] = [root]
    while left:
        node = left.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            yield node
        elif isinstance(node, yaml.SequenceNode):
            left += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            left += [child for pair in reversed(node.value) for child in reversed(pair)]
