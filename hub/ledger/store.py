"""The ledger's rows."""

from collections.abc import Sequence
from datetime import datetime

from psycopg import sql
from psycopg.rows import class_row

from hub.kit.db import Conn
from hub.kit.ids import CentreId
from hub.ledger.model import Chain, Head, LedgerLink

_TABLE = {Chain.CARE: sql.Identifier("ledger_care"), Chain.ACCESS: sql.Identifier("ledger_access")}


async def lock_head(conn: Conn, centre_id: CentreId, chain: Chain) -> Head:
    """The head of the chain, locked until the transaction ends; made when this is the first entry."""
    async with conn.cursor(row_factory=class_row(Head)) as cur:
        await cur.execute(
            """
            INSERT INTO ledger_head AS head (centre_id, chain, n, hash)
            VALUES (%(centre_id)s, %(chain)s, 0, decode(repeat('00', 32), 'hex'))
                ON CONFLICT (centre_id, chain) DO UPDATE SET n = head.n
            RETURNING n, hash
            """,
            {"centre_id": centre_id, "chain": chain},
        )
        head = await cur.fetchone()
    assert head is not None
    return head


async def insert_links(conn: Conn, centre_id: CentreId, chain: Chain, links: Sequence[LedgerLink], head: Head) -> None:
    """Write rows that follow the locked head, and say which row is the last now."""
    await conn.execute(
        sql.SQL(
            """
            WITH moved AS (
              UPDATE ledger_head
                 SET n = %(n)s, hash = %(hash)s
               WHERE centre_id = %(centre_id)s AND chain = %(chain)s
            )
            INSERT INTO {} (centre_id, n, at, entry, hash)
            SELECT %(centre_id)s, link.*
              FROM unnest(%(ns)s::bigint[], %(ats)s::timestamptz[], %(entries)s::text[], %(hashes)s::bytea[]) AS link
            """
        ).format(_TABLE[chain]),
        {
            "centre_id": centre_id,
            "chain": chain,
            "n": head.n,
            "hash": head.hash,
            "ns": [link.n for link in links],
            "ats": [link.at for link in links],
            "entries": [link.entry for link in links],
            "hashes": [link.hash for link in links],
        },
    )


async def last_entry_at(conn: Conn, chain: Chain) -> datetime | None:
    """When the last entry of this chain was written; None before the first.

    The last in order, not the latest in time: a clock that was ahead once, and was set right, is forgiven.
    """
    cursor = await conn.execute(
        sql.SQL(
            """
            SELECT entry.at
              FROM ledger_head AS head
              JOIN {} AS entry ON entry.centre_id = head.centre_id AND entry.n = head.n
             WHERE head.chain = %(chain)s
            """
        ).format(_TABLE[chain]),
        {"chain": chain},
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def links_after(
    conn: Conn, centre_id: CentreId, chain: Chain, n: int, until: datetime, limit: int
) -> list[LedgerLink]:
    """At most `limit` rows after number `n` that are not younger than `until`, in order."""
    async with conn.cursor(row_factory=class_row(LedgerLink)) as cur:
        await cur.execute(
            sql.SQL(
                """
                SELECT n, at, entry, hash
                  FROM {}
                 WHERE centre_id = %(centre_id)s AND n > %(n)s AND at <= %(until)s
                 ORDER BY n
                 LIMIT %(limit)s
                """
            ).format(_TABLE[chain]),
            {"centre_id": centre_id, "n": n, "until": until, "limit": limit},
        )
        return await cur.fetchall()


async def read_head(conn: Conn, centre_id: CentreId, chain: Chain) -> Head | None:
    """The head of the chain as it stands, not locked; None before its first entry."""
    async with conn.cursor(row_factory=class_row(Head)) as cur:
        await cur.execute(
            "SELECT n, hash FROM ledger_head WHERE centre_id = %(centre_id)s AND chain = %(chain)s",
            {"centre_id": centre_id, "chain": chain},
        )
        return await cur.fetchone()


async def links_up_to(
    conn: Conn, centre_id: CentreId, chain: Chain, end: Head, *, after: int, limit: int
) -> list[LedgerLink]:
    """At most `limit` rows after number `after`, up to and including that of `end`, in order."""
    async with conn.cursor(row_factory=class_row(LedgerLink)) as cur:
        await cur.execute(
            sql.SQL(
                """
                SELECT n, at, entry, hash
                  FROM {}
                 WHERE centre_id = %(centre_id)s AND n > %(after)s AND n <= %(end)s
                 ORDER BY n
                 LIMIT %(limit)s
                """
            ).format(_TABLE[chain]),
            {"centre_id": centre_id, "after": after, "end": end.n, "limit": limit},
        )
        return await cur.fetchall()
