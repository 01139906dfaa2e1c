"""The outbox's rows."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.kit.db import Conn
from hub.kit.ids import AccountId, AlarmId
from hub.notifications.model import ContactMethod, Telling, Template


async def insert_notifications(
    conn: Conn, telling: Telling, methods: Sequence[tuple[str, ContactMethod]], now: datetime
) -> None:
    """Queue one notification for each (new id, method)."""
    async with conn.cursor() as cur:
        await cur.executemany(
            """
            INSERT INTO notification
                   (id, centre_id, alarm_id, n, account_id, contact_method_id, channel, priority, template, params,
                    state, next_at, made_at)
            VALUES (%(id)s, %(centre_id)s, %(alarm_id)s, %(n)s, %(account_id)s, %(contact_method_id)s, %(channel)s,
                    %(priority)s, %(template)s, %(params)s, 'queued', %(now)s, %(now)s)
            """,
            [
                {
                    "id": notification_id,
                    "centre_id": telling.centre_id,
                    "alarm_id": telling.alarm_id,
                    "n": telling.n,
                    "account_id": method.account_id,
                    "contact_method_id": method.id,
                    "channel": method.channel,
                    "priority": telling.facts.priority,
                    "template": telling.template,
                    "params": Jsonb(asdict(telling.facts)),
                    "now": now,
                }
                for notification_id, method in methods
            ],
        )


async def withdraw_ringing(conn: Conn, alarm_id: AlarmId, templates: Sequence[Template], now: datetime) -> None:
    """What has not been sent yet of these templates is not needed any more; what is in flight is not retried."""
    await conn.execute(
        """
        UPDATE notification
           SET unwanted = true,
               state = CASE WHEN state = 'leased' THEN state ELSE 'dead' END,
               error = CASE WHEN state = 'leased' THEN error ELSE 'withdrawn' END,
               ended_at = CASE WHEN state = 'leased' THEN ended_at ELSE %(now)s END
         WHERE alarm_id = %(alarm_id)s AND template = ANY(%(templates)s) AND state IN ('queued', 'leased')
        """,
        {"alarm_id": alarm_id, "templates": [template.value for template in templates], "now": now},
    )


async def withdraw_messages_to(conn: Conn, account_id: AccountId, now: datetime) -> None:
    """What has not been sent yet to this account is not needed any more; what is in flight is not retried."""
    await conn.execute(
        """
        UPDATE notification
           SET unwanted = true,
               state = CASE WHEN state = 'leased' THEN state ELSE 'dead' END,
               error = CASE WHEN state = 'leased' THEN error ELSE 'withdrawn' END,
               ended_at = CASE WHEN state = 'leased' THEN ended_at ELSE %(now)s END
         WHERE account_id = %(account_id)s AND state IN ('queued', 'leased')
        """,
        {"account_id": account_id, "now": now},
    )


async def withdraw_all(conn: Conn, error: str, now: datetime) -> int:
    """Nothing that waits or was in flight is sent any more; `error` is the code that says why. Returns how many."""
    cursor = await conn.execute(
        """
        UPDATE notification
           SET state = 'dead', unwanted = true, error = %(error)s, ended_at = %(now)s,
               lease_until = NULL, leased_by = NULL
         WHERE state IN ('queued', 'leased')
        """,
        {"error": error, "now": now},
    )
    return cursor.rowcount


async def accounts_told(conn: Conn, alarm_id: AlarmId) -> list[AccountId]:
    """Everybody to whom a message of this alarm has gone out or may have gone out."""
    cursor = await conn.execute(
        """
        SELECT DISTINCT account_id
          FROM notification
         WHERE alarm_id = %(alarm_id)s AND (tries > 0 OR taken_at IS NOT NULL)
         ORDER BY account_id
        """,
        {"alarm_id": alarm_id},
    )
    return [AccountId(account_id) for (account_id,) in await cursor.fetchall()]


async def is_anybody_told_since(conn: Conn, alarm_id: AlarmId, since: datetime) -> bool:
    """Whether a channel has taken a notification of this alarm that was made since then."""
    cursor = await conn.execute(
        """
        SELECT EXISTS (
          SELECT FROM notification
           WHERE alarm_id = %(alarm_id)s AND made_at >= %(since)s AND taken_at IS NOT NULL)
        """,
        {"alarm_id": alarm_id, "since": since},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


@dataclass(frozen=True, slots=True)
class LastTold:
    """The number and the time of a telling."""

    n: int
    made_at: datetime


async def last_told_by(conn: Conn, alarm_id: AlarmId, template: Template) -> LastTold | None:
    """The newest telling of an alarm by this template."""
    async with conn.cursor(row_factory=class_row(LastTold)) as cur:
        await cur.execute(
            """
            SELECT n, made_at
              FROM notification
             WHERE alarm_id = %(alarm_id)s AND template = %(template)s
             ORDER BY n DESC
             LIMIT 1
            """,
            {"alarm_id": alarm_id, "template": template},
        )
        return await cur.fetchone()


async def move_attempts_earlier(conn: Conn, by: timedelta) -> None:
    """Let what waits for its next attempt, or for the end of a lease, wait so much less."""
    await conn.execute(
        """
        UPDATE notification
           SET next_at = next_at - %(by)s, lease_until = lease_until - %(by)s
         WHERE state IN ('queued', 'leased')
        """,
        {"by": by},
    )


async def set_taken(conn: Conn, notification_id: str, by: str, provider_id: str | None, now: datetime) -> bool:
    """A provider took it; False when the lease was not ours any more."""
    cursor = await conn.execute(
        """
        UPDATE notification
           SET state = 'taken', taken_at = %(now)s, provider_id = %(provider_id)s, error = NULL,
               lease_until = NULL, leased_by = NULL
         WHERE id = %(id)s AND state = 'leased' AND leased_by = %(by)s
        """,
        {"id": notification_id, "by": by, "provider_id": provider_id, "now": now},
    )
    return cursor.rowcount > 0


async def set_retry(conn: Conn, notification_id: str, by: str, error: str, next_at: datetime) -> bool:
    """Retry then, unless nobody needs it any more; False when the lease was not ours any more."""
    cursor = await conn.execute(
        """
        UPDATE notification
           SET state = CASE WHEN unwanted THEN 'dead' ELSE 'queued' END,
               ended_at = CASE WHEN unwanted THEN %(next_at)s END,
               error = CASE WHEN unwanted THEN 'withdrawn' ELSE %(error)s END,
               next_at = %(next_at)s, lease_until = NULL, leased_by = NULL
         WHERE id = %(id)s AND state = 'leased' AND leased_by = %(by)s
        """,
        {"id": notification_id, "by": by, "error": error, "next_at": next_at},
    )
    return cursor.rowcount > 0


async def release_after_defect(conn: Conn, notification_id: str, by: str, now: datetime) -> None:
    """It raised: it is leased no more, and due again as soon as it is not parked, unless nobody needs it then."""
    await conn.execute(
        """
        UPDATE notification
           SET state = CASE WHEN unwanted THEN 'dead' ELSE 'queued' END,
               ended_at = CASE WHEN unwanted THEN %(now)s::timestamptz END,
               error = CASE WHEN unwanted THEN 'withdrawn' ELSE 'defect' END,
               next_at = %(now)s, lease_until = NULL, leased_by = NULL
         WHERE id = %(id)s AND state = 'leased' AND leased_by = %(by)s
        """,
        {"id": notification_id, "by": by, "now": now},
    )


async def lock_message(conn: Conn, alarm_id: AlarmId, n: int, account_id: AccountId) -> None:
    """Let no other channel of this person's message fail until the transaction ends: the last one has to know it is."""
    key = f"notification {alarm_id} {n} {account_id}"
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": key})


