"""The alarms that loops look for, each with its lock. One function, one statement; what is parked is left out."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from hub.kit.db import Conn
from hub.kit.ids import AlarmId, CentreId


@dataclass(frozen=True, slots=True)
class PolledAlarm:
    """An alarm that is locked. `has_failed`: it raised the last time."""

    id: AlarmId
    centre_id: CentreId
    has_failed: bool


@dataclass(frozen=True, slots=True)
class ToldBefore:
    """Who was last told of an alarm before these times is told again: of an open one, and of one that has an owner."""

    open: datetime
    owned: datetime


async def lock_reached_alarm(conn: Conn, now: datetime) -> PolledAlarm | None:
    """Lock an alarm that is flagged as unreachable although a channel has taken a notification since it opened."""
    async with conn.cursor(row_factory=class_row(PolledAlarm)) as cur:
        await cur.execute(
            """
            SELECT alarm.id, alarm.centre_id, parked_row.row_id IS NOT NULL AS has_failed
              FROM alarm
              LEFT JOIN parked_row ON parked_row.kind = 'alarm' AND parked_row.row_id = alarm.id
             WHERE alarm.unreachable
               AND NOT EXISTS (
                 SELECT FROM parked_rows_at('alarm', %(now)s) AS parked WHERE parked.row_id = alarm.id)
               AND EXISTS (
                 SELECT FROM notification
                  WHERE notification.alarm_id = alarm.id AND notification.taken_at IS NOT NULL
                    AND notification.made_at >= alarm.open_since)
             LIMIT 1
               FOR NO KEY UPDATE OF alarm SKIP LOCKED
            """,
            {"now": now},
        )
        return await cur.fetchone()


async def lock_alarm_of_disabled_owner(conn: Conn, now: datetime) -> PolledAlarm | None:
    """Lock an alarm whose owner's account is disabled."""
    async with conn.cursor(row_factory=class_row(PolledAlarm)) as cur:
        await cur.execute(
            """
            SELECT alarm.id, alarm.centre_id, parked_row.row_id IS NOT NULL AS has_failed
              FROM alarm
              LEFT JOIN parked_row ON parked_row.kind = 'alarm' AND parked_row.row_id = alarm.id
             WHERE alarm.state IN ('accepted', 'on_scene')
               AND NOT EXISTS (
                 SELECT FROM parked_rows_at('alarm', %(now)s) AS parked WHERE parked.row_id = alarm.id)
               AND EXISTS (SELECT FROM account WHERE account.id = alarm.owner_id AND NOT account.active)
             LIMIT 1
               FOR NO KEY UPDATE OF alarm SKIP LOCKED
            """,
            {"now": now},
        )
        return await cur.fetchone()


async def lock_untold_parked_alarm(conn: Conn, now: datetime, told_before: ToldBefore) -> PolledAlarm | None:
    """Lock a live alarm that is parked and of which everybody was not told since these times.

    A time later than now is of a clock that was set back.
    """
    async with conn.cursor(row_factory=class_row(PolledAlarm)) as cur:
        await cur.execute(
            """
            SELECT alarm.id, alarm.centre_id, true AS has_failed
              FROM parked_row
              JOIN alarm ON alarm.id = parked_row.row_id
             WHERE parked_row.kind = 'alarm' AND parked_row.again_at = 'infinity'
               AND alarm.state NOT IN ('resolved', 'closed')
               AND (parked_row.told_at IS NULL OR parked_row.told_at > %(now)s
                    OR parked_row.told_at <= CASE alarm.state WHEN 'open' THEN %(open)s ELSE %(owned)s END)
             ORDER BY parked_row.told_at NULLS FIRST, alarm.id
             LIMIT 1
               FOR NO KEY UPDATE OF alarm SKIP LOCKED
            """,
            {"now": now, "open": told_before.open, "owned": told_before.owned},
        )
        return await cur.fetchone()


async def lost_marks(conn: Conn, now: datetime) -> list[tuple[str, str]]:
    """Kind and id of each mark of a row that raised and waits no more: closed, sent, ended or deleted."""
    cursor = await conn.execute(
        """
        SELECT parked_row.kind, parked_row.row_id
          FROM parked_row
         WHERE NOT EXISTS (
                 SELECT FROM alarm WHERE parked_row.kind = 'alarm' AND id = parked_row.row_id AND state <> 'closed')
           AND NOT EXISTS (
                 SELECT FROM notification
                  WHERE parked_row.kind = 'notification' AND id = parked_row.row_id AND state IN ('queued', 'leased'))
           AND NOT EXISTS (
                 SELECT FROM device_command
                  WHERE parked_row.kind = 'device-command' AND id = parked_row.row_id AND ended_at IS NULL
                   AND until_at > %(now)s)
           AND NOT EXISTS (
                 SELECT FROM rule_state
                  WHERE parked_row.kind = 'rule-memory' AND rule_id || ' ' || key = parked_row.row_id
                   AND since_at IS NOT NULL)
           AND NOT EXISTS (SELECT FROM finding WHERE parked_row.kind = 'finding' AND n::text = parked_row.row_id)
           AND NOT EXISTS (SELECT FROM due_job WHERE parked_row.kind = 'due-job' AND id = parked_row.row_id)
        """,
        {"now": now},
    )
    return [(kind, row_id) for kind, row_id in await cursor.fetchall()]
