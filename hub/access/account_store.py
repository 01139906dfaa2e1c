"""Which rows decisions about an account read and write: the account, its password and its links."""

from datetime import datetime

from psycopg.rows import class_row

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
