"""The HTTP contract in the repository is the one the hub answers with, the pages of the demo mounted."""

import json
from pathlib import Path

from hub.web.openapi import build_document, build_document_with

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


async def test_the_document_is_fresh() -> None:
    again = "run: python -m hub.web.openapi demo > docs/openapi.json"
    assert COMMITTED.read_text("utf-8") == await build_document_with(["demo"]), again


async def test_what_no_package_mounts_is_not_in_the_document() -> None:
    alone, demo = json.loads(build_document()), json.loads(await build_document_with(["demo"]))

    assert {path for path in demo["paths"] if path not in alone["paths"]} == {
        f"/api/demo/{route}" for route in ("accounts", "stage", "live", "press", "hot", "dark", "line", "restart")
    }
    codes = [set(document["components"]["schemas"]["ProblemCode"]["enum"]) for document in (alone, demo)]
    assert codes[1] - codes[0] == {"simulators-away"}


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
