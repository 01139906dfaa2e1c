"""What becomes of a polled row that raises: it is undone, tried three times in all, then parked and noticed.

Every loop over rows takes them by `process_next_row`. What counts is a defect of ours; a database that is down counts
nothing, and who polls tries again. The marks are rows, so that another process, or this one after a start, knows them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias, TypeVar

from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.clock import ReadClock
from hub.kit.db import WORLD_IS_DOWN, Conn, Database
from hub.kit.ids import CentreId
from hub.kit.version import hub_version
from hub.notices import service, store
from hub.notices.model import NoticeCode, Raised

RETRY_AFTER: Final = (timedelta(seconds=1), timedelta(seconds=5))
"""How long after the first and the second failure a row is tried again; at the third it is parked."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PolledRow:
    """A row that a loop takes: `kind` as in `parked_row`, its id, and the centre that is notified when it raises."""

    kind: str
    id: str
    centre_id: CentreId


@dataclass(frozen=True, slots=True)
class RowWork:
    """A row that is locked, and what is to be done with it in the same transaction."""

    row: PolledRow
    do: Callable[[], Awaitable[object]]
    has_failed: bool = False
    """It raised the last time: when it works now, its mark goes."""


class BusyRows:
    """Rows for whose locks somebody waited in vain; they are left out for five seconds, so that the next ones go on."""

    LEFT_OUT_SECONDS: Final = 5.0

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until: dict[str, float] = {}

    def leave_out(self, row_id: str) -> None:
        """This row is busy from now on."""
        self._until[row_id] = self._monotonic() + self.LEFT_OUT_SECONDS

    def ids(self) -> tuple[str, ...]:
        """What is left out now."""
        now = self._monotonic()
        self._until = {row_id: until for row_id, until in self._until.items() if until > now}
        return tuple(self._until)


TakeRow: TypeAlias = Callable[[Conn, datetime], Awaitable[RowWork | None]]
"""Locks the next row that is due at this time and is not parked; None when there is none."""


async def process_next_row(database: Database, take: TakeRow, now: ReadClock) -> bool:
    """Take one row and do its work, in a transaction of its own; False when there is none to take.

    What raises is undone, and counted in another transaction. Raises psycopg.OperationalError and TimeoutError: those
    are no fault of the row, and count nothing.
    """
    async with database.transaction() as conn:
        at = now()
        taken = await take(conn, at)
        if taken is None:
            return False
        outcome = await run_in_savepoint(conn, f"{taken.row.kind} {taken.row.id}", partial(_do_work, conn, taken, at))
    if isinstance(outcome, Defect):
        async with database.transaction() as conn:
            await park_row(conn, taken.row, outcome, now())
    return True


async def _do_work(conn: Conn, taken: RowWork, now: datetime) -> None:
    if taken.has_failed:
        await unpark_row(conn, taken.row, now)
    await taken.do()


async def run_in_savepoint(conn: Conn, what: str, work: Callable[[], Awaitable[T]]) -> T | Defect:
    """Do `work` in a savepoint of its own; when it raises, its changes are undone, and the defect is returned.

    Deferred constraints are checked before the savepoint ends, so that they cannot undo more than this row.
    """

    async def apart() -> T:
        async with conn.transaction():
            done = await work()
            await conn.execute("SET CONSTRAINTS ALL IMMEDIATE")
            return done

    return await run_in_bulkhead(what, apart, expected=WORLD_IS_DOWN)


async def park_row(conn: Conn, row: PolledRow, defect: Defect, now: datetime) -> bool:
    """A row has raised, and its work is undone: it waits a moment, or is parked and noticed at the third time.

    Returns whether it is parked. `conn` is a transaction in which nothing else of the row is tried.
    """
    failures = await store.failures_of(conn, row.kind, row.id) + 1
    pause = RETRY_AFTER[failures - 1] if failures <= len(RETRY_AFTER) else None
    again_at = None if pause is None else now + pause
    await store.set_failed(conn, row.kind, row.id, store.Failed(defect.error, now, again_at, hub_version()))
    if again_at is None:
        # Apart: the mark holds though nobody can be told, or the loop would try this row again and again.
        notice = partial(notice_parked_row, conn, row, defect, now)
        await run_in_savepoint(conn, f"the notice about {row.kind} {row.id}", notice)
    return again_at is None


async def notice_parked_row(conn: Conn, row: PolledRow, defect: Defect, now: datetime) -> None:
    """Say on the board which row raised."""
    params = {"kind": row.kind, "id": row.id, "error": defect.error}
    await service.raise_notice(conn, Raised(row.centre_id, NoticeCode.ROW_PARKED, _subject_of(row), params=params), now)


async def unpark_row(conn: Conn, row: PolledRow, now: datetime) -> None:
    """The row works (again), or somebody wants it to be tried again: its mark and its notice go."""
    if await store.delete_parked(conn, row.kind, row.id):
        await clear_parked_notice(conn, row, now)


async def clear_parked_notice(conn: Conn, row: PolledRow, now: datetime) -> None:
    """The row that was noticed by `notice_parked_row` alone is mended."""
    await service.clear_notice(conn, row.centre_id, NoticeCode.ROW_PARKED, _subject_of(row), now)


async def note_told(conn: Conn, row: PolledRow, now: datetime) -> None:
    """Everybody is told of a parked row now; it is still parked."""
    await store.set_parked_told(conn, row.kind, row.id, now)


async def unpark_rows_of_other_versions(conn: Conn, centre_id: CentreId, now: datetime) -> int:
    """What raised in another version of the hub is tried again by this one; how many rows that are."""
    marks = await store.marks_of_other_versions(conn, hub_version())
    for kind, row_id in marks:
        await unpark_row(conn, PolledRow(kind, row_id, centre_id), now)
    return len(marks)


def _subject_of(row: PolledRow) -> str:
    return f"{row.kind}:{row.id}"
