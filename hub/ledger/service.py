"""Writes to the ledger, in the transaction of what it records."""

from collections.abc import Sequence
from datetime import datetime

from hub.kit.db import Conn
from hub.kit.ids import CentreId
from hub.ledger import store
from hub.ledger.chain import extend
from hub.ledger.model import Chain, Entry


async def last_at(conn: Conn, chain: Chain) -> datetime | None:
    """When the last entry was written; None before the first."""
    return await store.last_at(conn, chain)


async def append(conn: Conn, centre_id: CentreId, chain: Chain, entries: Sequence[Entry], now: datetime) -> None:
    """Append `entries`. The chain's head stays locked until the commit, and every press of the centre waits for it.

    So nothing follows but other appends and the commit with its deferred checks: who needs more reads it before, or in
    another transaction.
    """
    if not entries:
        return
    async with conn.pipeline():
        head, links = extend(await store.lock_head(conn, centre_id, chain), entries, now)
        await store.insert_links(conn, centre_id, chain, links, head)
