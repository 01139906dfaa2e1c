"""The built dashboard as files: entry pages, hashed assets, and a clear page where there is none."""

from mimetypes import guess_type
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from hub.access.may import Action
from hub.access.needs import Public
from hub.kit.http import answer_http_exception, provide_service

STATIC = Path(__file__).parent.parent / "static"
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_NOT_BUILT = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>安铃 Anling</title>
<p>网页还没有生成。请停止后用 <code>./anling run</code> 重新启动，它会生成网页。</p>
<p>The pages have not been built. Stop the hub and start it with <code>./anling run</code>: it builds them.</p>
</html>
"""

_LOST = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>安铃 Anling</title>
<h1>没有这一页</h1>
<p>网址可能少了几个字。工作人员请打开<a href="/">值班看板</a>，家人请打开<a href="/family">家人的页面</a>。</p>
<div lang="en"><h2>There is no such page</h2>
<p>Something may be missing in the address. Staff: open the <a href="/">duty board</a>.
Family: open the <a href="/family">family’s page</a>.</p></div>
</html>
"""
_ENTRIES = frozenset({"/family"})

router = APIRouter(include_in_schema=False)
_public = [Depends(Public(Action.PUBLIC))]


class Pages:
    """Where the built dashboard is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

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


OfPages = Annotated[Pages, provide_service(Pages)]


@router.api_route("/", methods=["GET", "HEAD"], dependencies=_public)
async def staff_page(request: Request, pages: OfPages) -> Response:
    """The staff's entry."""
    return serve_page(request, pages, "index.html")


@router.api_route("/family", methods=["GET", "HEAD"], dependencies=_public)
async def family_page(request: Request, pages: OfPages) -> Response:
    """The family's entry."""
    return serve_page(request, pages, "family.html")


@router.api_route("/assets/{name:path}", methods=["GET", "HEAD"], dependencies=_public)
async def serve_asset(name: str, request: Request, pages: OfPages) -> Response:
    """A file whose name holds a hash of its content: it never changes."""
    return _serve_file(request, pages.find(name, within="assets"), _FOR_EVER)


@router.api_route("/{name}", methods=["GET", "HEAD"], dependencies=_public)
async def serve_fixed_file(name: str, request: Request, pages: OfPages) -> Response:
    """The few files that have a fixed name: the icon, the manifest, the service worker."""
    if name.endswith((".html", ".gz")):
        raise HTTPException(404)
    return _serve_file(request, pages.find(name), _ASK_AGAIN)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """An HTTPException as people and programs can read it: who follows a wrong address with a browser gets a page, and
    an entry with a slash behind it leads to the entry.
    """
    assert isinstance(error, HTTPException)
    path = request.url.path
    is_visit = request.method in {"GET", "HEAD"} and "text/html" in request.headers.get("accept", "")
    if error.status_code != 404 or not is_visit or path.startswith("/api/"):
        return await answer_http_exception(request, error)
    entry = path.rstrip("/")
    if path != entry and entry in _ENTRIES:
        return RedirectResponse(entry, status_code=308)
    return HTMLResponse(_LOST, status_code=404)


def serve_page(request: Request, pages: Pages, name: str) -> Response:
    """A page of the dashboard; where it has not been built, one that says how it is."""
    if not pages.is_built():
        return HTMLResponse(_NOT_BUILT, status_code=503, headers={"Retry-After": "10"})
    return _serve_file(request, pages.find(name), _ASK_AGAIN)


def _serve_file(request: Request, file: Path, cache_control: str) -> Response:
    headers = {"Cache-Control": cache_control, "Vary": "Accept-Encoding"}
    media_type = guess_type(file.name)[0] or "application/octet-stream"
    zipped = file.with_name(f"{file.name}.gz")
    if "gzip" in request.headers.get("accept-encoding", "") and zipped.is_file():
        return FileResponse(zipped, media_type=media_type, headers={**headers, "Content-Encoding": "gzip"})
    return FileResponse(file, media_type=media_type, headers=headers)
