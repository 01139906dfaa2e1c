"""How is a mistake that pydantic found said to whoever writes a centre's file?"""

from collections.abc import Mapping
from datetime import date

from pydantic_core import ErrorDetails

from hub.importing.mistakes import shorten_value


def describe_problem(problem: ErrorDetails) -> str:
    """What should stand there, in words of whoever writes such a file; an error that is not here says pydantic's."""
    context, value = problem.get("ctx", {}), problem["input"]
    instead = "; nothing is here" if value is None else f", not {shorten_value(value)}"
    match problem["type"]:
        case "missing":
            return f"{problem['loc'][-1]} is missing"
        case "extra_forbidden":
            return f"{problem['loc'][-1]} is not a known key here"
        case "literal_error" | "enum" if value is not None:
            return f"{shorten_value(value)} should be {context['expected']}"
        case "value_error":
            return str(context["error"])
        case "string_type" if isinstance(value, bool | int | float | date):
            return f'should be text; put it in quotes: "{value}"'
        case "string_too_long":
            return f"should have at most {context['max_length']} characters; these are {len(str(value))}"
        case "string_too_short":
            return f"should have at least {context['min_length']} characters" if value else "should not be empty"
        case "too_short":
            return "should not be empty"
        case "too_long":
            return f"should have at most {context['max_length']} entries; these are {context['actual_length']}"
        case _ if (should := _should_be(problem["type"], context)) is not None:
            return f"{should}{instead}"
        case _:
            return f"{problem['msg'][:1].lower()}{problem['msg'][1:]}{instead}"


def _should_be(kind: str, context: Mapping[str, object]) -> str | None:
    """What an error of pydantic's asks for; None for a kind that no part of this file can have."""
    match kind:
        case "literal_error" | "enum":
            return f"should be {context['expected']}"
        case "tuple_type":
            return "should be a list, each entry after a hyphen"
        case "model_type" | "model_attributes_type" | "dict_type":
            return "should have named entries, such as id: …"
        case "string_type":
            return "should be text"
        case "int_type" | "int_parsing" | "int_parsing_size" | "int_from_float" | "finite_number":
            return "should be a whole number"
        case "bool_type" | "bool_parsing":
            return "should be true or false"
        case "greater_than_equal":
            return f"should be at least {context['ge']}"
        case "less_than_equal":
            return f"should be at most {context['le']}"
        case _:
            return None
