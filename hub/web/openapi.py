"""The HTTP contract as a file: `python -m hub.web.openapi > docs/openapi.json`. The dashboard's types come from it."""

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from hub.access.may import Refusal
from hub.fleet.placement import Misplaced
from hub.kit.errors import DomainError, ProblemCode
from hub.kit.http import Problem
from hub.video.model import CameraFault, PlayCode
from hub.video.policy import Code
from hub.web.routers import list_routers

_WORDS = "A problem (RFC 9457); the page has the words for its code."
_VIDEO_CODES = (*Code, *PlayCode)


def problem_codes() -> list[str]:
    """Every code with which a request can be refused: by any domain, by `may`, by the media process, by the server."""
    for file in sorted(files("hub").iterdir(), key=lambda folder: folder.name):
        if file.joinpath("errors.py").is_file():
            import_module(f"hub.{file.name}.errors")
    errors = (error.code for error in _subclasses_of(DomainError) if error.__module__.startswith("hub."))
    return sorted({str(code) for code in (*errors, *Refusal, *Misplaced, *_VIDEO_CODES, *ProblemCode)})


def picture_codes() -> list[str]:
    """Those of them that say why there is no picture."""
    errors = (error.code for error in _subclasses_of(DomainError) if error.__module__ == "hub.video.errors")
    return sorted({str(code) for code in (*errors, *_VIDEO_CODES)} - set(ProblemCode))


def _subclasses_of(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for error in kind.__subclasses__():
        yield error
        yield from _subclasses_of(error)


def build_document() -> str:
    """The OpenAPI document of every route, the demo's included; the same text for the same routes."""
    app = FastAPI(responses={"default": {"model": Problem, "description": _WORDS}})
    for router in list_routers(demo=True):
        app.include_router(router)
    described = get_openapi(title="Anling", version="1", routes=app.routes)
    for path in described["paths"].values():
        for operation in path.values():
            content = operation["responses"]["default"]["content"]
            (schema,) = content.values()
            operation["responses"]["default"]["content"] = {"application/problem+json": schema}
    schemas = described["components"]["schemas"]
    for name, codes in (("ProblemCode", problem_codes()), ("PictureCode", picture_codes())):
        schemas[name] = {"type": "string", "enum": codes, "title": name}
    schemas["CameraFault"] = {"type": "string", "enum": [str(fault) for fault in CameraFault], "title": "CameraFault"}
    schemas["Problem"]["properties"]["code"] = {"$ref": "#/components/schemas/ProblemCode"}
    return json.dumps(described, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(build_document())
