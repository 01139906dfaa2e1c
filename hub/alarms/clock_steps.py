"""What becomes of everything that waits when the wall clock was set, or is behind since the start?"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from hub.alarms import timer_store
from hub.centre.service import find_centre
from hub.fleet import service as fleet
from hub.kit.clock import MAY_PART_BY, ClockSet
from hub.kit.clock_readings import ClockDoubt, Doubt, end_clock_doubt, find_clock_doubt, set_clock_doubt
from hub.kit.db import Conn
from hub.kit.ids import CentreId
from hub.ledger import service as ledger
from hub.ledger.model import Chain, Entry
from hub.notices import service as notices
from hub.notices.model import NoticeCode, Raised
from hub.notices.parking import run_in_savepoint
from hub.notifications import service as notifications

log = logging.getLogger(__name__)

_SUBJECT: Final = "hub"
NEVER_OFF_FOR: Final = timedelta(days=31)
"""A hub that seems to have been off for longer has most likely a clock that is ahead."""
FAR_AHEAD: Final = timedelta(days=1)
"""A step forward by as much puts the clock in doubt: it is how a clock without a battery is set right, and wrong."""


async def adjust_waits_to_clock(conn: Conn, clock_set: ClockSet, now: datetime) -> None:
    """Every alarm goes on waiting for as long as before the wall clock was set; recorded and noticed.

    What rules wait for, and what people hold by links and sessions, is moved by the processes that ask for it. Of the
    parts of this one that raises is logged, and the others are moved: what stays is limited by `clamp_waits`.

    What was written in the moment between a clock that was set back and this comes early, never late.
    """
    await timer_store.lock_waiting_alarms(conn)
    parts: dict[str, Callable[[], Awaitable[object]]] = {
        "timers": partial(timer_store.move_timers, conn, clock_set),
        "deadlines": partial(timer_store.move_deadlines, conn, clock_set, now),
        "messages to people": partial(notifications.adjust_notifications_to_clock, conn, clock_set),
        "messages to devices": partial(fleet.adjust_outbox_to_clock, conn, clock_set),
        "when devices were heard": partial(fleet.adjust_devices_to_clock, conn, clock_set),
    }
    for what, move in parts.items():
        await run_in_savepoint(conn, f"following the clock: {what}", move)
    centre_id = await find_centre(conn)
    if centre_id is not None:
        await _note_step(conn, centre_id, clock_set.by, now)


async def _note_step(conn: Conn, centre_id: CentreId, by: timedelta, now: datetime) -> None:
    """A red bar, a row of the ledger, and doubt about a clock that was set far forward."""
    seconds = round(by.total_seconds())
    doubt = await find_clock_doubt(conn)
    is_ahead = doubt is not None and doubt.doubt == Doubt.AHEAD
    if by >= FAR_AHEAD and doubt is None:
        await _raise_doubt(conn, centre_id, ClockDoubt(Doubt.AHEAD, now - by, by), now)
    elif doubt is not None and is_ahead and doubt.ahead_by + by < FAR_AHEAD:
        await _end_doubt(conn, centre_id, now)
    await notices.raise_notice(
        conn, Raised(centre_id, NoticeCode.CLOCK_SET, _SUBJECT, params={"seconds": seconds}), now
    )
    await ledger.append_entries(conn, centre_id, Chain.CARE, [Entry("clock.set", {"by_seconds": seconds})], now)


async def clamp_waits(conn: Conn, now: datetime) -> None:
    """No wait is longer from now than when it was made: the clock is behind since then.

    Due in every look, because a clock may be behind from the start, where nothing tells that it was set.
    """
    if not await timer_store.has_timers_too_far(conn, now):
        return
    await timer_store.lock_waiting_alarms(conn)
    ahead = await timer_store.clamp_timers(conn, now)
    await timer_store.clamp_deadlines(conn, ahead, now)


async def judge_clock(conn: Conn, started_at: datetime, now: datetime) -> bool:
    """Compare the clock at a start with the newest row; whether it is behind. Noticed, recorded, or cleared.

    What was written while the clock was in doubt for being ahead says nothing: then the last row before that counts.
    """
    centre_id = await find_centre(conn)
    if centre_id is None:
        return False
    doubt = await find_clock_doubt(conn)
    newest = await _find_newest_row_time(conn, doubt, started_at)
    if newest is not None and newest - started_at > MAY_PART_BY:
        log.error("the clock is %d s before the newest row: is it wrong?", (newest - started_at).total_seconds())
        await _raise_doubt(conn, centre_id, ClockDoubt(Doubt.BEHIND, newest, started_at - newest), now)
        return True
    if newest is not None and started_at - newest > NEVER_OFF_FOR:
        log.error("the clock is %d days after the newest row: is it wrong?", (started_at - newest).days)
        await _raise_doubt(conn, centre_id, ClockDoubt(Doubt.AHEAD, newest, started_at - newest), now)
    elif doubt is None or doubt.doubt == Doubt.BEHIND or newest == doubt.newest:
        await _end_doubt(conn, centre_id, now)
    return False


async def end_doubt_when_reached(conn: Conn, now: datetime) -> None:
    """A clock that was behind has reached the newest row: it is not known to be wrong any more."""
    doubt = await find_clock_doubt(conn)
    if doubt is None or doubt.doubt != Doubt.BEHIND or now < doubt.newest:
        return
    if (centre_id := await find_centre(conn)) is not None:
        await _end_doubt(conn, centre_id, now)


async def confirm_clock(conn: Conn, now: datetime) -> bool:
    """Somebody has compared the clock with another and says that it is right; whether it was in doubt."""
    if await find_clock_doubt(conn) is None or (centre_id := await find_centre(conn)) is None:
        return False
    await _end_doubt(conn, centre_id, now)
    await ledger.append_entries(conn, centre_id, Chain.CARE, [Entry("clock.confirmed", {})], now)
    return True


async def _find_newest_row_time(conn: Conn, doubt: ClockDoubt | None, started_at: datetime) -> datetime | None:
    """When the hub was last at work; None before the first import.

    The ledger counts only where nothing else is known: an import at the start has written there by the judged clock.
    """
    newest = await timer_store.newest_row_time(conn) or await ledger.last_entry_at(conn, Chain.CARE)
    if doubt is None:
        return newest
    if doubt.doubt == Doubt.BEHIND:
        return max(doubt.newest, newest or doubt.newest)
    is_set_right = newest is not None and started_at < newest - MAY_PART_BY
    return doubt.newest if is_set_right else newest


async def _raise_doubt(conn: Conn, centre_id: CentreId, doubt: ClockDoubt, now: datetime) -> None:
    code, other = _CODES if doubt.doubt == Doubt.BEHIND else _CODES[::-1]
    seconds = abs(round(doubt.ahead_by.total_seconds()))
    await set_clock_doubt(conn, doubt)
    await notices.clear_notice(conn, centre_id, other, _SUBJECT, now)
    params: dict[str, str | int | float] = {"seconds": seconds, "newest": doubt.newest.isoformat()}
    await notices.raise_notice(conn, Raised(centre_id, code, _SUBJECT, params=params), now)
    await ledger.append_entries(conn, centre_id, Chain.CARE, [Entry(f"clock.{doubt.doubt}", {"seconds": seconds})], now)


async def _end_doubt(conn: Conn, centre_id: CentreId, now: datetime) -> None:
    await end_clock_doubt(conn)
    for code in _CODES:
        await notices.clear_notice(conn, centre_id, code, _SUBJECT, now)


_CODES: Final = (NoticeCode.CLOCK_BEHIND, NoticeCode.CLOCK_AHEAD)
