"""What becomes of a polled row that raises: it is rolled back, parked and noticed, and the next row goes on.

The mark is a row, so that another hub, or this one after a start, does not retry before it is due either.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.db import WORLD_IS_DOWN, Conn
from hub.kit.ids import CentreId
from hub.notices import service, store
from hub.notices.model import NoticeCode, Raised

AGAIN_AFTER: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5))
"""The last holds for every further failure: a mended hub is back at the row within five minutes."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PolledRow:
    """A row that a loop takes: `kind` as in `parked_row`, its id, and the centre that is notified when it raises."""

    kind: str
    id: str
    centre_id: CentreId


async def run_or_park(conn: Conn, row: PolledRow, work: Callable[[], Awaitable[T]], now: datetime) -> T | Defect:
    """Do `work` for one row, in a savepoint of its own; when it raises, its changes are undone and the row is parked.

    Deferred constraints are checked before the savepoint ends, so that they cannot undo more than this row. Raises
    psycopg.OperationalError and TimeoutError: those are no fault of the row.
    """
    outcome = await run_in_savepoint(conn, f"{row.kind} {row.id}", work)
    if isinstance(outcome, Defect):
        await park_row(conn, row, outcome, now)
    return outcome


async def run_in_savepoint(conn: Conn, what: str, work: Callable[[], Awaitable[T]]) -> T | Defect:
    """Do `work` in a savepoint of its own; when it raises, its changes are undone, and the defect is returned."""

    async def apart() -> T:
        async with conn.transaction():
            done = await work()
            await conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
            return done

    return await run_in_bulkhead(what, apart, expected=WORLD_IS_DOWN)


async def park_row(conn: Conn, row: PolledRow, defect: Defect, now: datetime) -> None:
    """Park a row until it is to be retried; noticed with its id."""
    failures = await store.failures_of(conn, row.kind, row.id) + 1
    again_at = now + AGAIN_AFTER[min(failures, len(AGAIN_AFTER)) - 1]
    await store.set_parked(conn, row.kind, row.id, defect.error, now, again_at)
    await notice_parked_row(conn, row, defect, now)


async def notice_parked_row(conn: Conn, row: PolledRow, defect: Defect, now: datetime) -> None:
    """Say on the board which row raised."""
    params = {"kind": row.kind, "id": row.id, "error": defect.error}
    await service.raise_notice(conn, Raised(row.centre_id, NoticeCode.ROW_PARKED, _subject_of(row), params=params), now)


async def unpark_row(conn: Conn, row: PolledRow, now: datetime) -> None:
    """The row works (again): its mark and its notice go."""
    if await store.delete_parked(conn, row.kind, row.id):
        await service.clear_notice(conn, row.centre_id, NoticeCode.ROW_PARKED, _subject_of(row), now)


def _subject_of(row: PolledRow) -> str:
    return f"{row.kind}:{row.id}"
