"""Which rows decisions about accounts read and write: the account, its password and its links."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from hub.access.model import AccountRecord
from hub.access.store import AccountRow
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId


async def accounts_of(conn: Conn, centre_id: CentreId) -> list[AccountRow]:
    """Every account of the centre, active or not, by id."""
    async with conn.cursor(row_factory=class_row(AccountRow)) as cur:
        await cur.execute(
            """
            SELECT id, person, centre_id, role, name, name_en, phone, language, password_hash, simulated, active
              FROM account
             WHERE centre_id = %(centre_id)s
             ORDER BY id
            """,
            {"centre_id": centre_id},
        )
        return await cur.fetchall()


async def lock_account(conn: Conn, account_id: AccountId) -> AccountRow | None:
    """The account with this id, active or not, locked until the transaction ends.

    FOR NO KEY UPDATE: whoever writes a row that refers to the account, such as a message to it, does not wait.
    """
    async with conn.cursor(row_factory=class_row(AccountRow)) as cur:
        await cur.execute(
            """
            SELECT id, person, centre_id, role, name, name_en, phone, language, password_hash, simulated, active
              FROM account
             WHERE id = %(account_id)s
               FOR NO KEY UPDATE
            """,
            {"account_id": account_id},
        )
        return await cur.fetchone()


async def clear_password(conn: Conn, account_id: AccountId) -> None:
    """Nobody signs in to the account with a password until a new one is chosen."""
    await conn.execute(
        """
        UPDATE account
           SET password_hash = NULL
         WHERE id = %(account_id)s
        """,
        {"account_id": account_id},
    )


async def end_links_of(conn: Conn, account_id: AccountId, now: datetime) -> None:
    """Revoke the links that were made for the account."""
    await conn.execute(
        """
        UPDATE invitation
           SET ends_at = %(now)s
         WHERE account_id = %(account_id)s AND ends_at > %(now)s AND (used_at IS NULL OR reusable)
        """,
        {"account_id": account_id, "now": now},
    )


async def end_all_sessions(conn: Conn, now: datetime) -> None:
    """End every session that is open, of staff and of families."""
    await conn.execute("UPDATE session SET ended_at = %(now)s WHERE ended_at IS NULL", {"now": now})


async def end_all_links(conn: Conn, now: datetime) -> None:
    """Revoke every link that signs somebody in."""
    await conn.execute("UPDATE invitation SET ends_at = %(now)s WHERE ends_at > %(now)s", {"now": now})


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
