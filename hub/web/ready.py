"""Is the hub ready? `GET /readyz`, for whoever starts it, watches it or puts a proxy before it."""

import asyncio
from collections.abc import Callable
from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from hub.access.may import Action
from hub.access.needs import Public
from hub.kit.db import Database
from hub.kit.http import HubDatabase, served

router = APIRouter()
_PATIENCE_SECONDS = 1.0


class Parts:
    """The parts of the hub that say themselves whether they work; `app` sets them as they come and go."""

    def __init__(self, *names: str) -> None:
        self._asked: dict[str, Callable[[], bool]] = dict.fromkeys(names, lambda: False)

    def set(self, name: str, *, works: bool) -> None:
        """Part `name` works, or does not."""
        self._asked[name] = lambda: works

    def ask(self, name: str, works: Callable[[], bool]) -> None:
        """Whether part `name` works is asked each time anew."""
        self._asked[name] = works

    def now(self) -> dict[str, bool]:
        """Each part, and whether it works."""
        return {name: works() for name, works in self._asked.items()}


class Readiness(BaseModel):
    """Ready when every part is."""

    ready: bool
    parts: dict[str, bool]


@router.get("/readyz", dependencies=[Depends(Public(Action.PUBLIC))], responses={503: {"model": Readiness}})
async def ready(response: Response, hub: HubDatabase, parts: Annotated[Parts, served(Parts)]) -> Readiness:
    """200 when every part of the hub works, else 503."""
    works = {"database": await _answers(hub), **parts.now()}
    readiness = Readiness(ready=all(works.values()), parts=works)
    response.status_code = 200 if readiness.ready else 503
    return readiness


async def _answers(database: Database) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), database.transaction() as conn:
            await conn.execute("SELECT 1")
    except (psycopg.OperationalError, TimeoutError):
        return False
    return True
