"""The built dashboard as files: three entry pages, hashed assets, and a clear page when nothing was built."""

from mimetypes import guess_type
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, HTMLResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hub.access.may import Action
from hub.access.needs import Public
from hub.kit.http import served

STATIC = Path(__file__).parent.parent / "static"
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_NOT_BUILT = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>安铃 Anling</title>
<p>网页还没有生成。请停止后用 <code>./anling run</code> 重新启动,它会生成网页。</p>
<p>The pages have not been built. Stop the hub and start it with <code>./anling run</code>: it builds them.</p>
</html>
"""

router = APIRouter(include_in_schema=False)
_public = [Depends(Public(Action.PUBLIC))]


class Pages:
    """Where the built dashboard is; `demo`: the stage is a page."""

    def __init__(self, folder: Path, *, demo: bool) -> None:
        self._folder = folder.resolve()
        self.demo = demo

    def find(self, name: str, within: str = "") -> Path:
        """The file of this name in the folder `within` ours.

        Raises HTTPException 404 for none, for one outside of it, and for a name that no file can have.
        """
        folder = self._folder / within
        try:
            file = (folder / name).resolve()
            found = file.is_relative_to(folder) and file.is_file()
        except (OSError, ValueError) as error:
            raise HTTPException(404) from error
        if not found:
            raise HTTPException(404)
        return file

    def is_built(self) -> bool:
        """Whether there is a dashboard."""
        return (self._folder / "index.html").is_file()


OfPages = Annotated[Pages, served(Pages)]


@router.api_route("/", methods=["GET", "HEAD"], dependencies=_public)
async def staff_page(request: Request, pages: OfPages) -> Response:
    """The staff's entry."""
    return _page(request, pages, "index.html")


@router.api_route("/family", methods=["GET", "HEAD"], dependencies=_public)
async def family_page(request: Request, pages: OfPages) -> Response:
    """The family's entry."""
    return _page(request, pages, "family.html")


@router.api_route("/demo", methods=["GET", "HEAD"], dependencies=_public)
async def stage_page(request: Request, pages: OfPages) -> Response:
    """The demo's stage; 404 outside it."""
    if not pages.demo:
        raise HTTPException(404)
    return _page(request, pages, "stage.html")


@router.api_route("/assets/{name:path}", methods=["GET", "HEAD"], dependencies=_public)
async def asset(name: str, request: Request, pages: OfPages) -> Response:
    """A file whose name holds a hash of its content: it never changes."""
    return _file(request, pages.find(name, within="assets"), _FOR_EVER)


@router.api_route("/{name}", methods=["GET", "HEAD"], dependencies=_public)
async def other(name: str, request: Request, pages: OfPages) -> Response:
    """The few files that have a fixed name: the icon, the manifest, the service worker."""
    if name.endswith((".html", ".gz")):
        raise HTTPException(404)
    return _file(request, pages.find(name), _ASK_AGAIN)


def _page(request: Request, pages: Pages, name: str) -> Response:
    if not pages.is_built():
        return HTMLResponse(_NOT_BUILT, status_code=503, headers={"Retry-After": "10"})
    return _file(request, pages.find(name), _ASK_AGAIN)


def _file(request: Request, file: Path, cache_control: str) -> Response:
    headers = {"Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    media_type = guess_type(file.name)[0] or "application/octet-stream"
    zipped = file.with_name(f"{file.name}.gz")
    if "gzip" in request.headers.get("accept-encoding", "") and zipped.is_file():
        return FileResponse(zipped, media_type=media_type, headers={**headers, "Content-Encoding": "gzip"})
    return FileResponse(file, media_type=media_type, headers=headers)
