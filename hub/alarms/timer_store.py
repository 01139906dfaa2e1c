"""The timers that alarms wait for, and the deadlines that cards count down. One function, one statement.

Alarms are locked as `store` says.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

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


async def lock_due_timer(conn: Conn, now: datetime, busy: Sequence[str] = ()) -> Timer | None:
    """Lock the timer that is due longest, and its alarm; alarms locked by somebody else, parked or `busy` are skipped.

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
             WHERE alarm_timer.done_at IS NULL
               AND (alarm_timer.due_at <= %(now)s OR alarm_timer.due_at IS NULL)  -- written past every check
               AND alarm.id <> ALL(%(busy)s::text[])
               AND NOT EXISTS (
                 SELECT FROM parked_rows_at('alarm', %(now)s) AS parked WHERE parked.row_id = alarm.id)
             ORDER BY alarm_timer.due_at, alarm_timer.id
             LIMIT 1
               FOR NO KEY UPDATE OF alarm, alarm_timer SKIP LOCKED
            """,
            {"now": now, "busy": list(busy)},
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
    """Let the pending timers be due, by the clock as it is set now, after as long as before.

    Those of times that no clock shows are left to `clamp_timers`.
    """
    await conn.execute(
        """
        UPDATE alarm_timer
           SET due_at = due_at + %(by)s, made_at = made_at + %(by)s
         WHERE done_at IS NULL AND (%(before)s::timestamptz IS NULL OR made_at < %(before)s)
           AND (%(from)s::timestamptz IS NULL OR made_at >= %(from)s)
           AND made_at BETWEEN '0001-01-01' AND '9999-01-01' AND due_at BETWEEN '0001-01-01' AND '9999-01-01'
        """,
        {"by": clock_set.by, "before": clock_set.told_before, "from": clock_set.wrong_from},
    )


async def newest_row_time(conn: Conn) -> datetime | None:
    """The latest time that the rows show which a hub at work writes all the time; None before the first of them.

    Times that no clock shows are passed over.
    """
    cursor = await conn.execute(
        """
        SELECT max(at)
          FROM (
            SELECT changed_at FROM alarm WHERE state <> 'closed'
             UNION ALL
            SELECT made_at FROM alarm_timer WHERE done_at IS NULL
             UNION ALL
            SELECT heard_at FROM device
             UNION ALL
            SELECT wall FROM clock_reading) AS written (at)
         WHERE at < '9999-01-01'
        """
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def has_timers_too_far(conn: Conn, now: datetime) -> bool:
    """Whether a pending timer was made later than `now`, or is due later than any timer may be: the clock is behind."""
    cursor = await conn.execute(
        """
        SELECT FROM alarm_timer
         WHERE done_at IS NULL
           AND (made_at > %(now)s OR due_at > %(now)s + interval '15 minutes' AND kind <> 'shift_end')
         LIMIT 1
        """,
        {"now": now},
    )
    return await cursor.fetchone() is not None


async def clamp_timers(conn: Conn, now: datetime) -> dict[AlarmId, timedelta]:
    """Limit pending timers that were made later than now to their full wait from now; a wait that is none is over.

    Gives the alarms whose timers these are, and how far ahead of now their time was.
    """
    cursor = await conn.execute(
        """
        WITH far AS (
          SELECT id, alarm_id, isfinite(made_at) AND isfinite(due_at) AS is_time, made_at, due_at
            FROM alarm_timer
           WHERE done_at IS NULL
             AND (made_at > %(now)s OR due_at > %(now)s + interval '15 minutes' AND kind <> 'shift_end')
        ), clamped AS (
          UPDATE alarm_timer
             SET made_at = %(now)s,
                 due_at = %(now)s + CASE WHEN NOT far.is_time THEN interval '0'
                                         WHEN far.due_at - far.made_at BETWEEN '0' AND '15 minutes'
                                           OR kind = 'shift_end' THEN far.due_at - far.made_at
                                         ELSE interval '0' END
            FROM far
           WHERE alarm_timer.id = far.id
        )
        SELECT alarm_id, max(CASE WHEN is_time THEN extract(epoch FROM made_at - %(now)s) ELSE 0 END)::float8
          FROM far
         GROUP BY alarm_id
        """,
        {"now": now},
    )
    return {
        AlarmId(alarm_id): timedelta(seconds=max(0.0, min(seconds, _MOST_SECONDS)))
        for alarm_id, seconds in await cursor.fetchall()
    }


_MOST_SECONDS: Final = 1e10
"""300 years: enough to say by how much a clock was wrong."""


async def clamp_deadlines(conn: Conn, ahead: Mapping[AlarmId, timedelta], now: datetime) -> None:
    """Let these alarms, where they are live, show what their timers say; each gets a step that says why.

    Nothing that has happened to one of them was later than now.
    """
    await _let_times_move(conn)
    await conn.execute(
        """
        WITH moved AS (
          UPDATE alarm
             SET version = version + 1, changed_at = %(now)s,
                 opened_at = least(opened_at, %(now)s), open_since = least(open_since, %(now)s),
                 accepted_at = CASE WHEN accepted_at > %(now)s THEN %(now)s ELSE accepted_at END,
                 on_scene_at = CASE WHEN on_scene_at > %(now)s THEN %(now)s ELSE on_scene_at END,
                 hurried_at = CASE WHEN hurried_at > %(now)s THEN NULL ELSE hurried_at END,
                 ambulance_card_at = least(ambulance_card_at, %(now)s + %(card_after)s),
                 arrive_by = (SELECT due_at FROM alarm_timer
                               WHERE alarm_id = alarm.id AND kind = 'lease' AND done_at IS NULL),
                 confirm_by = (SELECT due_at FROM alarm_timer
                                WHERE alarm_id = alarm.id AND kind = 'confirm' AND done_at IS NULL)
            FROM unnest(%(ids)s::text[], %(seconds)s::bigint[]) AS ahead (alarm_id, seconds)
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
    """Let the live alarms show what their timers, which were moved, say; each gets a step that says why.

    What has happened to them is as long ago as before.
    """
    await _let_times_move(conn)
    await conn.execute(
        """
        WITH moved AS (
          UPDATE alarm
             SET version = version + 1, changed_at = %(now)s, ambulance_card_at = ambulance_card_at + %(by)s,
                 opened_at = opened_at + %(by)s,
                 open_since = CASE WHEN open_since BETWEEN '0001-01-01' AND '9999-01-01' THEN open_since + %(by)s
                                   ELSE %(now)s END,
                 accepted_at = accepted_at + %(by)s, on_scene_at = on_scene_at + %(by)s,
                 hurried_at = hurried_at + %(by)s,
                 arrive_by = (SELECT due_at FROM alarm_timer
                               WHERE alarm_id = alarm.id AND kind = 'lease' AND done_at IS NULL),
                 confirm_by = (SELECT due_at FROM alarm_timer
                                WHERE alarm_id = alarm.id AND kind = 'confirm' AND done_at IS NULL)
           WHERE state IN ('open', 'accepted', 'on_scene')
             AND (%(before)s::timestamptz IS NULL OR opened_at < %(before)s)
             AND (%(from)s::timestamptz IS NULL OR opened_at >= %(from)s)
             AND opened_at BETWEEN '0001-01-01' AND '9999-01-01'
             AND coalesce(ambulance_card_at, opened_at) BETWEEN '0001-01-01' AND '9999-01-01'
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


async def _let_times_move(conn: Conn) -> None:
    """Until the transaction ends, the trigger of alarms lets `opened_at` move with the clock."""
    await conn.execute("SELECT set_config('anling.clock_step', 'on', true)")
