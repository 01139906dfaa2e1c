"""The notices' rows."""

from collections.abc import Collection
from datetime import datetime
from functools import partial

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.kit.bulkhead import call_in_bulkhead
from hub.kit.db import Conn
from hub.kit.due_jobs import DueJob
from hub.kit.ids import CentreId, NoticeId
from hub.notices.model import Notice, Raised


async def upsert_notice(conn: Conn, notice_id: NoticeId, raised: Raised, now: datetime) -> NoticeId:
    """One more time for the standing notice of this code and subject, or a new one."""
    cursor = await conn.execute(
        """
        INSERT INTO notice (id, centre_id, code, priority, subject, params, raised_at, last_at)
        VALUES (%(id)s, %(centre_id)s, %(code)s, %(priority)s, %(subject)s, %(params)s, %(now)s, %(now)s)
            ON CONFLICT (centre_id, code, subject) WHERE cleared_at IS NULL
            DO UPDATE SET last_at = excluded.last_at, times = least(notice.times, 1000000) + 1, params = excluded.params
        RETURNING id
        """,
        {
            "id": notice_id,
            "centre_id": raised.centre_id,
            "code": raised.code,
            "priority": raised.priority,
            "subject": raised.subject,
            "params": Jsonb(dict(raised.params)),
            "now": now,
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    return NoticeId(row[0])


async def clear_notice(conn: Conn, centre_id: CentreId, code: str, subject: str, now: datetime) -> None:
    """End the standing notice of this code and subject, if there is one."""
    await conn.execute(
        """
        UPDATE notice
           SET cleared_at = %(now)s
         WHERE centre_id = %(centre_id)s AND code = %(code)s AND subject = %(subject)s AND cleared_at IS NULL
        """,
        {"centre_id": centre_id, "code": code, "subject": subject, "now": now},
    )


async def clear_stale_notices(conn: Conn, codes: Collection[str], last_before: datetime, now: datetime) -> int:
    """End the standing notices of these codes that were last raised then or before; how many that were.

    One that somebody is raising again is left out, so that this causes no deadlock.
    """
    cursor = await conn.execute(
        """
        WITH quiet AS (
          SELECT id
            FROM notice
           WHERE cleared_at IS NULL AND code = ANY(%(codes)s) AND last_at <= %(last_before)s
             FOR UPDATE SKIP LOCKED
        )
        UPDATE notice
           SET cleared_at = %(now)s
          FROM quiet
         WHERE notice.id = quiet.id
        """,
        {"codes": sorted(codes), "last_before": last_before, "now": now},
    )
    return cursor.rowcount


async def list_standing_notices(conn: Conn, centre_id: CentreId, limit: int) -> list[Notice]:
    """The notices that stand, newest first."""
    async with conn.cursor(row_factory=class_row(Notice)) as cur:
        await cur.execute(
            """
            SELECT id, centre_id, code, priority, subject, params, raised_at, last_at, times, cleared_at
              FROM notice
             WHERE centre_id = %(centre_id)s AND cleared_at IS NULL
             ORDER BY priority, last_at DESC
             LIMIT %(limit)s
            """,
            {"centre_id": centre_id, "limit": limit},
        )
        return await cur.fetchall()


async def list_notices_about(conn: Conn, centre_id: CentreId, subject: str) -> list[Notice]:
    """The notices about this subject that stand, by code."""
    async with conn.cursor(row_factory=class_row(Notice)) as cur:
        await cur.execute(
            """
            SELECT id, centre_id, code, priority, subject, params, raised_at, last_at, times, cleared_at
              FROM notice
             WHERE centre_id = %(centre_id)s AND subject = %(subject)s AND cleared_at IS NULL
             ORDER BY code
            """,
            {"centre_id": centre_id, "subject": subject},
        )
        return await cur.fetchall()


async def find_notice(conn: Conn, notice_id: NoticeId) -> Notice | None:
    """The notice with this id."""
    async with conn.cursor(row_factory=class_row(Notice)) as cur:
        await cur.execute(
            """
            SELECT id, centre_id, code, priority, subject, params, raised_at, last_at, times, cleared_at
              FROM notice
             WHERE id = %(id)s
            """,
            {"id": notice_id},
        )
        return await cur.fetchone()


async def newest_noticed_time(conn: Conn, code: str) -> datetime | None:
    """The latest time that a standing notice of this code names as `newest`; what names none is passed over."""
    cursor = await conn.execute(
        "SELECT id, params ->> 'newest' FROM notice WHERE code = %(code)s AND cleared_at IS NULL", {"code": code}
    )
    return max(
        (
            named
            for notice_id, newest in await cursor.fetchall()
            if newest is not None
            and isinstance(named := call_in_bulkhead(f"notice {notice_id}", partial(_read_moment, newest)), datetime)
        ),
        default=None,
    )


def _read_moment(written: str) -> datetime:
    """An aware time. Raises ValueError."""
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment


async def failures_of(conn: Conn, kind: str, row_id: str) -> int:
    """How often a row has raised, one time after the other."""
    cursor = await conn.execute(
        "SELECT failures FROM parked_row WHERE kind = %(kind)s AND row_id = %(row_id)s",
        {"kind": kind, "row_id": row_id},
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def set_parked(conn: Conn, kind: str, row_id: str, error: str, now: datetime, again_at: datetime) -> None:
    """Park a row until `again_at`."""
    await conn.execute(
        """
        INSERT INTO parked_row AS parked (kind, row_id, parked_at, again_at, failures, error)
        VALUES (%(kind)s, %(row_id)s, %(now)s, %(again_at)s, 1, %(error)s)
            ON CONFLICT (kind, row_id) DO UPDATE
               SET parked_at = excluded.parked_at, again_at = excluded.again_at, error = excluded.error,
                   failures = least(parked.failures, 1000000) + 1
        """,
        {"kind": kind, "row_id": row_id, "now": now, "again_at": again_at, "error": error},
    )


async def delete_parked(conn: Conn, kind: str, row_id: str) -> bool:
    """The row is parked no more; whether it was."""
    cursor = await conn.execute(
        "DELETE FROM parked_row WHERE kind = %(kind)s AND row_id = %(row_id)s", {"kind": kind, "row_id": row_id}
    )
    return cursor.rowcount > 0


async def lock_due_job(conn: Conn, now: datetime) -> DueJob | None:
    """Lock the job that is due longest; those that somebody else does now, or that are parked, are skipped."""
    async with conn.cursor(row_factory=class_row(DueJob)) as cur:
        await cur.execute(
            """
            SELECT due_job.id, due_job.centre_id, due_job.kind, due_job.subject,
                   parked_row.row_id IS NOT NULL AS was_parked
              FROM due_job
              LEFT JOIN parked_row ON parked_row.kind = 'due-job' AND parked_row.row_id = due_job.id
             WHERE least(due_job.due_at, due_job.near_at) <= %(now)s
               AND NOT EXISTS (
                 SELECT FROM parked_rows_at('due-job', %(now)s) AS parked WHERE parked.row_id = due_job.id)
             ORDER BY least(due_job.due_at, due_job.near_at), due_job.id
             LIMIT 1
               FOR UPDATE OF due_job SKIP LOCKED
            """,
            {"now": now},
        )
        return await cur.fetchone()
