"""Writes shifts, and answers who is on duty, who holds a fixed post, and when nobody does."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.access import service as access
from hub.access.model import Role
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId
from hub.ledger.edit import Edit
from hub.ledger.model import Chain
from hub.roster import store
from hub.roster.errors import NeverOnDuty
from hub.roster.gaps import gaps_of, roster_end
from hub.roster.model import DailyShift, Duty, Gap, Posts, RosterEnd, Shift
from hub.roster.pattern import shifts_of

LOOK_AHEAD: Final = timedelta(days=14)


async def write_daily_shifts(edit: Edit, centre_id: CentreId, pattern: Sequence[DailyShift], zone: ZoneInfo) -> None:
    """Write a daily pattern's shifts, and end those to come of an earlier pattern that this one does not have.

    Raises NoSuchAccount, and NeverOnDuty for a role that has no duties.
    """
    persons = {shift.account_id: await _person_on_duty(edit.conn, shift.account_id) for shift in pattern}
    shifts = list(shifts_of(pattern, zone, edit.now))
    written = Counter(await store.write_shifts(edit.conn, centre_id, shifts, edit.now))
    ended = Counter(await store.end_other_shifts(edit.conn, centre_id, [shift.id for shift in shifts], edit.now))
    for account_id in sorted(written.keys() | ended.keys()):
        person = persons.get(account_id) or (await access.require_account(edit.conn, account_id)).person
        counts = {"written": written[account_id], "ended": ended[account_id]}
        edit.note_entry(centre_id, Chain.CARE, "shifts.written", person=str(person), **counts)


async def find_posts(conn: Conn, centre_id: CentreId, now: datetime) -> Posts:
    """Who has which duty and which role at `now`."""
    return await store.read_posts(conn, centre_id, now)


async def on_duty(conn: Conn, centre_id: CentreId, duty: Duty, now: datetime) -> list[AccountId]:
    """Who has this duty at `now`, in the order of the shifts."""
    return list((await find_posts(conn, centre_id, now)).with_duty(duty))


async def shifts_ahead(conn: Conn, centre_id: CentreId, now: datetime) -> list[Shift]:
    """The shifts of active accounts in the next 14 days, those that run now included."""
    return await store.shifts_between(conn, centre_id, now, now + LOOK_AHEAD)


async def end_of_roster(conn: Conn, centre_id: CentreId, now: datetime) -> RosterEnd | None:
    """The first duty for which no more shifts are written, and from when; None while there was never a shift."""
    return roster_end(await store.last_shift_ends(conn, centre_id), now)


async def gaps_ahead(conn: Conn, centre_id: CentreId, duty: Duty, now: datetime) -> tuple[Gap, ...]:
    """The times of the next 14 days in which nobody has this duty."""
    shifts = await shifts_ahead(conn, centre_id, now)
    return gaps_of(shifts, duty, now, now + LOOK_AHEAD)


async def _person_on_duty(conn: Conn, account_id: AccountId) -> UUID:
    """The token of an account that may have duties."""
    account = await access.require_account(conn, account_id)
    if not Role(account.role).may_respond:
        raise NeverOnDuty(role=account.role)
    return account.person
