"""Answers who is on duty, who holds a fixed post, and when nobody does."""

from datetime import datetime, timedelta
from typing import Final

from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId
from hub.roster import store
from hub.roster.gaps import gaps_of
from hub.roster.model import Duty, Gap, Posts

LOOK_AHEAD: Final = timedelta(days=14)


async def posts(conn: Conn, centre_id: CentreId, now: datetime) -> Posts:
    """Who has which duty and which role at `now`."""
    on_duty = await store.accounts_on_duty(conn, centre_id, now)
    roles = await store.accounts_with_role(conn, centre_id)
    return Posts(tuple(on_duty), tuple(roles))


async def on_duty(conn: Conn, centre_id: CentreId, duty: Duty, now: datetime) -> list[AccountId]:
    """Who has this duty at `now`, in the order of the shifts."""
    return list((await posts(conn, centre_id, now)).with_duty(duty))


async def gaps_ahead(conn: Conn, centre_id: CentreId, duty: Duty, now: datetime) -> tuple[Gap, ...]:
    """The times of the next 14 days in which nobody has this duty."""
    shifts = await store.shifts_between(conn, centre_id, now, now + LOOK_AHEAD)
    return gaps_of(shifts, duty, now, now + LOOK_AHEAD)
