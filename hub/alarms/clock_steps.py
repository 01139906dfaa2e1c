"""What becomes of everything that waits when the wall clock was set, or is behind since the start?"""

from datetime import datetime

from hub.alarms import timer_store
from hub.centre.service import find_centre
from hub.fleet import service as fleet
from hub.kit.clock import ClockSet
from hub.kit.db import Conn
from hub.ledger import service as ledger
from hub.ledger.model import Chain, Entry
from hub.notices import service as notices
from hub.notices.model import NoticeCode, Raised
from hub.notifications import service as notifications


async def adjust_waits_to_clock(conn: Conn, clock_set: ClockSet, now: datetime) -> None:
    """Every alarm goes on waiting for as long as before the wall clock was set; recorded and noticed.

    What rules wait for is moved by the process that asks them.

    What was written in the moment between a clock that was set back and this comes early, never late.
    """
    await timer_store.lock_waiting_alarms(conn)
    await timer_store.move_timers(conn, clock_set)
    await timer_store.move_deadlines(conn, clock_set, now)
    await notifications.adjust_notifications_to_clock(conn, clock_set)
    await fleet.adjust_outbox_to_clock(conn, clock_set)
    seconds = round(clock_set.by.total_seconds())
    centre_id = await find_centre(conn)
    if centre_id is not None:
        await notices.raise_notice(
            conn, Raised(centre_id, NoticeCode.CLOCK_SET, "hub", params={"seconds": seconds}), now
        )
        await ledger.append_entries(conn, centre_id, Chain.CARE, [Entry("clock.set", {"by_seconds": seconds})], now)


async def clamp_waits(conn: Conn, now: datetime) -> None:
    """No wait is longer from now than when it was made: the clock is behind since then.

    Due in every look, because a clock may be behind from the start, where nothing tells that it was set.
    """
    if not await timer_store.future_timer_offsets(conn, now):
        return
    await timer_store.lock_waiting_alarms(conn)
    ahead = await timer_store.future_timer_offsets(conn, now)
    await timer_store.clamp_timers(conn, now)
    await timer_store.clamp_deadlines(conn, ahead, now)


async def find_newest_row_time(conn: Conn) -> datetime | None:
    """When the hub wrote last, as far as its ledger and a notice of a clock that is behind say; None before."""
    known = (await ledger.last_entry_at(conn, Chain.CARE), await notices.newest_noticed_time(conn))
    return max((at for at in known if at is not None), default=None)


async def notice_clock_behind(conn: Conn, newest: datetime, now: datetime) -> None:
    """The clock shows a time before the newest row: noticed until it has reached that, and recorded."""
    seconds = round((newest - now).total_seconds())
    centre_id = await find_centre(conn)
    params: dict[str, str | int | float] = {"seconds": seconds, "newest": newest.isoformat()}
    if centre_id is not None:
        await notices.raise_notice(conn, Raised(centre_id, NoticeCode.CLOCK_BEHIND, "hub", params=params), now)
        await ledger.append_entries(conn, centre_id, Chain.CARE, [Entry("clock.behind", {"seconds": seconds})], now)


async def clear_clock_behind(conn: Conn, now: datetime) -> None:
    """The clock has reached the newest row."""
    if (centre_id := await find_centre(conn)) is not None:
        await notices.clear_notice(conn, centre_id, NoticeCode.CLOCK_BEHIND, "hub", now)
