"""What alarms read of responders, seniors and the centre's clock. One function, one statement."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId, SeniorId


@dataclass(frozen=True, slots=True)
class Responder:
    """An account as alarms know it; `person` stands for it in the ledger."""

    id: AccountId
    centre_id: CentreId
    role: str
    active: bool
    name: str
    name_en: str
    person: UUID


async def find_responder(conn: Conn, account_id: AccountId) -> Responder | None:
    """The account with this id."""
    async with conn.cursor(row_factory=class_row(Responder)) as cur:
        await cur.execute(
            """
            SELECT id, centre_id, role, active, name, name_en, person
              FROM account
             WHERE id = %(id)s
            """,
            {"id": account_id},
        )
        return await cur.fetchone()


async def person_of_senior(conn: Conn, senior_id: SeniorId) -> UUID:
    """The token that stands for her in the ledger."""
    cursor = await conn.execute("SELECT person FROM senior WHERE id = %(id)s", {"id": senior_id})
    row = await cursor.fetchone()
    assert row is not None
    person: UUID = row[0]
    return person


async def local_time(conn: Conn, centre_id: CentreId, at: datetime) -> str:
    """The hour and minute of `at` by the centre's clock."""
    cursor = await conn.execute(
        "SELECT to_char(%(at)s AT TIME ZONE timezone, 'HH24:MI') FROM centre WHERE id = %(id)s",
        {"id": centre_id, "at": at},
    )
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])
