"""The rows of accept links, and how far the telling of each person has got."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import class_row, dict_row

from hub.kit.clock import ClockSet
from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId
from hub.notifications.model import AcceptLink, LeasedNotification, NotificationState, Told


async def adjust_links_to_clock(conn: Conn, clock_set: ClockSet) -> None:
    """Let accept links that were made under the wrong time hold for as long as before."""
    await conn.execute(
        """
        UPDATE accept_link
           SET made_at = made_at + %(by)s, ends_at = ends_at + %(by)s
         WHERE (%(before)s::timestamptz IS NULL OR made_at < %(before)s)
           AND (%(from)s::timestamptz IS NULL OR made_at >= %(from)s)
           AND ends_at > %(since)s - %(by)s AND ends_at < '9999-01-01'
        """,
        {
            "by": clock_set.by,
            "before": clock_set.told_before,
            "since": clock_set.since,
            "from": clock_set.wrong_from,
        },
    )


async def clamp_links(conn: Conn, now: datetime) -> None:
    """No link that was made by a later clock holds for longer from now than when it was made."""
    await conn.execute(
        """
        UPDATE accept_link
           SET made_at = %(now)s, ends_at = ends_at - (made_at - %(now)s)
         WHERE made_at > %(now)s AND made_at < '9999-01-01' AND isfinite(ends_at)
        """,
        {"now": now},
    )


async def insert_link(
    conn: Conn, token_hash: bytes, outgoing: LeasedNotification, ends_at: datetime, now: datetime
) -> None:
    """Store the hash of a link's token; the token itself is only in the message."""
    await conn.execute(
        """
        INSERT INTO accept_link (id, notification_id, alarm_id, account_id, made_at, ends_at)
        VALUES (%(id)s, %(notification_id)s, %(alarm_id)s, %(account_id)s, %(now)s, %(ends_at)s)
        """,
        {
            "id": token_hash,
            "notification_id": outgoing.id,
            "alarm_id": outgoing.alarm_id,
            "account_id": outgoing.to.account_id,
            "now": now,
            "ends_at": ends_at,
        },
    )


async def find_link(conn: Conn, token_hash: bytes) -> AcceptLink | None:
    """The link with this hash, unless its account is disabled."""
    async with conn.cursor(row_factory=class_row(AcceptLink)) as cur:
        await cur.execute(
            """
            SELECT accept_link.alarm_id, accept_link.account_id, accept_link.notification_id, accept_link.ends_at
              FROM accept_link
              JOIN account ON account.id = accept_link.account_id AND account.active
             WHERE accept_link.id = %(id)s
            """,
            {"id": token_hash},
        )
        return await cur.fetchone()


async def set_answered(conn: Conn, notification_id: str, now: datetime) -> None:
    """Its person answered through its link; that also proves that it arrived."""
    await conn.execute(
        """
        UPDATE notification
           SET state = 'answered', answered_at = %(now)s, taken_at = coalesce(taken_at, %(now)s), ended_at = NULL,
               lease_until = NULL, leased_by = NULL
         WHERE id = %(id)s AND state <> 'answered'
        """,
        {"id": notification_id, "now": now},
    )


async def list_told(conn: Conn, alarm_ids: Sequence[AlarmId]) -> list[Told]:
    """Who was told of these alarms, each once with the best that any message reached, in the order of telling."""
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            """
            SELECT told.alarm_id, told.account_id, account.name, account.name_en, told.state
              FROM (SELECT DISTINCT ON (alarm_id, account_id) alarm_id, account_id, state,
                           min(made_at) OVER (PARTITION BY alarm_id, account_id) AS first_at
                      FROM notification
                     WHERE alarm_id = ANY(%(alarm_ids)s) AND NOT (state = 'dead' AND unwanted)
                     ORDER BY alarm_id, account_id,
                              array_position(ARRAY['answered', 'read', 'delivered', 'taken', 'leased', 'queued',
                                                   'refused', 'dead'], state)) AS told
              JOIN account ON account.id = told.account_id
             ORDER BY told.alarm_id, told.first_at, told.account_id
            """,
            {"alarm_ids": list(alarm_ids)},
        )
        return [
            Told(
                AlarmId(row["alarm_id"]),
                AccountId(row["account_id"]),
                row["name"],
                row["name_en"],
                NotificationState(row["state"]),
            )
            for row in await cur.fetchall()
        ]


async def end_all_links(conn: Conn, now: datetime) -> None:
    """End every accept link that still works."""
    await conn.execute("UPDATE accept_link SET ends_at = %(now)s WHERE ends_at > %(now)s", {"now": now})
