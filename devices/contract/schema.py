"""What does the contract look like to somebody who writes a device in another language?"""

from typing import TypeAlias

from pydantic import JsonValue

from devices.contract.messages import MODEL_OF

JsonSchema: TypeAlias = dict[str, JsonValue]


def json_schemas() -> dict[str, JsonSchema]:
    """JSON Schema (2020-12) of each message by its subtopic, as it is read: unknown fields are allowed."""
    return {
        kind.value: _require_version(_allow_unknown_fields(model.model_json_schema()))
        for kind, model in MODEL_OF.items()
    }


def _require_version(schema: JsonSchema) -> JsonSchema:
    """`v` has a default for whoever builds a message in Python, and must be on the wire."""
    required = schema.get("required", [])
    return {**schema, "required": ["v", *(required if isinstance(required, list) else [])]}


def _allow_unknown_fields(schema: JsonSchema) -> JsonSchema:
    """The same schema without `additionalProperties: false`, which holds only for what we send."""
    return {
        key: _relax_value(value) for key, value in schema.items() if not (key == "additionalProperties" and not value)
    }


def _relax_value(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return _allow_unknown_fields(value)
    if isinstance(value, list):
        return [_relax_value(item) for item in value]
    return value
