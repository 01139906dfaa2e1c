"""Which rows authentication reads and writes: accounts, sessions, invitations. One function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from hub.access.model import SessionKind
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One account, with what is needed to authenticate it."""

    id: AccountId
    person: UUID
    centre_id: CentreId
    role: str
    name: str
    name_en: str
    phone: str
    language: str
    password_hash: str | None
    simulated: bool
    active: bool


@dataclass(frozen=True, slots=True)
class SessionRow:
    """An open session with the account it belongs to."""

    account_id: AccountId
    centre_id: CentreId
    role: str
    simulated: bool
    active: bool
    seen_at: datetime
    idle_until: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to be written; `id` is the SHA-256 of the cookie's value."""

    id: bytes
    account_id: AccountId
    kind: SessionKind
    created_at: datetime
    idle_until: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """A link with the account it signs in and the name of who made it."""

    account_id: AccountId
    person: UUID
    centre_id: CentreId
    role: str
    name: str
    name_en: str
    phone: str
    simulated: bool
    active: bool
    inviter: str | None
    inviter_en: str | None
    ends_at: datetime
    used_at: datetime | None
    reusable: bool


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """A link to be written; `id` is the SHA-256 of its token."""

    id: bytes
    account_id: AccountId
    made_by: AccountId | None
    made_at: datetime
    ends_at: datetime
    reusable: bool


@dataclass(frozen=True, slots=True)
class FirstLinkRow:
    """The link with which the first administrator makes her account."""

    ends_at: datetime
    used_at: datetime | None


async def find_account(conn: Conn, account_id: AccountId) -> AccountRow | None:
    """The account with this id, active or not."""
    async with conn.cursor(row_factory=class_row(AccountRow)) as cur:
        await cur.execute(
            """
            SELECT id, person, centre_id, role, name, name_en, phone, language, password_hash, simulated, active
              FROM account
             WHERE id = %(account_id)s
            """,
            {"account_id": account_id},
        )
        return await cur.fetchone()


async def list_simulated_accounts(conn: Conn) -> list[AccountRow]:
    """The accounts of a simulated centre that sign in with a password."""
    async with conn.cursor(row_factory=class_row(AccountRow)) as cur:
        await cur.execute(
            """
            SELECT id, person, centre_id, role, name, name_en, phone, language, password_hash, simulated, active
              FROM account
             WHERE simulated AND active AND password_hash IS NOT NULL
             ORDER BY id
            """
        )
        return await cur.fetchall()


async def open_session(conn: Conn, session_id: bytes, kind: SessionKind) -> SessionRow | None:
    """The session with this id, unless it was ended; its times are not judged here."""
    async with conn.cursor(row_factory=class_row(SessionRow)) as cur:
        await cur.execute(
            """
            SELECT session.account_id, account.centre_id, account.role, account.simulated, account.active,
                   session.seen_at, session.idle_until, session.ends_at
              FROM session
              JOIN account ON account.id = session.account_id
             WHERE session.id = %(session_id)s AND session.kind = %(kind)s AND session.ended_at IS NULL
            """,
            {"session_id": session_id, "kind": kind},
        )
        return await cur.fetchone()


async def insert_session(conn: Conn, session: NewSession) -> None:
    """Write a new session."""
    await conn.execute(
        """
        INSERT INTO session (id, account_id, kind, created_at, seen_at, idle_until, ends_at)
        VALUES (%(id)s, %(account_id)s, %(kind)s, %(created_at)s, %(created_at)s, %(idle_until)s, %(ends_at)s)
        """,
        {
            "id": session.id,
            "account_id": session.account_id,
            "kind": session.kind,
            "created_at": session.created_at,
            "idle_until": session.idle_until,
            "ends_at": session.ends_at,
        },
    )


async def touch_session(
    conn: Conn, session_id: bytes, seen_at: datetime, *, idle_until: datetime, ends_at: datetime
) -> None:
    """Remember that the session was used, and until when it holds now."""
    await conn.execute(
        """
        UPDATE session
           SET seen_at = %(seen_at)s, idle_until = %(idle_until)s, ends_at = %(ends_at)s
         WHERE id = %(session_id)s AND ended_at IS NULL
        """,
        {"session_id": session_id, "seen_at": seen_at, "idle_until": idle_until, "ends_at": ends_at},
    )


async def end_session(conn: Conn, session_id: bytes, now: datetime) -> None:
    """End one session; nothing happens if it has ended."""
    await conn.execute(
        """
        UPDATE session
           SET ended_at = %(now)s
         WHERE id = %(session_id)s AND ended_at IS NULL
        """,
        {"session_id": session_id, "now": now},
    )


async def end_sessions_of(conn: Conn, account_id: AccountId, now: datetime) -> None:
    """End every session of an account."""
    await conn.execute(
        """
        UPDATE session
           SET ended_at = %(now)s
         WHERE account_id = %(account_id)s AND ended_at IS NULL
        """,
        {"account_id": account_id, "now": now},
    )


async def was_session_of(conn: Conn, session_id: bytes, account_id: AccountId) -> bool:
    """Whether this is or was a staff session of the account, and is not deleted yet."""
    cur = await conn.execute(
        """
        SELECT EXISTS (
          SELECT FROM session WHERE id = %(session_id)s AND account_id = %(account_id)s AND kind = 'staff')
        """,
        {"session_id": session_id, "account_id": account_id},
    )
    row = await cur.fetchone()
    return row is not None and bool(row[0])


