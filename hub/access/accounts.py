"""Who has an account, and what does the centre decide about it: who is new, a new link, a new password, out, in again?

Each decision has its ledger entry.
"""

from collections.abc import Iterable

from hub.access import account_store, store
from hub.access.errors import AccountDisabled, FamilyHasNoPassword, HasPassword, NoSuchAccount, PhoneMissing
from hub.access.model import AccountRecord, Role, needs_phone
from hub.access.service import Invited, create_invitation, require_account
from hub.access.store import AccountRow
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId
from hub.ledger.edit import Edit, written_kind
from hub.ledger.model import Chain


async def accounts_of(conn: Conn, centre_id: CentreId) -> list[AccountRow]:
    """Every account of the centre, disabled ones too, by id."""
    return await account_store.accounts_of(conn, centre_id)


async def has_simulated_accounts(conn: Conn) -> bool:
    """Whether a simulated centre has written accounts, which work in it alone."""
    return await account_store.has_simulated_accounts(conn)


async def write_accounts(edit: Edit, records: Iterable[AccountRecord]) -> list[AccountId]:
    """Write these accounts where they differ; gives those that are new. A password somebody has chosen stays.

    Raises PhoneMissing for a family member without a telephone number.
    """
    new = []
    for record in records:
        if needs_phone(record.role) and not record.phone:
            raise PhoneMissing
        written = await account_store.upsert_account(edit.conn, record)
        if written is None:
            continue
        person, is_new = written
        kind = written_kind("account", is_new=is_new)
        edit.note_entry(record.centre_id, Chain.ACCESS, kind, person=str(person), role=record.role.value)
        if is_new:
            new.append(record.id)
    return new


async def invite_new(edit: Edit, invited: Invited) -> str:
    """Make the first link of an account that was just written; returns its token. Raises NoSuchAccount."""
    row = await require_account(edit.conn, invited.account_id)
    token = await create_invitation(edit.conn, invited, edit.now)
    edit.note_entry(row.centre_id, Chain.ACCESS, "invitation-made", person=str(row.person))
    return token


async def renew_invitation(edit: Edit, account_id: AccountId) -> str:
    """Make a new link that signs the account in once; unused ones that were made before are revoked.

    Returns the link's token. Raises NoSuchAccount, AccountDisabled, and HasPassword for staff who have chosen one:
    they sign in with it, and a new one is `reset_password`.
    """
    account = await _lock_active(edit, account_id)
    if account.role != Role.FAMILY and account.password_hash is not None:
        raise HasPassword
    await account_store.end_links_of(edit.conn, account.id, edit.now)
    _append_entry(edit, account, "invitation-made")
    return await create_invitation(edit.conn, Invited(account.id, made_by=edit.author.account_id), edit.now)


async def reset_password(edit: Edit, account_id: AccountId) -> str:
    """End the account's password and sessions now, and make a link with which its person chooses a new password, once.

    At once and not when the link is used: the usual reason is that somebody else may know the password. Returns the
    link's token. Raises NoSuchAccount, AccountDisabled and FamilyHasNoPassword.
    """
    account = await _lock_active(edit, account_id)
    if account.role == Role.FAMILY:
        raise FamilyHasNoPassword
    await account_store.clear_password(edit.conn, account.id)
    await store.end_sessions_of(edit.conn, account.id, edit.now)
    await account_store.end_links_of(edit.conn, account.id, edit.now)
    _append_entry(edit, account, "password-reset")
    return await create_invitation(edit.conn, Invited(account.id, made_by=edit.author.account_id), edit.now)


async def disable_account(edit: Edit, account_id: AccountId) -> bool:
    """Shut an account out: its sessions and links end in this transaction, its streams and pictures within a second.

    Alarms that it owns are reopened by the alarms' watch. False when it was disabled already. Raises NoSuchAccount.
    """
    account = await _lock_account(edit, account_id)
    if not account.active:
        return False
    await store.set_active(edit.conn, account.id, active=False)
    await store.end_sessions_of(edit.conn, account.id, edit.now)
    await account_store.end_links_of(edit.conn, account.id, edit.now)
    _append_entry(edit, account, "account-disabled")
    return True


async def enable_account(edit: Edit, account_id: AccountId) -> bool:
    """Let a disabled account in again, by its password or a new link. False when it is not disabled.

    Raises NoSuchAccount.
    """
    account = await _lock_account(edit, account_id)
    if account.active:
        return False
    await store.set_active(edit.conn, account.id, active=True)
    _append_entry(edit, account, "account-enabled")
    return True


async def _lock_account(edit: Edit, account_id: AccountId) -> AccountRow:
    """The account, locked, so that two decisions about it come one after the other."""
    account = await account_store.lock_account(edit.conn, account_id)
    if account is None:
        raise NoSuchAccount(f"no account is called {account_id}")
    return account


async def _lock_active(edit: Edit, account_id: AccountId) -> AccountRow:
    account = await _lock_account(edit, account_id)
    if not account.active:
        raise AccountDisabled
    return account


def _append_entry(edit: Edit, account: AccountRow, kind: str) -> None:
    edit.note_entry(account.centre_id, Chain.ACCESS, kind, person=str(account.person))


async def end_all_sign_ins(edit: Edit, centre_id: CentreId) -> None:
    """After a restore: whoever signed out, or used a link, since the backup was made must not be signed in by it again.

    Everybody signs in again; families, and staff without a password, with a new link.
    """
    await account_store.end_all_sessions(edit.conn, edit.now)
    await account_store.end_all_links(edit.conn, edit.now)
    edit.note_entry(centre_id, Chain.ACCESS, "sign-ins.ended")
