"""Which rows the directory of accounts reads and writes. One function, one statement."""

from dataclasses import asdict
from uuid import UUID

from hub.access.model import AccountRecord
from hub.kit.db import Conn


async def has_simulated_accounts(conn: Conn) -> bool:
    """Whether any account is of a simulated centre."""
    cursor = await conn.execute("SELECT EXISTS (SELECT FROM account WHERE simulated)")
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def upsert_account(conn: Conn, record: AccountRecord) -> tuple[UUID, bool] | None:
    """Write an account where it differs; its token and whether it is new, None when nothing changed.

    The password and whether it is of a simulated centre are written with a new account only.
    """
    cursor = await conn.execute(
        """
        INSERT INTO account AS held (id, centre_id, organisation_id, role, name, name_en, phone, email, language,
                                     password_hash, simulated)
        VALUES (%(id)s, %(centre_id)s, %(organisation_id)s, %(role)s, %(name)s, %(name_en)s, %(phone)s, %(email)s,
                %(language)s, %(password_hash)s, %(simulated)s)
            ON CONFLICT (id) DO UPDATE
           SET organisation_id = excluded.organisation_id, role = excluded.role, name = excluded.name,
               name_en = excluded.name_en, phone = excluded.phone, email = excluded.email,
               language = excluded.language
         WHERE (held.organisation_id, held.role, held.name, held.name_en, held.phone, held.email, held.language)
               IS DISTINCT FROM
               (excluded.organisation_id, excluded.role, excluded.name, excluded.name_en, excluded.phone,
                excluded.email, excluded.language)
        RETURNING person, xmax = 0
        """,
        asdict(record),
    )
    row = await cursor.fetchone()
    return None if row is None else (row[0], bool(row[1]))
