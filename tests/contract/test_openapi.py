"""The HTTP contract in the repository is the one the hub answers with."""

import json
from pathlib import Path

from hub.web.openapi import build_document

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_document_is_fresh() -> None:
    assert COMMITTED.read_text("utf-8") == build_document(), "run: python -m hub.web.openapi > docs/openapi.json"


def test_every_failure_is_described_as_a_problem() -> None:
    described = json.loads(build_document())

    operations = [operation for path in described["paths"].values() for operation in path.values()]
    assert operations
    for operation in operations:
        assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in described["components"]["schemas"]


def test_what_the_streams_send_is_described() -> None:
    schemas = json.loads(build_document())["components"]["schemas"]

    assert set(schemas["StaffEvents"]["properties"]) == {"snapshot", "alarm", "room", "notice", "channels", "beat"}
    assert set(schemas["FamilyEvents"]["properties"]) == {"home", "beat"}
