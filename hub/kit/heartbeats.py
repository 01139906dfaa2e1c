"""Do the other processes live? Each that serves devices writes a heartbeat every second; the pages read it."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import psycopg
from psycopg.rows import class_row

from hub.kit.db import Conn, Database

log = logging.getLogger(__name__)

BEAT_SECONDS: Final = 1.0
STALE_SECONDS: Final = 4.0
"""Three beats that did not come: a process that is only slow has written one by then."""
_WRITE_SECONDS: Final = 3.0


class Process(StrEnum):
    """Who writes beats."""

    ALARM_PATH = "alarm-path"
    TELEMETRY = "telemetry"


@dataclass(frozen=True, slots=True)
class ProcessBeat:
    """What a process said last. `hears`: whether devices could reach it."""

    process: str
    seconds_ago: float
    hears: bool

    @property
    def is_fresh(self) -> bool:
        """Whether the process lives, as far as its last beat tells."""
        return self.seconds_ago <= STALE_SECONDS


async def write_beats(database: Database, process: Process, hears: Callable[[], bool]) -> None:
    """Write a beat every second, until cancelled; while the database is down there is none."""
    while True:
        try:
            async with asyncio.timeout(_WRITE_SECONDS), database.transaction() as conn:
                await write_beat(conn, process, hears=hears())
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("that this process lives could not be written: %s", type(error).__name__)
        await asyncio.sleep(BEAT_SECONDS)


async def write_beat(conn: Conn, process: Process, *, hears: bool) -> None:
    """This process lives."""
    await conn.execute(
        """
        WITH quickly AS (
          SELECT set_config('synchronous_commit', 'off', true)
        )
        INSERT INTO process_beat (process, at, hears)
        SELECT %(process)s, clock_timestamp(), %(hears)s
          FROM quickly
            ON CONFLICT (process) DO UPDATE SET at = excluded.at, hears = excluded.hears
        """,
        {"process": process, "hears": hears},
    )


async def read_beats(conn: Conn) -> dict[str, ProcessBeat]:
    """The last beat of each process that ever wrote one."""
    async with conn.cursor(row_factory=class_row(ProcessBeat)) as cursor:
        await cursor.execute(
            """
            SELECT process, extract(epoch FROM clock_timestamp() - at)::float8 AS seconds_ago, hears
              FROM process_beat
            """
        )
        return {beat.process: beat for beat in await cursor.fetchall()}
