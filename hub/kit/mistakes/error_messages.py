"""In which words is an error of pydantic said to whoever wrote the value?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from hub.kit.mistakes.model import NOT_POSSIBLE, FaultPlace, Path, ValueFault, explain_value_error, show_text

_QUOTED: Final = re.compile(r"'((?:[^'\\]|\\.)*)'")
_A_LIST: Final = "start each entry with `- `"


@dataclass(frozen=True, slots=True)
class Wording:
    """What the words for one kind of file know of it."""

    examples: Mapping[str, str] = field(default_factory=dict)
    """What to write for a key that is missing."""
    refused_keys: Mapping[str, ValueFault] = field(default_factory=dict)
    """Keys that people will try and that are not known: what is said of them."""


def explain_error(error: ErrorDetails, model: type[BaseModel], wording: Wording) -> tuple[ValueFault, ...]:
    """What is wrong and what is right, of a value (or of a key) that `model` has refused."""
    faults = _explain_with_model(error, model, wording)
    if error["input"] is None:
        return tuple(_of_nothing(fault) if fault.about is FaultPlace.VALUE else fault for fault in faults)
    return faults


def _explain_with_model(error: ErrorDetails, model: type[BaseModel], wording: Wording) -> tuple[ValueFault, ...]:
    *above, name = error["loc"] or ("",)
    match error["type"]:
        case "missing":
            example = wording.examples.get(str(name), "…")
            return (ValueFault(f"`{name}` is missing", f"write `{name}: {example}`", FaultPlace.WHOLE),)
        case "extra_forbidden" if str(name) in wording.refused_keys:
            return (wording.refused_keys[str(name)],)
        case "extra_forbidden":
            return (unknown_key(str(name), keys_at(model, tuple(above))),)
        case "value_error":
            return explain_value_error(error["ctx"]["error"])
        case _:
            return (_explain_kind(error, keys_at(model, error["loc"])),)


def _of_nothing(fault: ValueFault) -> ValueFault:
    return ValueFault("nothing is here", fault.right, FaultPlace.WHOLE)


def unknown_key(key: str, known: Iterable[str]) -> ValueFault:
    """What is said of a key that nobody knows."""
    return ValueFault(
        f"the key {show_text(key)} is not known here", _list_choices("use", key, sorted(known)), FaultPlace.KEY
    )


def not_among(value: object, allowed: Sequence[str]) -> ValueFault:
    """What is said of a value that is none of those that are allowed."""
    if len(allowed) == 1:
        return ValueFault(NOT_POSSIBLE, f"write {allowed[0]}")
    return ValueFault(NOT_POSSIBLE, _list_choices("write one of", str(value), allowed))


def suggest_name(name: str, known: Iterable[str], alike: float = 0.6) -> str | None:
    """The one that may be meant, if any is like it; `alike` is between 0 (anything) and 1 (the same)."""
    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), sorted(by_lower), n=1, cutoff=alike)
    return by_lower[near[0]] if near else None


def _list_choices(verb: str, written: str, known: Sequence[str]) -> str:
    meant = suggest_name(written, known, alike=0.7)  # who sees the whole list needs no far-fetched guess
    return (f"did you mean `{meant}`? " if meant else "") + f"{verb} {', '.join(known)}"


def _explain_kind(error: ErrorDetails, keys: Sequence[str]) -> ValueFault:
    """What an error asks for; one that no file or setting of ours can have says pydantic's words."""
    context, value = error.get("ctx", {}), error["input"]
    match error["type"]:
        case "literal_error" | "enum":
            return not_among(value, _QUOTED.findall(str(context["expected"])))
        case "string_type":
            is_scalar = not isinstance(value, list | dict)
            return ValueFault("is not text", "put it in quotes" if is_scalar and value is not None else "write text")
        case "string_too_short" if not value:
            return ValueFault("nothing is here", _write_some(context["min_length"], "character"), FaultPlace.WHOLE)
        case "string_too_short":
            return ValueFault("is too short", _write_some(context["min_length"], "character"))
        case "string_too_long":
            return ValueFault(f"has {len(str(value))} characters", f"write at most {context['max_length']}")
        case "too_short":
            return ValueFault("the list is empty", _write_some(context["min_length"], "entry"), FaultPlace.WHOLE)
        case "too_long":
            return ValueFault(
                f"the list has {context['actual_length']} entries",
                f"write at most {context['max_length']}",
                FaultPlace.WHOLE,
            )
        case "tuple_type" | "list_type":
            return ValueFault("is not a list", _A_LIST)
        case "model_type" | "model_attributes_type" | "dict_type":
            return ValueFault("is not a mapping", f"write keys and values: {', '.join(keys)}")
        case "greater_than_equal":
            return ValueFault("is too small", f"write at least {context['ge']}")
        case "less_than_equal":
            return ValueFault("is too large", f"write at most {context['le']}")
        case "int_type" | "int_parsing" | "int_parsing_size" | "int_from_float" | "finite_number":
            return ValueFault("is not a whole number", "write a whole number, such as 12")
        case "bool_type" | "bool_parsing":
            return ValueFault("is neither true nor false", "write true or false")
        case _:
            return ValueFault(NOT_POSSIBLE, error["msg"].removeprefix("Input "))


def _write_some(count: int, what: str) -> str:
    plural = what if count == 1 else "entries" if what == "entry" else f"{what}s"
    return f"write at least {count} {plural}"


def keys_at(model: type[BaseModel], path: Path) -> list[str]:
    """The keys that may stand at this place of what `model` describes, in the model's order; of a list, in an entry."""
    found: object = model
    for step in path:
        if isinstance(step, str):
            found = {key: annotation for one in _models_in(found) for key, annotation in _fields_of(one)}.get(step)
    return [key for one in _models_in(found) for key, _ in _fields_of(one)]


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _fields_of(model: type[BaseModel]) -> list[tuple[str, object]]:
    return [(field.alias or name, field.annotation) for name, field in model.model_fields.items()]
