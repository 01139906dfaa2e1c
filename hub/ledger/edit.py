"""How does somebody change what the centre keeps? In one transaction that ends with its entries in the ledger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hub.kit.db import Conn, Database
from hub.kit.ids import AccountId, CentreId
from hub.ledger import service
from hub.ledger.model import Chain, Entry


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes an edit: an account, or (without one) whoever gives a command at the hub's own machine.

    `token` stands for the author in the ledger: the account's `person`, or the name of the command.
    """

    token: str
    account_id: AccountId | None = None


COMMAND_LINE: Final = Author("command line")
"""Whoever gives a command at the hub's own machine."""
IMPORT: Final = Author("import")
"""Whoever imports a centre's file at the hub's own machine."""
RESTORE: Final = Author("restore")
"""Whoever restores a backup at the machine that becomes the hub's."""
TIME: Final = Author("time")
"""Nobody: what was written down to end or to begin at a time, does so."""


@dataclass(slots=True)
class Edit:
    """One transaction in which `author` changes rows of one or more domains at `now`.

    Each domain's service writes its own rows through `conn` and notes what changed. The entries are gathered and
    appended once, at the end: the head of a chain is locked from its append to the commit, and a press waits for it.
    """

    conn: Conn
    author: Author
    now: datetime
    _noted: dict[tuple[CentreId, Chain], list[Entry]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has changed so far."""
        return not self._noted

    def note_entry(self, centre_id: CentreId, chain: Chain, kind: str, /, **params: str | int | None) -> None:
        """Add an entry of this kind with these ids and codes, and the author as `by`."""
        entry = Entry(kind, {**params, "by": self.author.token})
        self._noted.setdefault((centre_id, chain), []).append(entry)

    async def append_entries(self) -> None:
        """Append what was noted, the care chain last: presses wait for that one. Nothing is written after this."""
        # Sorted, so that two edits never wait for each other: by centre, and "access" before "care".
        for (centre_id, chain), entries in sorted(self._noted.items()):
            await service.append_entries(self.conn, centre_id, chain, entries, self.now)
        self._noted.clear()


def written_kind(thing: str, *, is_new: bool) -> str:
    """The kind of the entry of a row that was written, such as `senior.added` or `senior.changed`."""
    return f"{thing}.{'added' if is_new else 'changed'}"


@asynccontextmanager
async def open_edit(database: Database, author: Author, now: datetime) -> AsyncIterator[Edit]:
    """A transaction for one edit: its entries are appended and it is committed at the end of the block, or undone.

    Raises psycopg.OperationalError as `Database.transaction` does.
    """
    async with database.transaction() as conn:
        editing = Edit(conn, author, now)
        yield editing
        await editing.append_entries()
