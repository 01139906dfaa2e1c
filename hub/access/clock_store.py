"""What sessions and links wait for when the wall clock was set. One function, one statement."""

from datetime import datetime

from hub.kit.clock import ClockSet
from hub.kit.db import Conn


async def shift_sessions(conn: Conn, clock_set: ClockSet) -> None:
    """Let open sessions that were used under the wrong time hold for as long as before."""
    await conn.execute(
        """
        UPDATE session
           SET created_at = created_at + %(by)s, seen_at = seen_at + %(by)s, idle_until = idle_until + %(by)s,
               ends_at = ends_at + %(by)s
         WHERE ended_at IS NULL
           AND (%(before)s::timestamptz IS NULL OR seen_at < %(before)s)
           AND (%(from)s::timestamptz IS NULL OR seen_at >= %(from)s)
           AND least(idle_until, ends_at) > %(since)s - %(by)s AND greatest(idle_until, ends_at) < '9999-01-01'
        """,
        {"by": clock_set.by, "before": clock_set.told_before, "since": clock_set.since, "from": clock_set.wrong_from},
    )


async def shift_invitations(conn: Conn, clock_set: ClockSet) -> None:
    """Let links of invited people that were made under the wrong time hold for as long as before."""
    await conn.execute(
        """
        UPDATE invitation
           SET made_at = made_at + %(by)s, ends_at = ends_at + %(by)s
         WHERE used_at IS NULL
           AND (%(before)s::timestamptz IS NULL OR made_at < %(before)s)
           AND (%(from)s::timestamptz IS NULL OR made_at >= %(from)s)
           AND ends_at > %(since)s - %(by)s AND ends_at < '9999-01-01'
        """,
        {"by": clock_set.by, "before": clock_set.told_before, "since": clock_set.since, "from": clock_set.wrong_from},
    )


async def shift_first_links(conn: Conn, clock_set: ClockSet) -> None:
    """The same for the link of the first administrator."""
    await conn.execute(
        """
        UPDATE first_administrator
           SET made_at = made_at + %(by)s, ends_at = ends_at + %(by)s
         WHERE used_at IS NULL
           AND (%(before)s::timestamptz IS NULL OR made_at < %(before)s)
           AND (%(from)s::timestamptz IS NULL OR made_at >= %(from)s)
           AND ends_at > %(since)s - %(by)s AND ends_at < '9999-01-01'
        """,
        {"by": clock_set.by, "before": clock_set.told_before, "since": clock_set.since, "from": clock_set.wrong_from},
    )


async def clamp_sessions(conn: Conn, now: datetime) -> None:
    """No session that was used by a later clock holds for longer from now than it did then."""
    await conn.execute(
        """
        UPDATE session
           SET created_at = least(created_at, %(now)s), seen_at = %(now)s,
               idle_until = idle_until - (seen_at - %(now)s), ends_at = ends_at - (seen_at - %(now)s)
         WHERE ended_at IS NULL AND seen_at > %(now)s AND seen_at < '9999-01-01'
           AND isfinite(idle_until) AND isfinite(ends_at)
        """,
        {"now": now},
    )


async def clamp_invitations(conn: Conn, now: datetime) -> None:
    """No link that was made by a later clock holds for longer from now than when it was made."""
    await conn.execute(
        """
        UPDATE invitation
           SET made_at = %(now)s, ends_at = ends_at - (made_at - %(now)s)
         WHERE used_at IS NULL AND made_at > %(now)s AND made_at < '9999-01-01' AND isfinite(ends_at)
        """,
        {"now": now},
    )


async def clamp_first_links(conn: Conn, now: datetime) -> None:
    """The same for the link of the first administrator."""
    await conn.execute(
        """
        UPDATE first_administrator
           SET made_at = %(now)s, ends_at = ends_at - (made_at - %(now)s)
         WHERE used_at IS NULL AND made_at > %(now)s AND made_at < '9999-01-01' AND isfinite(ends_at)
        """,
        {"now": now},
    )
