"""Is this text one YAML document, and if not: what do people write instead of what they wrote?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import yaml

from hub.kit.mistakes.model import BadInput, Mistake, ValueFault, escape_text, show_text
from hub.kit.mistakes.yaml_document import YamlDocument
from hub.kit.mistakes.yaml_nodes import place_of_mark

DEEPEST: Final = 50
"""Brackets in brackets: what people write has six."""
MOST_VALUES: Final = 500_000
"""With aliases (`*name`) counted as often as they stand: a few lines of them can stand for any number of values."""
_NO_YAML: Final = (
    (r"found character '\\t' .*", "a tab stands where YAML wants spaces", "indent with spaces"),
    (r"found character '(.+)' that cannot start any token", "no value begins with {0}", "put it in quotes"),
    (r"but found another document", "a second document begins here", "leave out `---`, or make it a file of its own"),
    (
        r"mapping values are not allowed .*",
        "a colon that begins no value",
        "put the text in quotes, or mend the indent",
    ),
    (r"could not find expected ':'", "a key without a colon", "write `key: value`, and mend the line above"),
    (r"found undefined alias '(.*)'", "there is no {0} before this", "write `&{0}` there, or the value here"),
    (r".*but (?:got|found) '<stream end>'", "the file ends in the middle of something", "close brackets and quotes"),
    (r"expected ',' or '(.)', .*", "a comma or {0} is missing before this", "write it, or put the text in quotes"),
    (
        r"expected <block end>, but found '(?:<block .*>|-)'",
        "this begins in another column than what it belongs to",
        "begin it where the entries above begin",
    ),
    (r"found unexpected end of (?:stream|document)", "a quote is not closed", "close it"),
)
"""What PyYAML says of mistakes that people make, and what they are told."""


def parse_yaml(source: str, text: str, begins_with: str) -> YamlDocument:
    """The one document of `text`. Raises BadInput when it is not YAML; an empty file is told what it begins with."""
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
    except _Unusable as unusable:
        raise _bad_at(source, unusable.place, unusable.fault) from None
    except yaml.MarkedYAMLError as error:
        place = place_of_mark(error.problem_mark or error.context_mark)
        raise _bad_at(source, place, _explain_yaml(error.problem or "")) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position] if isinstance(error.position, int) else ""
        place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        shown = show_text(text[len(before) :][:1])
        raise _bad_at(
            source, place, ValueFault(f"a character that no text may hold, {shown}", "leave it out")
        ) from None
    except (ValueError, OverflowError):  # what `chr` and `int` say to a number in an escape or in a version
        place = (1, 1) if loader is None else place_of_mark(loader.get_mark())
        fault = ValueFault("a number that is too large", "write a character as itself, and no %YAML line")
        raise _bad_at(source, place, fault) from None
    finally:
        if loader is not None:
            loader.dispose()
    if root is None:
        raise _bad_at(source, (1, 1), ValueFault("the file is empty", f"begin with `{begins_with}`"))
    return YamlDocument(source, root)


def _bad_at(source: str, place: tuple[int, int], fault: ValueFault) -> BadInput:
    return BadInput([Mistake(source, *place, "", fault.wrong, fault.right)])


def _explain_yaml(problem: str) -> ValueFault:
    for pattern, wrong, right in _NO_YAML:
        if found := re.fullmatch(pattern, problem):
            name = escape_text(found[1]) if found.lastindex else ""
            return ValueFault(wrong.format(name), right.format(name))
    return ValueFault(f"this is not YAML: {problem}", "mend it here or in the line above")


class _Unusable(Exception):
    """YAML that is right and that nobody writes by hand."""

    def __init__(self, place: tuple[int, int], wrong: str, right: str) -> None:
        super().__init__(wrong)
        self.place = place
        self.fault = ValueFault(wrong, right)


class _Loader(yaml.SafeLoader):
    """Composes nodes, and measures what they stand for before anybody walks through them."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nesting = 0
        self._measured: dict[int, tuple[int, int]] = {}
        """Of each node that is complete: its values and its depth. The document keeps them alive."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        place = place_of_mark(event.start_mark)
        self._nesting += 1
        self._refuse_too_deep(place, self._nesting)
        node = super().compose_node(parent, index)
        self._nesting -= 1
        if isinstance(event, yaml.AliasEvent):
            if id(node) not in self._measured:
                raise _Unusable(place, "this holds itself", "write it out instead of `*…`")
        elif node is not None:
            values, depth = self._measured[id(node)] = self._measure(node)
            self._refuse_too_deep(place, depth)
            if values > MOST_VALUES:
                wrong = f"this stands for more than {MOST_VALUES} values"
                raise _Unusable(place, wrong, "write values out instead of `*…`")
        return node

    def _measure(self, node: yaml.Node) -> tuple[int, int]:
        children = [self._measured[id(child)] for child in _children_of(node)]
        return 1 + sum(values for values, _ in children), 1 + max((depth for _, depth in children), default=0)

    def _refuse_too_deep(self, place: tuple[int, int], depth: int) -> None:
        if depth > DEEPEST:
            raise _Unusable(place, "the file is nested too deeply", "does a bracket above lack its end?")


def _children_of(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        yield from (child for pair in node.value for child in pair)
