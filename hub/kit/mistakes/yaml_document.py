"""What does a YAML document say, where does it say it, and what is wrong with it whatever it is for?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import yaml

from hub.kit.mistakes.model import FaultPlace, Mistake, Path, ValueFault, escape_text, make_printable, show_text
from hub.kit.mistakes.yaml_nodes import (
    MERGE_TAG,
    NodeValues,
    find_text_fault,
    key_text,
    merged_mappings,
    pairs_of,
    place_of_mark,
)

_PLAIN_ID: Final = re.compile(r"[\w-]{1,64}")


class YamlDocument:
    """The one document of a file: its values as Python has them, and the place of each."""

    def __init__(self, source: str, root: yaml.Node) -> None:
        """`root` was composed by `parse_yaml`."""
        self.source = source
        self._root = _Spot(None, root, ())
        self._pairs: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = {}
        """Of mappings that were looked into: a file may have thousands of mistakes in one."""
        values = NodeValues()
        faults = list(_find_faults(self._root, values))
        self._faulty = frozenset(id(spot.node) for spot, _ in faults)
        self.mistakes = [self._mistake(spot, fault) for spot, fault in faults]
        """What is wrong whatever the document is for."""
        self.value = values.value_of(root)
        """With something in the place of what is wrong, so that the rest can be looked at all the same."""

    def mistake_at(self, path: Path, fault: ValueFault) -> Mistake:
        """The mistake with the place of `path`, or of the deepest part of it that is there.

        Steps that are not in the file and lead to some that are (pydantic's names of a union's arms) are left out.
        """
        return self._mistake(self._find((*path, *fault.below)), fault)

    def is_wrong_at(self, path: Path) -> bool:
        """Whether `mistakes` has the value at `path` already."""
        return id(self._find(path).node) in self._faulty

    def line_of(self, path: Path) -> int:
        """In which line the value at `path` begins."""
        return self._find(path).node.start_mark.line + 1

    def _find(self, path: Path) -> _Spot:
        spot = self._root
        for step in path:
            spot = self._step_down(spot, step) or spot
        return spot

    def _step_down(self, spot: _Spot, step: str | int) -> _Spot | None:
        """What stands at `step`, merged keys included."""
        node = spot.node
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            return spot.entry(step, node.value[step])
        if not isinstance(node, yaml.MappingNode):
            return None
        if id(node) not in self._pairs:
            self._pairs[id(node)] = {key_text(key): (key, value) for key, value in pairs_of(node)}
        pair = self._pairs[id(node)].get(str(step))
        return None if pair is None else spot.pair(*pair)

    def _mistake(self, spot: _Spot, fault: ValueFault) -> Mistake:
        line, column = spot.place_of(fault)
        names = spot.names[:-1] if fault.about is FaultPlace.KEY else spot.names
        wrong = f"{spot.shown} {fault.wrong}" if fault.about is FaultPlace.VALUE else fault.wrong
        # A fault may quote what was written.
        return Mistake(self.source, line, column, ".".join(names), make_printable(wrong), make_printable(fault.right))


@dataclass(frozen=True, slots=True)
class _Spot:
    """A value in a document, the key before it, and how one gets there."""

    key: yaml.Node | None
    node: yaml.Node
    names: tuple[str, ...]

    @property
    def shown(self) -> str:
        match self.node:
            case yaml.ScalarNode():
                return show_text(str(self.node.value))
            case yaml.SequenceNode():
                return "a list"
            case _:
                return "a mapping"

    def below(self) -> Iterator[_Spot]:
        """What stands in it as it is written, in order."""
        if isinstance(self.node, yaml.SequenceNode):
            yield from (self.entry(number, entry) for number, entry in enumerate(self.node.value))
        elif isinstance(self.node, yaml.MappingNode):
            yield from (self.pair(key, value) for key, value in self.node.value)

    def entry(self, number: int, entry: yaml.Node) -> _Spot:
        """An entry of a list is called by its `id`, else by its number from 1."""
        return _Spot(None, entry, (*self.names, _find_id(entry) or str(number + 1)))

    def pair(self, key: yaml.Node, value: yaml.Node) -> _Spot:
        return _Spot(key, value, (*self.names, escape_text(key_text(key))))

    def place_of(self, fault: ValueFault) -> tuple[int, int]:
        """Line and column, from 1."""
        # A block begins in the line after its key: the key is what a reader looks for.
        is_block = isinstance(self.node, yaml.CollectionNode) and not self.node.flow_style
        if self.key is not None and (is_block or fault.about is FaultPlace.KEY):
            return place_of_mark(self.key.start_mark)
        line, column = place_of_mark(self.node.start_mark)
        if self.node.start_mark.line != self.node.end_mark.line:
            return line, column
        inner_line, inner_column = fault.inside
        is_quoted = isinstance(self.node, yaml.ScalarNode) and self.node.style in ("'", '"')
        return line + inner_line - 1, column + inner_column - 1 + (is_quoted and fault.inside > (1, 1))


def _find_id(entry: yaml.Node) -> str | None:
    """What people call this entry of a list."""
    if isinstance(entry, yaml.MappingNode):
        for key, value in entry.value:
            if key_text(key) == "id" and isinstance(value, yaml.ScalarNode) and _PLAIN_ID.fullmatch(value.value):
                return str(value.value)
    return None


def _find_faults(root: _Spot, values: NodeValues) -> Iterator[tuple[_Spot, ValueFault]]:
    """What is wrong with the document whatever it is for; what aliases repeat comes once."""
    seen: set[int] = set()
    left = [root]
    while left:
        spot = left.pop()
        if id(spot.node) not in seen:
            seen.add(id(spot.node))
            yield from ((spot, fault) for fault in values.faults_of(spot.node))
            below = list(spot.below())
            yield from _find_key_faults(below)
            left += below


def _find_key_faults(spots: Iterable[_Spot]) -> Iterator[tuple[_Spot, ValueFault]]:
    """What is wrong with the keys of one mapping."""
    known: set[str] = set()
    for spot in spots:
        if spot.key is None:
            continue
        name = key_text(spot.key)
        if not isinstance(spot.key, yaml.ScalarNode) or not name:
            yield spot, ValueFault("this key is not text", "write a word before the colon", FaultPlace.KEY)
        elif (text_fault := find_text_fault(name)) is not None:
            yield spot, replace(text_fault, wrong=f"the key {show_text(name)} {text_fault.wrong}", about=FaultPlace.KEY)
        elif name in known:
            yield spot, ValueFault(f"the key {show_text(name)} is there twice", "keep one of them", FaultPlace.KEY)
        elif spot.key.tag == MERGE_TAG and any(one is None for one in merged_mappings(spot.node)):
            yield spot, ValueFault("`<<` takes no such value", "write `*name` of a mapping behind it", FaultPlace.KEY)
        known.add(name)
