"""The rows of the ways to reach people. One function, one statement."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import class_row, dict_row

from hub.access.model import RESPONDING_ROLES
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId, OrganisationId
from hub.notifications.model import (
    ChannelName,
    ContactMethod,
    ContactRecord,
    ContactRoute,
    LastResortContact,
    Recipient,
)


async def contact_methods(conn: Conn, account_ids: Sequence[AccountId]) -> list[ContactMethod]:
    """How these accounts can be reached, the best of each first; disabled accounts cannot."""
    async with conn.cursor(row_factory=class_row(ContactMethod)) as cur:
        await cur.execute(
            """
            SELECT id, account_id, channel, works
              FROM contacts_of_active_accounts()
             WHERE account_id = ANY(%(account_ids)s)
             ORDER BY account_id, works DESC, rank, id
            """,
            {"account_ids": list(account_ids)},
        )
        return await cur.fetchall()


async def responders_with_channel(conn: Conn, centre_id: CentreId) -> list[tuple[AccountId, bool]]:
    """Active accounts of the centre that answer alarms and have any channel; whether one of theirs works."""
    cursor = await conn.execute(
        """
        SELECT account_id, bool_or(works)
          FROM contacts_of_active_accounts()
         WHERE centre_id = %(centre_id)s AND role = ANY(%(roles)s)
         GROUP BY account_id
         ORDER BY account_id
        """,
        {"centre_id": centre_id, "roles": list(RESPONDING_ROLES)},
    )
    return [(AccountId(account_id), works) for account_id, works in await cursor.fetchall()]


async def list_contact_routes(conn: Conn, account_ids: Sequence[AccountId]) -> list[ContactRoute]:
    """The working ways to reach these accounts, the best of each first; disabled accounts have none."""
    cursor = await conn.execute(
        """
        SELECT contact_method.channel, account.id, coalesce(account.organisation_id, centre.organisation_id),
               account.name, account.phone, account.language, contact_method.address
          FROM contacts_of_active_accounts() AS contact
          JOIN contact_method ON contact_method.id = contact.id
          JOIN account ON account.id = contact.account_id
          JOIN centre ON centre.id = contact.centre_id
         WHERE contact.account_id = ANY(%(account_ids)s) AND contact.works
         ORDER BY account.id, contact.rank, contact.id
        """,
        {"account_ids": list(account_ids)},
    )
    return [
        ContactRoute(
            channel,
            Recipient(
                AccountId(account_id),
                None if organisation_id is None else OrganisationId(organisation_id),
                name,
                phone,
                language,
                address,
            ),
        )
        for channel, account_id, organisation_id, name, phone, language, address in await cursor.fetchall()
    ]


async def upsert_contact(
    conn: Conn, contact_id: str, account_id: AccountId, contact: ContactRecord, rank: int, now: datetime
) -> bool:
    """A way to reach an account, taken as verified by whoever writes it; whether anything changed."""
    cursor = await conn.execute(
        """
        INSERT INTO contact_method AS held (id, account_id, channel, address, verified_at, rank)
        VALUES (%(id)s, %(account_id)s, %(channel)s, %(address)s, %(now)s, %(rank)s)
            ON CONFLICT (account_id, channel, address) DO UPDATE
           SET rank = excluded.rank, verified_at = coalesce(held.verified_at, excluded.verified_at)
         WHERE held.rank <> excluded.rank OR held.verified_at IS NULL
        RETURNING id
        """,
        {
            "id": contact_id,
            "account_id": account_id,
            "channel": contact.channel,
            "address": contact.address,
            "now": now,
            "rank": rank,
        },
    )
    return await cursor.fetchone() is not None


async def retire_other_contacts(conn: Conn, account_id: AccountId, addresses: Sequence[str]) -> bool:
    """Ways of the account at other addresses count as unverified, and are used no more; whether any did before."""
    cursor = await conn.execute(
        """
        UPDATE contact_method
           SET verified_at = NULL
         WHERE account_id = %(account_id)s AND NOT address = ANY(%(addresses)s) AND verified_at IS NOT NULL
        """,
        {"account_id": account_id, "addresses": list(addresses)},
    )
    return cursor.rowcount > 0


async def list_last_resort_contacts(conn: Conn, limit: int) -> list[LastResortContact]:
    """Where the people who answer alarms are told, the best way of each first: when nothing but a list is left."""
    async with conn.cursor(row_factory=dict_row) as cur:
        await cur.execute(
            """
            SELECT contact_method.channel, contact_method.address, account.id AS account_id, account.name,
                   account.phone, account.language,
                   coalesce(account.organisation_id, centre.organisation_id) AS organisation_id
              FROM contact_method
              JOIN account ON account.id = contact_method.account_id
              JOIN centre ON centre.id = account.centre_id
             WHERE account.active AND account.role = ANY(%(roles)s) AND contact_method.verified_at IS NOT NULL
             ORDER BY contact_method.test_failed, contact_method.rank, account.id, contact_method.id
             LIMIT %(limit)s
            """,
            {"roles": list(RESPONDING_ROLES), "limit": limit},
        )
        return [LastResortContact(ChannelName(row.pop("channel")), Recipient(**row)) for row in await cur.fetchall()]
