"""Writes to the ledger, in the transaction of what it records, and works out its chains again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from hub.kit.db import Conn
from hub.kit.ids import CentreId
from hub.ledger import store
from hub.ledger.chain import EMPTY, extend_chain, find_first_broken
from hub.ledger.model import Chain, Entry, Head

ROWS_AT_ONCE: Final = 5000
"""How many rows are in memory while a chain is verified again: a year of a centre has some 100,000."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A chain as it was verified: its rows, and the number of the first that is wrong or missing, if one is."""

    rows: int
    broken_at: int | None


async def last_entry_at(conn: Conn, chain: Chain) -> datetime | None:
    """When the last entry was written; None before the first."""
    return await store.last_entry_at(conn, chain)


async def append_entries(
    conn: Conn, centre_id: CentreId, chain: Chain, entries: Sequence[Entry], now: datetime
) -> None:
    """Append `entries`. The chain's head stays locked until the commit, and every press of the centre waits for it.

    So nothing follows but other appends and the commit with its deferred checks: who needs more reads it before, or in
    another transaction.
    """
    if not entries:
        return
    async with conn.pipeline():
        head, links = extend_chain(await store.lock_head(conn, centre_id, chain), entries, now)
        await store.insert_links(conn, centre_id, chain, links, head)


async def verify_chain(conn: Conn, centre_id: CentreId, chain: Chain) -> Verified:
    """Verify the chain from its first row to its head; no lock is held meanwhile. Missing rows at the end are noticed.

    What is appended after the head was read is left for the next time.
    """
    end = await store.read_head(conn, centre_id, chain) or EMPTY
    reached = EMPTY
    while links := await store.links_up_to(conn, centre_id, chain, end, after=reached.n, limit=ROWS_AT_ONCE):
        broken = find_first_broken(links, reached)
        if broken is not None:
            return Verified(end.n, broken)
        reached = Head(links[-1].n, links[-1].hash)
    if reached.n < end.n:
        return Verified(end.n, reached.n + 1)
    return Verified(end.n, None if reached == end else end.n)
