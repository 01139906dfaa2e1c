"""The notices' rows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

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


async def failures_of(conn: Conn, kind: str, row_id: str) -> int:
    """How often a row has raised, one time after the other."""
    cursor = await conn.execute(
        "SELECT failures FROM parked_row WHERE kind = %(kind)s AND row_id = %(row_id)s",
        {"kind": kind, "row_id": row_id},
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


@dataclass(frozen=True, slots=True)
class Failed:
    """The class of an exception, when it was raised, when the row is tried again (None: never), and in which hub."""

    error: str
    at: datetime
    again_at: datetime | None
    version: str


async def set_failed(conn: Conn, kind: str, row_id: str, failed: Failed) -> None:
    """Let a row wait until it is tried again, or park it."""
    await conn.execute(
        """
        INSERT INTO parked_row AS parked (kind, row_id, parked_at, again_at, failures, error, by_version)
        VALUES (%(kind)s, %(row_id)s, %(at)s, coalesce(%(again_at)s::timestamptz, 'infinity'), 1, %(error)s,
                %(version)s)
            ON CONFLICT (kind, row_id) DO UPDATE
               SET parked_at = excluded.parked_at, again_at = excluded.again_at, error = excluded.error,
                   by_version = excluded.by_version, failures = least(parked.failures, 1000000) + 1
        """,
        {
            "kind": kind,
            "row_id": row_id,
            "at": failed.at,
            "again_at": failed.again_at,
            "error": failed.error,
            "version": failed.version,
        },
    )


async def set_parked_told(conn: Conn, kind: str, row_id: str, now: datetime) -> None:
    """People are told of a parked row now."""
    await conn.execute(
        "UPDATE parked_row SET told_at = %(now)s WHERE kind = %(kind)s AND row_id = %(row_id)s",
        {"kind": kind, "row_id": row_id, "now": now},
    )


async def marks_of_other_versions(conn: Conn, version: str) -> list[tuple[str, str]]:
    """Kind and id of the rows that raised in another hub than `version`."""
    cursor = await conn.execute(
        "SELECT kind, row_id FROM parked_row WHERE by_version <> %(version)s ORDER BY kind, row_id FOR UPDATE",
        {"version": version},
    )
    return [(kind, row_id) for kind, row_id in await cursor.fetchall()]


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
