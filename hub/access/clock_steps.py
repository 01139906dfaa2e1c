"""What becomes of sessions and links when the wall clock was set, or is behind since the start?"""

from datetime import datetime

from hub.access import clock_store
from hub.kit.clock import ClockSet
from hub.kit.db import Conn


async def adjust_access_to_clock(conn: Conn, clock_set: ClockSet) -> None:
    """Who is signed in or invited is so for as long as before the wall clock was set."""
    await clock_store.shift_sessions(conn, clock_set)
    await clock_store.shift_invitations(conn, clock_set)
    await clock_store.shift_first_links(conn, clock_set)


async def clamp_access(conn: Conn, now: datetime) -> None:
    """Due at a start: under a clock that is behind, nobody is signed in or invited for longer than she was."""
    await clock_store.clamp_sessions(conn, now)
    await clock_store.clamp_invitations(conn, now)
    await clock_store.clamp_first_links(conn, now)
