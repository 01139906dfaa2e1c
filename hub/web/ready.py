"""Is the hub ready? `GET /readyz`, for whoever starts it, watches it or puts a proxy before it."""

import asyncio
from contextlib import suppress
from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from hub.access.may import Action
from hub.access.needs import Public
from hub.kit.db import Database
from hub.kit.heartbeats import Process, ProcessBeat, read_beats
from hub.kit.http import HubDatabase, provide_service

router = APIRouter()
_ANSWER_WITHIN_SECONDS = 1.0


class OtherProcesses:
    """What the other processes of the hub say of themselves, as rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def alarm_path_lives(self) -> bool:
        """Whether the alarm path has said so within the last seconds; while that cannot be read, it has not."""
        return (await self.works())["alarm-path"]

    async def works(self) -> dict[str, bool]:
        """Each part, and whether it works; `broker`: whether devices can reach the alarm path."""
        said: dict[str, ProcessBeat] = {}
        with suppress(psycopg.OperationalError, TimeoutError):
            async with asyncio.timeout(_ANSWER_WITHIN_SECONDS), self._database.transaction() as conn:
                said = await read_beats(conn)
        fresh = {name: beat for name, beat in said.items() if beat.is_fresh}
        alarm_path = fresh.get(Process.ALARM_PATH)
        return {
            "alarm-path": alarm_path is not None,
            "broker": alarm_path is not None and alarm_path.hears,
            "telemetry": Process.TELEMETRY in fresh,
        }


class Readiness(BaseModel):
    """Ready when every part is."""

    ready: bool
    parts: dict[str, bool]


@router.get("/readyz", dependencies=[Depends(Public(Action.PUBLIC))], responses={503: {"model": Readiness}})
async def report_readiness(
    response: Response, hub: HubDatabase, others: Annotated[OtherProcesses, provide_service(OtherProcesses)]
) -> Readiness:
    """200 when every part of the hub works, else 503."""
    works = {"database": await _database_answers(hub), **await others.works()}
    readiness = Readiness(ready=all(works.values()), parts=works)
    response.status_code = 200 if readiness.ready else 503
    return readiness


async def _database_answers(database: Database) -> bool:
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_SECONDS), database.transaction() as conn:
            await conn.execute("SELECT 1")
    except (psycopg.OperationalError, TimeoutError):
        return False
    return True