async def delete_ended_sessions(conn: Conn, before: datetime, in_use: Sequence[bytes]) -> None:
    """Delete the sessions that were over then, but for those with an id in `in_use`."""
    await conn.execute(
        """
        DELETE FROM session
         WHERE coalesce(ended_at, least(idle_until, ends_at)) < %(before)s AND id <> ALL(%(in_use)s)
        """,
        {"before": before, "in_use": list(in_use)},
    )


async def delete_expired_links(conn: Conn, before: datetime) -> None:
    """Delete the links of invited people and of first administrators that had expired or were used up at that time."""
    await conn.execute(
        """
        DELETE FROM invitation
         WHERE ends_at < %(before)s OR (used_at < %(before)s AND NOT reusable)
        """,
        {"before": before},
    )
    await conn.execute(
        """
        DELETE FROM first_administrator
         WHERE ends_at < %(before)s OR used_at < %(before)s
        """,
        {"before": before},
    )


async def set_active(conn: Conn, account_id: AccountId, *, active: bool) -> None:
    """Enable or disable an account."""
    await conn.execute(
        """
        UPDATE account
           SET active = %(active)s
         WHERE id = %(account_id)s
        """,
        {"account_id": account_id, "active": active},
    )


async def set_password(conn: Conn, account_id: AccountId, password_hash: str) -> None:
    """Replace an account's password."""
    await conn.execute(
        """
        UPDATE account
           SET password_hash = %(password_hash)s
         WHERE id = %(account_id)s
        """,
        {"account_id": account_id, "password_hash": password_hash},
    )


async def lock_invitation(conn: Conn, invitation_id: bytes) -> InvitationRow | None:
    """The invitation, locked, so that a link that works once works once."""
    async with conn.cursor(row_factory=class_row(InvitationRow)) as cur:
        await cur.execute(
            """
            SELECT invitation.account_id, account.person, account.centre_id, account.role, account.name,
                   account.name_en, account.phone, account.simulated, account.active,
                   inviter.name AS inviter, inviter.name_en AS inviter_en,
                   invitation.ends_at, invitation.used_at, invitation.reusable
              FROM invitation
              JOIN account ON account.id = invitation.account_id
              LEFT JOIN account AS inviter ON inviter.id = invitation.made_by
             WHERE invitation.id = %(invitation_id)s
               FOR UPDATE OF invitation
            """,
            {"invitation_id": invitation_id},
        )
        return await cur.fetchone()


async def insert_invitation(conn: Conn, invitation: NewInvitation) -> None:
    """Write a new invitation."""
    await conn.execute(
        """
        INSERT INTO invitation (id, account_id, made_by, made_at, ends_at, reusable)
        VALUES (%(id)s, %(account_id)s, %(made_by)s, %(made_at)s, %(ends_at)s, %(reusable)s)
        """,
        {
            "id": invitation.id,
            "account_id": invitation.account_id,
            "made_by": invitation.made_by,
            "made_at": invitation.made_at,
            "ends_at": invitation.ends_at,
            "reusable": invitation.reusable,
        },
    )


async def use_invitation(conn: Conn, invitation_id: bytes, now: datetime) -> None:
    """Mark the link as used."""
    await conn.execute(
        """
        UPDATE invitation
           SET used_at = %(now)s
         WHERE id = %(invitation_id)s
        """,
        {"invitation_id": invitation_id, "now": now},
    )


async def has_administrator(conn: Conn) -> bool:
    """Whether any administrator can sign in; those of a simulated centre can in it only."""
    cur = await conn.execute(
        """
        SELECT EXISTS (
          SELECT
            FROM account
           WHERE role = 'administrator' AND active AND NOT simulated AND password_hash IS NOT NULL)
        """
    )
    row = await cur.fetchone()
    assert row is not None
    return bool(row[0])


async def insert_first_link(conn: Conn, link_id: bytes, made_at: datetime, ends_at: datetime) -> None:
    """Write the first administrator's link."""
    await conn.execute(
        """
        INSERT INTO first_administrator (id, made_at, ends_at)
        VALUES (%(link_id)s, %(made_at)s, %(ends_at)s)
        """,
        {"link_id": link_id, "made_at": made_at, "ends_at": ends_at},
    )


async def end_first_links(conn: Conn, now: datetime) -> None:
    """Revoke all links that were made before."""
    await conn.execute(
        """
        UPDATE first_administrator
           SET used_at = %(now)s
         WHERE used_at IS NULL
        """,
        {"now": now},
    )


async def lock_first_link(conn: Conn, link_id: bytes) -> FirstLinkRow | None:
    """The first administrator's link, locked."""
    async with conn.cursor(row_factory=class_row(FirstLinkRow)) as cur:
        await cur.execute(
            """
            SELECT ends_at, used_at
              FROM first_administrator
             WHERE id = %(link_id)s
               FOR UPDATE
            """,
            {"link_id": link_id},
        )
        return await cur.fetchone()


@dataclass(frozen=True, slots=True)
class NewAdministrator:
    """The first administrator's account."""

    id: AccountId
    centre_id: CentreId
    name: str
    password_hash: str


async def insert_administrator(conn: Conn, administrator: NewAdministrator) -> None:
    """Write the account of the first administrator."""
    await conn.execute(
        """
        INSERT INTO account (id, centre_id, role, name, name_en, password_hash)
        VALUES (%(account_id)s, %(centre_id)s, 'administrator', %(name)s, %(name)s, %(password_hash)s)
        """,
        {
            "account_id": administrator.id,
            "centre_id": administrator.centre_id,
            "name": administrator.name,
            "password_hash": administrator.password_hash,
        },
    )
