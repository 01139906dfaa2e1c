"""What waits for a moment, over restarts and wrong clocks: rows that say which work is due about which row, and when.

A job is due when the clock reaches its time. A clock that shows a time before the job was made is wrong, for example
after a power cut without a battery: from then on the job waits no longer than when it was made. When somebody sets the
clock right, the job's own time counts again, so that nothing is done early.
"""

from dataclasses import dataclass
from datetime import datetime

from hub.kit.db import Conn
from hub.kit.ids import CentreId, new_id


@dataclass(frozen=True, slots=True)
class DueJob:
    """Work of this `kind` on the row `subject`, which does not begin before its time. `was_parked`: it raised."""

    id: str
    centre_id: CentreId
    kind: str
    subject: str
    was_parked: bool


async def set_due_job(
    conn: Conn, centre_id: CentreId, kind: str, subject: str, due_at: datetime, now: datetime
) -> None:
    """Let this work be due at `due_at`, or at once when that has passed, instead of any time it was due at before.

    Before the row that it is about is locked: whoever does a job has locked the job first.
    """
    await conn.execute(
        """
        INSERT INTO due_job (id, centre_id, kind, subject, made_at, due_at)
        VALUES (%(id)s, %(centre_id)s, %(kind)s, %(subject)s, %(now)s, greatest(%(due_at)s, %(now)s))
            ON CONFLICT (kind, subject) DO UPDATE
           SET made_at = excluded.made_at, due_at = excluded.due_at, near_at = NULL
        """,
        {
            "id": new_id("j", now),
            "centre_id": centre_id,
            "kind": kind,
            "subject": subject,
            "due_at": due_at,
            "now": now,
        },
    )


async def follow_clock(conn: Conn, now: datetime, *, was_set: bool | None) -> None:
    """Limit each wait to its full length, and let the job's own time count again once the clock is right.

    `was_set`: whether somebody has set the clock since the last call; None after a start, when nobody knows. Then a
    clock that is still behind is taken for one that was left alone, any other for one that was set right.
    """
    await conn.execute(
        """
        UPDATE due_job
           SET near_at = CASE WHEN made_at > %(now)s THEN %(now)s + (due_at - made_at) END
         WHERE (made_at > %(now)s
                AND (near_at IS NULL OR near_at > %(now)s + (due_at - made_at) OR %(was_set)s))
            OR (made_at <= %(now)s AND near_at IS NOT NULL AND %(may_be_right)s)
        """,
        {"now": now, "was_set": was_set is True, "may_be_right": was_set is not False},
    )


async def delete_due_job(conn: Conn, job: DueJob) -> None:
    """The work of a locked job is done."""
    await conn.execute("DELETE FROM due_job WHERE id = %(id)s", {"id": job.id})
