"""Writes to the ledger, in the transaction of what it records."""

from collections.abc import Sequence
from datetime import datetime

from hub.kit.db import Conn
from hub.kit.ids import CentreId
from hub.ledger import store
from hub.ledger.chain import extend
from hub.ledger.model import Chain, Entry


async def append(conn: Conn, centre_id: CentreId, chain: Chain, entries: Sequence[Entry], now: datetime) -> None:
    """Append `entries`. The last statement before the commit: the chain's head stays locked until then."""
    if not entries:
        return
    async with conn.pipeline():
        head, links = extend(await store.lock_head(conn, centre_id, chain), entries, now)
        await store.insert_links(conn, centre_id, chain, links)
        await store.move_head(conn, centre_id, chain, head)
