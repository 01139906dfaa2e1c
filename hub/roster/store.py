"""The roster's rows."""

from collections.abc import Collection, Sequence
from datetime import datetime

from psycopg.rows import dict_row

from hub.centre.model import Applies
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId
from hub.roster.model import Duty, Posts, Shift


async def read_posts(conn: Conn, centre_id: CentreId, now: datetime) -> Posts:
    """Every active account of the centre with its role, and those on duty at `now`, each duty in the order of the
    shifts. While the clock is in doubt, that is also who was on duty when it was last right."""
    cursor = await conn.execute(
        """
        SELECT account.role, account.id, shift.duty
          FROM account
         CROSS JOIN calendar_at(%(now)s) AS calendar
          LEFT JOIN shift
            ON shift.account_id = account.id AND shift.centre_id = account.centre_id
           AND (shift.from_at <= calendar.moment AND least(shift.to_at, shift.ended_at) > calendar.moment
                OR shift.from_at <= calendar.or_moment AND least(shift.to_at, shift.ended_at) > calendar.or_moment)
         WHERE account.centre_id = %(centre_id)s AND account.active
         ORDER BY shift.from_at, account.id
        """,
        {"centre_id": centre_id, "now": now},
    )
    rows = await cursor.fetchall()
    on_duty = tuple((Duty(duty), AccountId(account_id)) for _, account_id, duty in rows if duty is not None)
    roles = {AccountId(account_id): str(role) for role, account_id, _ in rows}
    return Posts(on_duty, tuple((roles[account_id], account_id) for account_id in sorted(roles)))


async def shifts_between(conn: Conn, centre_id: CentreId, from_at: datetime, to_at: datetime) -> list[Shift]:
    """The shifts of active accounts that touch this time, ended ones up to their end."""
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            """
            SELECT shift.id, shift.account_id, shift.duty, shift.from_at,
                   least(shift.to_at, shift.ended_at) AS to_at
              FROM shift
              JOIN account ON account.id = shift.account_id AND account.active
             WHERE shift.centre_id = %(centre_id)s
               AND shift.from_at < %(to_at)s AND least(shift.to_at, shift.ended_at) > %(from_at)s
             ORDER BY shift.from_at, shift.id
            """,
            {"centre_id": centre_id, "from_at": from_at, "to_at": to_at},
        )
        rows = await cur.fetchall()
    return [
        Shift(row["id"], AccountId(row["account_id"]), Duty(row["duty"]), row["from_at"], row["to_at"]) for row in rows
    ]


async def write_shifts(conn: Conn, centre_id: CentreId, shifts: Sequence[Shift], now: datetime) -> list[AccountId]:
    """Write those of these shifts that do not stand so; gives the accounts of those that were written, one a shift.

    One that was ended before it began is to come again, from `now` on when it would have begun by now. One that was
    ended while it ran stays so. One that stands gets its new end, which is not before `now`.
    """
    cursor = await conn.execute(
        """
        INSERT INTO shift AS standing (id, centre_id, account_id, duty, from_at, to_at)
        SELECT id, %(centre_id)s, account_id, duty, from_at, to_at
          FROM unnest(%(ids)s::text[], %(account_ids)s::text[], %(duties)s::text[], %(from_ats)s::timestamptz[],
                      %(to_ats)s::timestamptz[]) AS written (id, account_id, duty, from_at, to_at)
            ON CONFLICT (id) DO UPDATE
           SET ended_at = NULL, to_at = greatest(excluded.to_at, %(now)s),
               from_at = CASE WHEN standing.ended_at IS NULL THEN standing.from_at
                              ELSE greatest(standing.from_at, %(now)s) END
         WHERE (standing.ended_at <= standing.from_at AND excluded.to_at > %(now)s)
            OR (standing.ended_at IS NULL AND standing.to_at <> excluded.to_at
                AND greatest(standing.to_at, excluded.to_at) > %(now)s)
        RETURNING account_id
        """,
        {
            "centre_id": centre_id,
            "ids": [shift.id for shift in shifts],
            "account_ids": [shift.account_id for shift in shifts],
            "duties": [shift.duty for shift in shifts],
            "from_ats": [shift.from_at for shift in shifts],
            "to_ats": [shift.to_at for shift in shifts],
            "now": now,
        },
    )
    return [AccountId(row[0]) for row in await cursor.fetchall()]


