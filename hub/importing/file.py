"""Is this a centre's file, and if not: in which line, at which column, and what should stand there instead?"""

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hub.importing.contradictions import find_contradictions
from hub.importing.error_messages import describe_problem
from hub.importing.mistakes import BadCentreFile, Path
from hub.importing.parts import CentreFile
from hub.importing.yaml_text import (
    compose_file,
    find_duplicate_keys,
    find_placeholders,
    find_untyped_values,
    mistake_at,
    node_below,
    refuse_loops,
    values_of,
)


def parse_centre_file(text: str) -> CentreFile:
    """The file's content. Raises BadCentreFile with every mistake."""
    root = compose_file(text)
    refuse_loops(root)
    if wrong := [*find_duplicate_keys(root), *find_untyped_values(root)]:
        raise BadCentreFile(wrong)
    unfilled = list(find_placeholders(root))
    try:
        file = CentreFile.model_validate(values_of(root))
    except ValidationError as error:
        mistakes = [
            mistake_at(root, _path_of_problem(root, problem), describe_problem(problem)) for problem in error.errors()
        ]
        raise BadCentreFile([*unfilled, *mistakes]) from error
    found = find_contradictions(file)
    if mistakes := [*unfilled, *(mistake_at(root, path, said) for path, said in found)]:
        raise BadCentreFile(mistakes)
    return file


def _path_of_problem(root: yaml.Node, problem: ErrorDetails) -> Path:
    """Where pydantic found it; the names it gives to the arms of a union are not in the file."""
    path: Path = ()
    node: yaml.Node | None = root
    for n, step in enumerate(problem["loc"]):
        found = node_below(node, step)[1] if node is not None else None
        if found is None and n < len(problem["loc"]) - 1:
            continue
        if found is None and problem["type"] not in {"missing", "extra_forbidden"}:
            continue
        path, node = (*path, step), found
    return path
