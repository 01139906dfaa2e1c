"""Raises and clears notices, in the transaction of what they are about."""

from datetime import datetime

from hub.kit.db import Conn
from hub.kit.ids import CentreId, NoticeId, new_id
from hub.notices import store
from hub.notices.model import OCCURRENCES, QUIET_FOR, Notice, Raised


async def raise_notice(conn: Conn, raised: Raised, now: datetime) -> NoticeId:
    """Raise a notice, or count it once more when the same one stands. Returns the id of the one that stands."""
    return await store.upsert_notice(conn, NoticeId(new_id("t", now)), raised, now)


async def clear_notice(conn: Conn, centre_id: CentreId, code: str, subject: str, now: datetime) -> None:
    """The matter is over; nothing happens when no such notice stands."""
    await store.clear_notice(conn, centre_id, code, subject, now)


async def standing_about(conn: Conn, centre_id: CentreId, subject: str) -> list[Notice]:
    """The notices about this subject that stand, by code."""
    return await store.list_notices_about(conn, centre_id, subject)


async def clear_stale_notices(conn: Conn, now: datetime) -> int:
    """What happened and has not happened again for an hour is over. Returns how many notices that ends."""
    return await store.clear_stale_notices(conn, OCCURRENCES, now - QUIET_FOR, now)