async def set_refused(conn: Conn, notification_id: str, by: str, error: str, now: datetime) -> bool:
    """This channel is at its end; False when the lease was not ours any more."""
    cursor = await conn.execute(
        """
        UPDATE notification
           SET state = 'refused', error = %(error)s, ended_at = %(now)s, lease_until = NULL, leased_by = NULL
         WHERE id = %(id)s AND state = 'leased' AND leased_by = %(by)s
        """,
        {"id": notification_id, "by": by, "error": error, "now": now},
    )
    return cursor.rowcount > 0


async def queue_next_channel(conn: Conn, refused_id: str, new_id: str, now: datetime) -> bool:
    """Queue the same message over the account's best channel that has not been tried; False when none is left."""
    cursor = await conn.execute(
        """
        INSERT INTO notification
               (id, centre_id, alarm_id, n, account_id, contact_method_id, channel, priority, template, params,
                state, next_at, made_at)
        SELECT %(new_id)s, refused.centre_id, refused.alarm_id, refused.n, refused.account_id, contact_method.id,
               contact_method.channel, refused.priority, refused.template, refused.params, 'queued', %(now)s, %(now)s
          FROM notification AS refused
          JOIN contact_method ON contact_method.account_id = refused.account_id
         WHERE refused.id = %(refused_id)s AND NOT refused.unwanted
           AND NOT EXISTS (
             SELECT FROM notification AS tried
              WHERE tried.alarm_id = refused.alarm_id AND tried.n = refused.n
                AND tried.account_id = refused.account_id AND tried.contact_method_id = contact_method.id)
         ORDER BY contact_method.verified_at IS NOT NULL AND NOT contact_method.test_failed DESC,
                  contact_method.rank, contact_method.id
         LIMIT 1
        """,
        {"refused_id": refused_id, "new_id": new_id, "now": now},
    )
    return cursor.rowcount > 0


async def set_dead_if_last(conn: Conn, refused_id: str) -> bool:
    """Call a refused message dead when no other channel has it or may still get it; whether it is dead."""
    cursor = await conn.execute(
        """
        UPDATE notification
           SET state = 'dead'
         WHERE id = %(id)s AND state = 'refused' AND NOT unwanted
           AND NOT EXISTS (
             SELECT FROM notification AS other
              WHERE other.alarm_id = notification.alarm_id AND other.n = notification.n
                AND other.account_id = notification.account_id AND other.id <> notification.id
                AND other.state NOT IN ('refused', 'dead'))
        """,
        {"id": refused_id},
    )
    return cursor.rowcount > 0
