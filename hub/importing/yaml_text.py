"""Where does a value stand in a centre's file, and is the file YAML at all?"""

import re
from collections.abc import Iterator
from typing import Final

import yaml

from hub.importing.mistakes import BadCentreFile, Mistake, Path, describe_no_date, escape_of, shorten_value

SCHEMA: Final = "anling.centre/1"


def mistake_at(root: yaml.Node, path: Path, wrong: str) -> Mistake:
    """A mistake at `path`, or at the deepest place of it that is there."""
    node = mark_of = root
    for step in path:
        key, found = node_below(node, step)
        if found is None:
            break
        # A block begins in the line after its name: the name is what a reader looks for.
        mark_of = key if key is not None and isinstance(found, yaml.CollectionNode) and not found.flow_style else found
        node = found
    mark = mark_of.start_mark
    return Mistake(mark.line + 1, mark.column + 1, _shown_path(path), wrong)


def _shown_path(path: Path) -> str:
    return ".".join(map(str, path))


def node_below(node: yaml.Node, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key (in a mapping) and the node at `step`."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key, value
    return None, None


def compose_file(text: str) -> yaml.Node:
    """The text as a tree of nodes that know their places. Raises BadCentreFile when it is not YAML."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        hint = "; indent with spaces, not with a tab" if "'\\t'" in str(error.problem) else ""
        raise BadCentreFile([Mistake(line, column, "", f"this is not YAML: {error.problem}{hint}")]) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        wrong = f"has a character that no text has, {escape_of(text[error.position])}: leave it out"
        raise BadCentreFile([Mistake(line, column, "", wrong)]) from error
    except RecursionError as error:
        wrong = "the file is nested too deeply: does a bracket lack its end?"
        raise BadCentreFile([Mistake(1, 1, "", wrong)]) from error
    if not isinstance(root, yaml.Node):
        raise BadCentreFile([Mistake(1, 1, "", f"the file is empty; it begins with schema: {SCHEMA}")])
    return root


def values_of(root: yaml.Node) -> object:
    """The values that the text stands for, as YAML means them. Raises BadCentreFile."""
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or root.start_mark
        raise BadCentreFile([Mistake(mark.line + 1, mark.column + 1, "", str(error.problem))]) from error
    finally:
        loader.dispose()


def _walk_nodes(node: yaml.Node, path: Path = (), seen: set[int] | None = None) -> Iterator[tuple[Path, yaml.Node]]:
    """Every node below and where it stands, each once: one that has a name (`&name`) may stand in many places."""
    seen = set() if seen is None else seen
    if id(node) in seen:
        return
    seen.add(id(node))
    yield path, node
    for step, below in _child_steps(node):
        yield from _walk_nodes(below, (*path, step), seen)


def _child_steps(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        yield from enumerate(node.value)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), value


def refuse_loops(root: yaml.Node) -> None:
    """Raise BadCentreFile for a part that stands inside itself, by its name (`&name`, `*name`)."""
    done: set[int] = set()

    def look(node: yaml.Node, above: frozenset[int]) -> None:
        if id(node) in above:
            wrong = "holds itself: write it out instead of *…"
            raise BadCentreFile([_mistake_at_node(node, "", wrong)])
        if id(node) not in done:
            for _, below in _child_steps(node):
                look(below, above | {id(node)})
            done.add(id(node))

    look(root, frozenset())


def _mistake_at_node(node: yaml.Node, where: str, wrong: str) -> Mistake:
    mark = node.start_mark
    return Mistake(mark.line + 1, mark.column + 1, where, wrong)


def find_duplicate_keys(root: yaml.Node) -> Iterator[Mistake]:
    """Each name that stands twice among the same entries."""
    for _, node in _walk_nodes(root):
        if isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for key, _ in node.value:
                if str(key.value) in names:
                    yield _mistake_at_node(key, "", f"{key.value} is said twice")
                names.add(str(key.value))


def find_untyped_values(root: yaml.Node) -> Iterator[Mistake]:
    """What looks like a date or a number and is none: YAML itself would not say where."""
    loader = yaml.SafeLoader("")
    for path, node in _walk_nodes(root):
        if isinstance(node, yaml.ScalarNode):
            try:
                loader.construct_object(node)
            except yaml.YAMLError:  # with its place: `values_of` tells it
                continue
            except (ValueError, LookupError, AttributeError):  # the last two of PyYAML, for `!!float ""` and the like
                value = shorten_value(node.value)
                is_date = node.tag == "tag:yaml.org,2002:timestamp"
                wrong = (
                    describe_no_date(node.value) if is_date else f"{value} is no number: put it in quotes if it is text"
                )
                yield _mistake_at_node(node, _shown_path(path), wrong)
    loader.dispose()


_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")


def find_placeholders(root: yaml.Node) -> Iterator[Mistake]:
    """What the example of a centre's file has instead of an address, and a real one has not."""
    for _, node in _walk_nodes(root):
        if isinstance(node, yaml.ScalarNode):
            for name in _PLACEHOLDER.findall(node.value):
                yield _mistake_at_node(node, "", f"{{{name}}} is a placeholder; write the whole address")
