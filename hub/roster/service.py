"""Writes shifts, and answers who is on duty, who holds a fixed post, and when nobody does."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.access import service as access
from hub.access.model import Role
from hub.centre.model import Applies
from hub.centre.shown import read_shown_centre
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId
from hub.ledger.edit import Edit
from hub.ledger.model import Chain
from hub.roster import store
from hub.roster.errors import NeverOnDuty
from hub.roster.gaps import gaps_of, gaps_within, roster_end
from hub.roster.hours import hours_of, opening_hours
from hub.roster.model import DailyShift, Duty, Gap, Posts, RosterEnd, Shift, TimeSpan
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


async def write_called_duties(edit: Edit, centre_id: CentreId, applies: Applies, duties: Collection[Duty]) -> None:
    """In these hours the tiers call these duties and no others. It follows from the policy, which has the entry."""
    await store.remove_other_called_duties(edit.conn, centre_id, applies, duties)
    await store.add_called_duties(edit.conn, centre_id, applies, duties)


async def end_of_roster(conn: Conn, centre_id: CentreId, now: datetime) -> RosterEnd | None:
    """The first duty for which no more shifts are written, and from when; None while there was never a shift.

    Only those that tiers call count, in the hours in which they call them. The lead's is a fixed post: while there is
    an active lead, somebody has it.
    """
    last_ends = await store.last_called_shift_ends(conn, centre_id)
    if Duty.LEAD in last_ends and await _is_lead_there(conn, centre_id, now):
        del last_ends[Duty.LEAD]
    return roster_end(last_ends, now)


async def gaps_ahead(conn: Conn, centre_id: CentreId, now: datetime) -> list[Gap]:
    """When, in the next 14 days, nobody has a duty that the tiers of those hours call; by duty, in order of time.

    The lead's is a fixed post: while there is an active lead, somebody has it.
    """
    whole = TimeSpan(now, now + LOOK_AHEAD)
    shifts = await shifts_ahead(conn, centre_id, now)
    is_lead_there = await _is_lead_there(conn, centre_id, now)
    centre = await read_shown_centre(conn, centre_id)
    opened = opening_hours(centre.opens, centre.closes, ZoneInfo(centre.timezone), whole)
    return [
        gap
        for duty, applies in (await store.called_duties(conn, centre_id)).items()
        if not (duty is Duty.LEAD and is_lead_there)
        for gap in gaps_within(gaps_of(shifts, duty, whole.from_at, whole.to_at), hours_of(applies, opened, whole))
    ]


async def _is_lead_there(conn: Conn, centre_id: CentreId, now: datetime) -> bool:
    return bool((await find_posts(conn, centre_id, now)).with_role(Role.LEAD))


async def _person_on_duty(conn: Conn, account_id: AccountId) -> UUID:
    """The token of an account that may have duties."""
    account = await access.require_account(conn, account_id)
    if not Role(account.role).may_respond:
        raise NeverOnDuty(role=account.role)
    return account.person
