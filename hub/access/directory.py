"""Who has an account? Accounts as the centre writes them down, and the first link of those who are new."""

from collections.abc import Iterable

from hub.access import directory_store
from hub.access.errors import PhoneMissing
from hub.access.model import AccountRecord, needs_phone
from hub.access.service import Invited, create_invitation, require_account
from hub.kit.db import Conn
from hub.kit.ids import AccountId
from hub.ledger.edit import Edit, written_kind
from hub.ledger.model import Chain


async def has_simulated_accounts(conn: Conn) -> bool:
    """Whether a simulated centre has written accounts, which work in it alone."""
    return await directory_store.has_simulated_accounts(conn)


async def write_accounts(edit: Edit, records: Iterable[AccountRecord]) -> list[AccountId]:
    """Write these accounts where they differ; gives those that are new. A password somebody has chosen stays.

    Raises PhoneMissing for a family member without a telephone number.
    """
    new = []
    for record in records:
        if needs_phone(record.role) and not record.phone:
            raise PhoneMissing
        written = await directory_store.upsert_account(edit.conn, record)
        if written is None:
            continue
        person, is_new = written
        kind = written_kind("account", is_new=is_new)
        edit.note(record.centre_id, Chain.ACCESS, kind, person=str(person), role=record.role.value)
        if is_new:
            new.append(record.id)
    return new


async def invite_new(edit: Edit, invited: Invited) -> str:
    """Make the first link of an account that was just written; returns its token. Raises NoSuchAccount."""
    row = await require_account(edit.conn, invited.account_id)
    token = await create_invitation(edit.conn, invited, edit.now)
    edit.note(row.centre_id, Chain.ACCESS, "invitation-made", person=str(row.person))
    return token
