"""Whose relative is an account? What the pages of families and their links read of relations."""

from dataclasses import dataclass

from psycopg.rows import class_row

from hub.access.model import Relation
from hub.kit.db import Conn
from hub.kit.ids import AccountId, SeniorId


@dataclass(frozen=True, slots=True)
class RelatedSenior:
    """A senior as her relatives call her."""

    id: SeniorId
    address_as: str
    address_as_en: str


async def relations_of(conn: Conn, account_id: AccountId) -> tuple[Relation, ...]:
    """The account's ties to seniors, confirmed or not, blocked or not."""
    async with conn.cursor(row_factory=class_row(Relation)) as cur:
        await cur.execute(
            """
            SELECT senior_id, confirmed_at, blocked_at
              FROM relation
             WHERE account_id = %(account_id)s
             ORDER BY id
            """,
            {"account_id": account_id},
        )
        return tuple(await cur.fetchall())


async def find_related_senior(conn: Conn, account_id: AccountId) -> RelatedSenior | None:
    """The senior of the account's first tie that nobody has blocked."""
    async with conn.cursor(row_factory=class_row(RelatedSenior)) as cur:
        await cur.execute(
            """
            SELECT senior.id, senior.address_as, senior.address_as_en
              FROM relation
              JOIN senior ON senior.id = relation.senior_id
             WHERE relation.account_id = %(account_id)s AND relation.blocked_at IS NULL
             ORDER BY relation.id
             LIMIT 1
            """,
            {"account_id": account_id},
        )
        return await cur.fetchone()
