"""How does what a person wrote become a model of ours, or the list of everything that is wrong in it?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hub.kit.mistakes.error_messages import Wording, explain_error
from hub.kit.mistakes.model import NOT_POSSIBLE, BadInput, FaultPlace, Mistake, Path, ValueFault, escape_text, show_text
from hub.kit.mistakes.yaml_document import YamlDocument
from hub.kit.mistakes.yaml_text import parse_yaml

MOST_EXPLAINED: Final = 1000
"""Of more errors only so many are looked at: a rule file has room for 50,000, and the alarm path reads rule files."""

_Model = TypeVar("_Model", bound=BaseModel)


def _find_none(_: BaseModel) -> Iterable[tuple[Path, ValueFault]]:
    return ()


@dataclass(frozen=True, slots=True)
class FileKind(Generic[_Model]):
    """A kind of file that people write for us, and what the words for its mistakes need."""

    model: type[_Model]
    begins_with: str
    """What an empty file is told to begin with."""
    largest: int
    """In bytes."""
    wording: Wording = field(default_factory=Wording)
    find_contradictions: Callable[[_Model], Iterable[tuple[Path, ValueFault]]] = _find_none
    """What cannot be true together, though each part is right by itself."""


def read_file(source: str, file: FilePath, largest: int) -> str:
    """The text of a file of at most `largest` bytes. Raises OSError, and BadInput when it is too large or not UTF-8."""
    with file.open("rb") as opened:
        return decode_text(source, opened.read(largest + 1), largest)


def decode_text(source: str, content: bytes, largest: int) -> str:
    """The text of a file's first bytes. Raises BadInput when they are too many or not UTF-8."""
    if len(content) > largest:
        wrong = f"the file has more than {largest} bytes"
        raise BadInput([Mistake(source, 1, 1, "", wrong, "make two of it, or leave something out")])
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise BadInput([Mistake(source, line, column, "", "the file is not UTF-8", "save it as UTF-8")]) from None


def read_document(kind: FileKind[_Model], source: str, text: str) -> tuple[_Model, YamlDocument]:
    """What a file's text says, and where it says it. Raises BadInput with every mistake."""
    document = parse_yaml(source, text, kind.begins_with)
    return validate_document(kind, document), document


def validate_document(
    kind: FileKind[_Model], document: YamlDocument, found: Iterable[tuple[Path, ValueFault]] = ()
) -> _Model:
    """What a document says. Raises BadInput with every mistake; `found` are faults that its caller found in it."""
    mistakes = [*document.mistakes, *(document.mistake_at(path, fault) for path, fault in found)]
    try:
        model = kind.model.model_validate(document.value)
    except ValidationError as error:
        left_out = max(0, error.error_count() - MOST_EXPLAINED)
        raise BadInput([*mistakes, *_place_errors(kind, document, error)], left_out) from None
    mistakes += [document.mistake_at(path, fault) for path, fault in kind.find_contradictions(model)]
    if mistakes:
        raise BadInput(mistakes)
    return model


def _place_errors(kind: FileKind[_Model], document: YamlDocument, errors: ValidationError) -> list[Mistake]:
    return [
        document.mistake_at(_place_of(error), fault)
        for error in errors.errors(include_url=False)[:MOST_EXPLAINED]
        if not _is_of_its_entries(error) and not document.is_wrong_at(error["loc"])
        for fault in explain_error(error, kind.model, kind.wording)
    ]


def _place_of(error: ErrorDetails) -> Path:
    """Where it is: what is missing stands nowhere, its mapping does."""
    return error["loc"][:-1] if error["type"] == "missing" else error["loc"]


def _is_of_its_entries(error: ErrorDetails) -> bool:
    """Pydantic calls a list too short, too, when its entries are wrong."""
    return error["type"] == "too_short" and len(error["input"]) >= error["ctx"]["min_length"]


def explain_values(errors: ValidationError, model: type[BaseModel], source: str) -> BadInput:
    """What is wrong with values that stand in no file, such as those that a page sends; entries are counted from 1."""
    return BadInput(
        Mistake(
            source, None, None, _name_path(_place_of(error), fault), _wrong_of_value(error["input"], fault), fault.right
        )
        for error in errors.errors(include_url=False)
        if not _is_of_its_entries(error)
        for fault in explain_error(error, model, Wording())
    )


def _name_path(path: Path, fault: ValueFault) -> str:
    whole = path[:-1] if fault.about is FaultPlace.KEY else (*path, *fault.below)
    return ".".join(str(step + 1) if isinstance(step, int) else escape_text(step) for step in whole)


def _wrong_of_value(value: object, fault: ValueFault) -> str:
    match value:
        case _ if fault.about is not FaultPlace.VALUE:
            return fault.wrong
        case list() | tuple():
            return f"a list {fault.wrong}"
        case dict():
            return f"a mapping {fault.wrong}"
        case _:
            return f"{show_text(str(value))} {fault.wrong}"


def explain_variables(errors: ValidationError, model: type[BaseModel], show: Callable[[str, object], str]) -> BadInput:
    """What is wrong with variables: `show` gives what stands in the place of file, line and column.

    It is called with the name of the model's field and with the value that was found.
    """
    return BadInput(
        Mistake(show(str(error["loc"][0]), error["input"]), None, None, "", _wrong_of_variable(fault), fault.right)
        for error in errors.errors(include_url=False)
        for fault in explain_error(error, model, Wording())
    )


def _wrong_of_variable(fault: ValueFault) -> str:
    """Behind `NAME='value': ` it goes without saying that this is not possible."""
    return "" if fault.about is FaultPlace.VALUE and fault.wrong == NOT_POSSIBLE else fault.wrong
