"""Is this a centre's file, and if not: in which line, at which column, and what should stand there instead?"""

import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Final

from hub.importing.contradictions import find_contradictions
from hub.importing.parts import SCHEMA, CentreFile
from hub.kit.mistakes.error_messages import Wording
from hub.kit.mistakes.model import FaultPlace, Path, ValueFault
from hub.kit.mistakes.reading import FileKind, read_file, validate_document
from hub.kit.mistakes.yaml_nodes import YamlValue
from hub.kit.mistakes.yaml_text import parse_yaml

CENTRE_FILE: Final = FileKind(
    model=CentreFile,
    begins_with=f"schema: {SCHEMA}",
    largest=4 * 1024 * 1024,
    wording=Wording(examples={"schema": SCHEMA}),
    find_contradictions=find_contradictions,
)
_PLACEHOLDER: Final = re.compile(r"\{[a-z]+\}")


def read_centre_file(file: FilePath) -> CentreFile:
    """The file's content. Raises OSError, and BadInput with every mistake."""
    return parse_centre_file(read_file(str(file), file, CENTRE_FILE.largest), source=str(file))


def parse_centre_file(text: str, *, source: str = "centre.yaml") -> CentreFile:
    """The same of a file's text. Raises BadInput with every mistake."""
    document = parse_yaml(source, text, CENTRE_FILE.begins_with)
    return validate_document(CENTRE_FILE, document, find_placeholders(document.value))


def find_placeholders(value: YamlValue, path: Path = ()) -> Iterator[tuple[Path, ValueFault]]:
    """What the example of a centre's file has instead of an address, and a real one has not."""
    if isinstance(value, str):
        for name in _PLACEHOLDER.findall(value):
            yield path, ValueFault(f"{name} is a placeholder", "write the whole address", FaultPlace.WHOLE)
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from find_placeholders(entry, (*path, number))
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from find_placeholders(entry, (*path, key))
