"""What becomes of refused passwords? Written every few seconds: in the access chain, and a notice from ten a minute."""

from typing import Final

from hub.centre.service import find_centre
from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.kit.refusals import Refusals, RefusedPasswords
from hub.ledger.model import Chain, Entry
from hub.ledger.service import append_entries
from hub.notices import service
from hub.notices.model import NoticeCode, Raised

_AT_ONCE: Final = 20
"""Entries of one turn: what a flood tried under more names stands in one entry more."""


class RefusalReports:
    """Writes what was counted; a try costs no write of its own, so that a flood of them is nobody else's wait."""

    EVERY_SECONDS: Final = 5.0

    def __init__(self, database: Database, clock: Clock, refusals: Refusals, code: NoticeCode) -> None:
        self._database = database
        self._clock = clock
        self._refusals = refusals
        self._code = code

    async def write(self) -> None:
        """Write what was refused since the last turn. Raises psycopg.OperationalError; nothing is lost then."""
        refused = self._refusals.unwritten(self._clock.monotonic())
        if not refused:
            return
        refused.sort(key=lambda one: -one.times)
        now = self._clock.now()
        entries = _entries_of(refused)
        async with self._database.transaction() as conn:
            centre_id = await find_centre(conn)
            if centre_id is not None:
                for one in [one for one in refused if one.is_noticed][:_AT_ONCE]:
                    params = {"refused": one.last_minute}
                    await service.raise_notice(conn, Raised(centre_id, self._code, one.subject, params=params), now)
                await append_entries(conn, centre_id, Chain.ACCESS, entries, now)
        self._refusals.wrote(refused)


def _entries_of(refused: list[RefusedPasswords]) -> list[Entry]:
    entries = [Entry("password-refused", dict([one.named]) | {"times": one.times}) for one in refused[:_AT_ONCE]]
    if rest := refused[_AT_ONCE:]:
        entries.append(Entry("password-refused", {"others": len(rest), "times": sum(one.times for one in rest)}))
    return entries
