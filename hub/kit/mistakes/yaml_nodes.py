"""What does a node of YAML stand for, where does it begin, and what keeps it from standing for anything?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeAlias

import yaml

from hub.kit.lines import find_text_mistake
from hub.kit.mistakes.model import FaultPlace, ValueFault, explain_value_error, show_text

if TYPE_CHECKING:
    from yaml._yaml import Mark as _MarkOfC

    YamlMark: TypeAlias = yaml.Mark | _MarkOfC
    """A place as either loader of PyYAML says it, from 0."""

YamlValue: TypeAlias = object
"""A text, number, truth value, day or None; a list of values; a dict of text to value."""

_TAG: Final = "tag:yaml.org,2002:"
MERGE_TAG: Final = f"{_TAG}merge"
_SCALARS: Final = frozenset(f"{_TAG}{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp"))
_STANDS_FOR_WRONG: Final = "?"
NO_DAY: Final = ValueFault("is no date", "write it as 1941-03-08")


def place_of_mark(mark: YamlMark | None) -> tuple[int, int]:
    """Line and column, from 1; without a mark it is about the whole file."""
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)


def find_text_fault(text: str) -> ValueFault | None:
    """What keeps a text from being stored and shown, which escapes in quotes can write."""
    wrong = find_text_mistake(text)
    return None if wrong is None else explain_value_error(ValueError(wrong))[0]


def key_text(key: yaml.Node) -> str:
    """A key as it is written: `on` is no truth value before a colon, and `12` no number."""
    return str(key.value) if isinstance(key, yaml.ScalarNode) else ""


def pairs_of(node: yaml.MappingNode) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Keys and values, then those that `<<` brings in and that are not there."""
    known: set[str] = set()
    merged: list[yaml.MappingNode] = []
    for key, value in node.value:
        if key.tag == MERGE_TAG:
            merged += [one for one in merged_mappings(value) if one is not None]
        else:
            known.add(key_text(key))
            yield key, value
    for mapping in merged:
        for key, value in pairs_of(mapping):
            if key_text(key) not in known:
                known.add(key_text(key))
                yield key, value


def merged_mappings(value: yaml.Node) -> Iterator[yaml.MappingNode | None]:
    """The mappings behind `<<`, one or a list of them; None for each that is none."""
    for one in value.value if isinstance(value, yaml.SequenceNode) else [value]:
        yield one if isinstance(one, yaml.MappingNode) else None


class NodeValues:
    """What nodes stand for. Those that aliases repeat are made once, and are the same object."""

    def __init__(self) -> None:
        self._loader = yaml.SafeLoader("")
        self._made: dict[int, YamlValue] = {}

    def faults_of(self, node: yaml.Node) -> Iterator[ValueFault]:
        """Why one node by itself stands for nothing: its tag, its text, or no such number or day."""
        match node:
            case yaml.ScalarNode():
                known = _SCALARS
            case yaml.SequenceNode():
                known = frozenset({f"{_TAG}seq"})
            case _:
                known = frozenset({f"{_TAG}map"})
        if node.tag == MERGE_TAG or node.tag == f"{_TAG}value":
            return  # `<<` and `=`, as a value: texts
        if node.tag not in known:
            shown = show_text(node.tag.replace(_TAG, "!!"))
            yield ValueFault(f"the tag {shown} is not known here", "leave it out", FaultPlace.WHOLE)
        elif isinstance(node, yaml.ScalarNode):
            yield from self._scalar_faults(node)

    def _scalar_faults(self, node: yaml.ScalarNode) -> Iterator[ValueFault]:
        if (text_fault := find_text_fault(node.value)) is not None:
            self._made[id(node)] = _STANDS_FOR_WRONG
            yield text_fault
            return
        try:
            self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, AttributeError, OverflowError):  # PyYAML checks nothing first
            self._made[id(node)] = _STANDS_FOR_WRONG
            is_day = node.tag == f"{_TAG}timestamp"
            yield NO_DAY if is_day else ValueFault("is not what it looks like", "put it in quotes if it is text")

    def value_of(self, node: yaml.Node) -> YamlValue:
        """The value of a node; of one that has a fault, something in its place."""
        if id(node) not in self._made:
            self._made[id(node)] = self._make(node)
        return self._made[id(node)]

    def _make(self, node: yaml.Node) -> YamlValue:
        match node:
            case yaml.SequenceNode():
                return [self.value_of(entry) for entry in node.value]
            case yaml.MappingNode():
                pairs = ((key_text(key), value) for key, value in pairs_of(node))
                return {key: self.value_of(value) for key, value in pairs if key and find_text_fault(key) is None}
            case yaml.ScalarNode() if node.tag in _SCALARS:
                value: YamlValue = self._loader.construct_object(node)
                return value
            case _:
                return str(node.value)
