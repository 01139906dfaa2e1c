"""The timers that alarms wait for, and the deadlines that cards count down. One function, one statement.

Alarms are locked as `store` says.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hub.alarms.model import AMBULANCE_CARD_AFTER, Alarm, Pending, Timer, TimerKind
from hub.kit.clock import ClockSet
from hub.kit.db import Conn
from hub.kit.ids import AlarmId


async def void_timers(conn: Conn, alarm_id: AlarmId, kinds: Sequence[TimerKind], now: datetime) -> None:
    """The pending timers of these kinds count no more."""
    await conn.execute(
        """
        UPDATE alarm_timer
           SET done_at = %(now)s, ended = 'void'
         WHERE alarm_id = %(alarm_id)s AND kind = ANY(%(kinds)s) AND done_at IS NULL
        """,
        {"alarm_id": alarm_id, "kinds": [kind.value for kind in kinds], "now": now},
    )


async def insert_timers(conn: Conn, alarm: Alarm, timers: Sequence[tuple[str, Pending]], now: datetime) -> None:
    """Let the alarm wait for these (new id, timer), in its present epoch."""
    if not timers:
        return
    await conn.execute(
        """
        INSERT INTO alarm_timer (id, alarm_id, kind, due_at, epoch, made_at)
        SELECT id, %(alarm_id)s, kind, due_at, %(epoch)s, %(now)s
          FROM unnest(%(ids)s::text[], %(kinds)s::text[], %(due_ats)s::timestamptz[]) AS timer (id, kind, due_at)
        """,
        {
            "alarm_id": alarm.id,
            "epoch": alarm.epoch,
            "now": now,
            "ids": [timer_id for timer_id, _ in timers],
            "kinds": [timer.kind.value for _, timer in timers],
            "due_ats": [timer.due_at for _, timer in timers],
        },
    )


async def lock_due_timer(conn: Conn, now: datetime) -> Timer | None:
    """Lock the timer that is due longest, and its alarm; those locked by somebody else, or parked, are skipped.

    The alarm comes first: whoever changes timers has locked their alarm, so no lock is taken the other way round.
    """
    async with conn.cursor(row_factory=class_row(Timer)) as cur:
        await cur.execute(
            """
            SELECT alarm_timer.id, alarm_timer.alarm_id, alarm.centre_id, alarm_timer.kind, alarm_timer.due_at,
                   alarm_timer.epoch, parked_row.row_id IS NOT NULL AS was_parked
              FROM alarm_timer
              JOIN alarm ON alarm.id = alarm_timer.alarm_id
              LEFT JOIN parked_row ON parked_row.kind = 'alarm' AND parked_row.row_id = alarm.id
             WHERE alarm_timer.done_at IS NULL AND alarm_timer.due_at <= %(now)s
               AND NOT EXISTS (
                 SELECT FROM parked_rows_at('alarm', %(now)s) AS parked WHERE parked.row_id = alarm.id)
             ORDER BY alarm_timer.due_at, alarm_timer.id
             LIMIT 1
               FOR NO KEY UPDATE OF alarm, alarm_timer SKIP LOCKED
            """,
            {"now": now},
        )
        return await cur.fetchone()


async def set_timer_fired(conn: Conn, timer_id: str, now: datetime) -> None:
    """The timer has done its work."""
    await conn.execute(
        "UPDATE alarm_timer SET done_at = %(now)s, ended = 'fired' WHERE id = %(id)s", {"id": timer_id, "now": now}
    )


async def lock_waiting_alarms(conn: Conn) -> None:
    """Lock every alarm that waits for something, in the order in which everybody locks them."""
    await conn.execute("SELECT id FROM alarm WHERE state <> 'closed' ORDER BY id FOR NO KEY UPDATE")


async def move_timers(conn: Conn, clock_set: ClockSet) -> None:
    """Let the pending timers be due, by the clock as it is set now, after as long as before."""
    await conn.execute(
        """
        UPDATE alarm_timer
           SET due_at = due_at + %(by)s, made_at = made_at + %(by)s
         WHERE done_at IS NULL AND (%(before)s::timestamptz IS NULL OR made_at < %(before)s)
           AND (%(from)s::timestamptz IS NULL OR made_at >= %(from)s)
        """,
        {"by": clock_set.by, "before": clock_set.told_before, "from": clock_set.wrong_from},
    )


async def future_timer_offsets(conn: Conn, now: datetime) -> dict[AlarmId, timedelta]:
    """The alarms of which a pending timer was made later than `now`, and how far later: the clock is behind."""
    cursor = await conn.execute(
        """
        SELECT alarm_id, max(made_at) - %(now)s
          FROM alarm_timer
         WHERE done_at IS NULL AND made_at > %(now)s
         GROUP BY alarm_id
        """,
        {"now": now},
    )
    return {AlarmId(alarm_id): ahead for alarm_id, ahead in await cursor.fetchall()}


async def clamp_timers(conn: Conn, now: datetime) -> None:
    """Limit pending timers that were made later than now to their full wait from now."""
    await conn.execute(
        """
        UPDATE alarm_timer
           SET due_at = due_at - (made_at - %(now)s), made_at = %(now)s
         WHERE done_at IS NULL AND made_at > %(now)s
        """,
        {"now": now},
    )


async def clamp_deadlines(conn: Conn, ahead: Mapping[AlarmId, timedelta], now: datetime) -> None:
    """Let these alarms, where they are live, show what their timers say; each gets a step that says why."""
    await conn.execute(
        """
        WITH moved AS (
          UPDATE alarm
             SET version = version + 1, changed_at = %(now)s,
                 ambulance_card_at = least(ambulance_card_at, %(now)s + %(card_after)s),
                 arrive_by = (SELECT due_at FROM alarm_timer
                               WHERE alarm_id = alarm.id AND kind = 'lease' AND done_at IS NULL),
                 confirm_by = (SELECT due_at FROM alarm_timer
                                WHERE alarm_id = alarm.id AND kind = 'confirm' AND done_at IS NULL)
            FROM unnest(%(ids)s::text[], %(seconds)s::integer[]) AS ahead (alarm_id, seconds)
           WHERE alarm.id = ahead.alarm_id AND state IN ('open', 'accepted', 'on_scene')
          RETURNING alarm.id, alarm.version, ahead.seconds
        )
        INSERT INTO alarm_step (alarm_id, version, at, what, params)
        SELECT id, version, %(now)s, 'clock-set', jsonb_build_object('by_seconds', -seconds)
          FROM moved
        """,
        {
            "now": now,
            "card_after": AMBULANCE_CARD_AFTER,
            "ids": list(ahead),
            "seconds": [round(by.total_seconds()) for by in ahead.values()],
        },
    )


async def move_deadlines(conn: Conn, clock_set: ClockSet, now: datetime) -> None:
    """Let the live alarms show what their timers, which were moved, say; each gets a step that says why."""
    await conn.execute(
        """
        WITH moved AS (
          UPDATE alarm
             SET version = version + 1, changed_at = %(now)s, ambulance_card_at = ambulance_card_at + %(by)s,
                 arrive_by = (SELECT due_at FROM alarm_timer
                               WHERE alarm_id = alarm.id AND kind = 'lease' AND done_at IS NULL),
                 confirm_by = (SELECT due_at FROM alarm_timer
                                WHERE alarm_id = alarm.id AND kind = 'confirm' AND done_at IS NULL)
           WHERE state IN ('open', 'accepted', 'on_scene')
             AND (%(before)s::timestamptz IS NULL OR opened_at < %(before)s)
             AND (%(from)s::timestamptz IS NULL OR opened_at >= %(from)s)
          RETURNING id, version
        )
        INSERT INTO alarm_step (alarm_id, version, at, what, params)
        SELECT id, version, %(now)s, 'clock-set', %(params)s
          FROM moved
        """,
        {
            "now": now,
            "by": clock_set.by,
            "before": clock_set.told_before,
            "from": clock_set.wrong_from,
            "params": Jsonb({"by_seconds": round(clock_set.by.total_seconds())}),
        },
    )
