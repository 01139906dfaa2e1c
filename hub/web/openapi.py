"""The HTTP contract as a file: `python -m hub.web.openapi > docs/openapi.json`. The dashboard's types come from it."""

import json
import sys

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hub.kit.http import Problem
from hub.web.routers import routers

_WORDS = "A problem (RFC 9457); the page has the words for its code."


def document() -> str:
    """The OpenAPI document of every route, the demo's included; the same text for the same routes."""
    app = FastAPI(responses={"default": {"model": Problem, "description": _WORDS}})
    for router in routers(demo=True):
        app.include_router(router)
    described = get_openapi(title="Anling", version="1", routes=app.routes)
    for path in described["paths"].values():
        for operation in path.values():
            content = operation["responses"]["default"]["content"]
            (schema,) = content.values()
            operation["responses"]["default"]["content"] = {"application/problem+json": schema}
    return json.dumps(described, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