async def end_other_shifts(conn: Conn, centre_id: CentreId, shift_ids: Sequence[str], now: datetime) -> list[AccountId]:
    """Shifts of a pattern that are still to come and are not among these will not be; gives their accounts."""
    cursor = await conn.execute(
        """
        UPDATE shift
           SET ended_at = %(now)s
         WHERE centre_id = %(centre_id)s AND id LIKE 'shift-%%' AND from_at > %(now)s AND ended_at IS NULL
           AND NOT id = ANY(%(shift_ids)s)
        RETURNING account_id
        """,
        {"centre_id": centre_id, "shift_ids": list(shift_ids), "now": now},
    )
    return [AccountId(row[0]) for row in await cursor.fetchall()]


async def called_duties(conn: Conn, centre_id: CentreId) -> dict[Duty, frozenset[Applies]]:
    """Each duty that the tiers call, and in which hours; in the order of Duty."""
    cursor = await conn.execute(
        "SELECT duty, applies FROM called_duty WHERE centre_id = %(centre_id)s", {"centre_id": centre_id}
    )
    rows = await cursor.fetchall()
    called = {duty: frozenset(Applies(applies) for called, applies in rows if called == duty) for duty in Duty}
    return {duty: applies for duty, applies in called.items() if applies}


async def add_called_duties(conn: Conn, centre_id: CentreId, applies: Applies, duties: Collection[Duty]) -> None:
    """These are called in these hours; those that stand are left as they are."""
    await conn.execute(
        """
        INSERT INTO called_duty (centre_id, applies, duty)
        SELECT %(centre_id)s, %(applies)s, duty
          FROM unnest(%(duties)s::text[]) AS duty
            ON CONFLICT DO NOTHING
        """,
        {"centre_id": centre_id, "applies": applies, "duties": list(duties)},
    )


async def remove_other_called_duties(
    conn: Conn, centre_id: CentreId, applies: Applies, duties: Collection[Duty]
) -> None:
    """All but these are called in these hours no more."""
    await conn.execute(
        """
        DELETE FROM called_duty
         WHERE centre_id = %(centre_id)s AND applies = %(applies)s AND NOT duty = ANY(%(duties)s)
        """,
        {"centre_id": centre_id, "applies": applies, "duties": list(duties)},
    )


async def last_called_shift_ends(conn: Conn, centre_id: CentreId) -> dict[Duty, datetime]:
    """When the last shift of each called duty ends or ended that reaches into the hours in which it is called.

    Of active accounts: for the others nobody comes. One that was ended before it began has the hours that it would have
    had. Hours are those of the centre's clock, whose last microsecond of the day is 24:00 (DECISIONS 5).
    """
    cursor = await conn.execute(
        """
        SELECT shift.duty, max(least(shift.to_at, shift.ended_at))
          FROM shift
          JOIN account ON account.id = shift.account_id AND account.active
          JOIN centre ON centre.id = shift.centre_id
         CROSS JOIN LATERAL (
           SELECT shift.from_at AT TIME ZONE centre.timezone,
                  CASE WHEN shift.ended_at > shift.from_at THEN least(shift.to_at, shift.ended_at) ELSE shift.to_at END
                    AT TIME ZONE centre.timezone,
                  centre.opens::interval,
                  CASE WHEN centre.closes = '23:59:59.999999' THEN interval '24 hours' ELSE centre.closes::interval END
         ) AS clock (from_at, to_at, opens, closes)
         WHERE shift.centre_id = %(centre_id)s
           AND EXISTS (
             SELECT FROM called_duty AS called
              CROSS JOIN generate_series(
                     date_trunc('day', clock.from_at) - interval '1 day', clock.to_at, interval '1 day') AS day
              CROSS JOIN LATERAL (
                SELECT day + clock.opens, day + clock.closes WHERE called.applies = %(open)s
                 UNION ALL
                SELECT day + clock.closes, day + interval '1 day' + clock.opens WHERE called.applies = %(shut)s
              ) AS hours (from_at, to_at)
              WHERE called.centre_id = shift.centre_id AND called.duty = shift.duty
                AND greatest(clock.from_at, hours.from_at) < least(clock.to_at, hours.to_at))
         GROUP BY shift.duty
        """,
        {"centre_id": centre_id, "open": Applies.OPENING_HOURS, "shut": Applies.OUT_OF_HOURS},
    )
    return {Duty(duty): ends_at for duty, ends_at in await cursor.fetchall()}
