"""The HTTP contract as a file: `python -m hub.web.openapi [NAME…]`, with the pages of these packages.

The dashboard's types come from it.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from importlib import import_module
from importlib.resources import files
from typing import Final, NoReturn

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from extension.pages import MountedPages, MountPoint, SimulatedAccount
from hub.access.may import Refusal
from hub.fleet.placement import Misplaced
from hub.kit.clock import SystemClock
from hub.kit.errors import DomainError, ProblemCode
from hub.kit.http import Problem
from hub.video.model import CameraFault, PlayCode
from hub.video.policy import Code
from hub.web.mounting import declare_public, load_page_mount
from hub.web.routers import list_routers

_WORDS = "A problem (RFC 9457); the page has the words for its code."
_VIDEO_CODES = (*Code, *PlayCode)


def problem_codes(*mounted: MountedPages) -> list[str]:
    """Every code with which a request can be refused: by a domain, `may`, the media process, the server, a package."""
    for file in sorted(files("hub").iterdir(), key=lambda folder: folder.name):
        if file.joinpath("errors.py").is_file():
            import_module(f"hub.{file.name}.errors")
    errors = (error.code for error in _subclasses_of(DomainError) if error.__module__.startswith("hub."))
    added = (code for one in mounted for code in one.codes)
    return sorted({str(code) for code in (*errors, *Refusal, *Misplaced, *_VIDEO_CODES, *ProblemCode, *added)})


def picture_codes() -> list[str]:
    """Those of them that say why there is no picture."""
    errors = (error.code for error in _subclasses_of(DomainError) if error.__module__ == "hub.video.errors")
    return sorted({str(code) for code in (*errors, *_VIDEO_CODES)} - set(ProblemCode))


def _subclasses_of(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for error in kind.__subclasses__():
        yield error
        yield from _subclasses_of(error)


def build_document(*mounted: MountedPages) -> str:
    """The OpenAPI document of every route, those of `mounted` included; the same text for the same routes."""
    app = FastAPI(responses={"default": {"model": Problem, "description": _WORDS}})
    for router in list_routers(one.router for one in mounted):
        app.include_router(router)
    described = get_openapi(title="Anling", version="1", routes=app.routes)
    for path in described["paths"].values():
        for operation in path.values():
            content = operation["responses"]["default"]["content"]
            (schema,) = content.values()
            operation["responses"]["default"]["content"] = {"application/problem+json": schema}
    schemas = described["components"]["schemas"]
    for name, codes in (("ProblemCode", problem_codes(*mounted)), ("PictureCode", picture_codes())):
        schemas[name] = {"type": "string", "enum": codes, "title": name}
    schemas["CameraFault"] = {"type": "string", "enum": [str(fault) for fault in CameraFault], "title": "CameraFault"}
    schemas["Problem"]["properties"]["code"] = {"$ref": "#/components/schemas/ProblemCode"}
    return json.dumps(described, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


async def build_document_with(names: Sequence[str]) -> str:
    """The document with the pages of these installed packages, which nothing is asked of."""
    async with AsyncExitStack() as mounts:
        mounted = [await mounts.enter_async_context(load_page_mount(name).mount(_NOWHERE)) for name in names]
        return build_document(*mounted)


async def _list_nobody() -> list[SimulatedAccount]:
    return []


def _open_nothing() -> NoReturn:
    raise RuntimeError("no database is asked for a document")


def _show_nothing(_request: Request, _name: str) -> Response:
    return Response()


_NOWHERE: Final = MountPoint(
    transaction=_open_nothing,
    now=SystemClock().now,
    public=declare_public(),
    serve_page=_show_nothing,
    list_accounts=_list_nobody,
    urls=("", ""),
    invited="",
    invitation="",
)

if __name__ == "__main__":
    sys.stdout.write(asyncio.run(build_document_with(sys.argv[1:])))
