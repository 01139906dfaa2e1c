"""Which seniors does the centre know, and what are they called?"""

from dataclasses import dataclass

from psycopg.rows import class_row

from hub.kit.db import Conn
from hub.kit.ids import CentreId, SeniorId


@dataclass(frozen=True, slots=True)
class SeniorNames:
    """A senior, her name, and how people address her."""

    id: SeniorId
    name: str
    address_as: str
    address_as_en: str


async def seniors_of(conn: Conn, centre_id: CentreId) -> list[SeniorNames]:
    """Every senior of the centre, by id."""
    async with conn.cursor(row_factory=class_row(SeniorNames)) as cur:
        await cur.execute(
            """
            SELECT id, name, address_as, address_as_en
              FROM senior
             WHERE centre_id = %(centre_id)s
             ORDER BY id
            """,
            {"centre_id": centre_id},
        )
        return await cur.fetchall()
