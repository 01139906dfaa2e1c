"""A database that remembers what it was asked in each transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar

from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from hub.kit.db import Conn, Database

_asked: ContextVar[list[str]] = ContextVar("asked")


class _Noting(AsyncCursor[TupleRow]):
    async def execute(self, query, *args, **kwargs):  # type: ignore[no-untyped-def]  # whatever psycopg takes
        _asked.get().append(query if isinstance(query, str) else query.as_string(self.connection))
        return await super().execute(query, *args, **kwargs)

    async def executemany(self, query, *args, **kwargs):  # type: ignore[no-untyped-def]
        _asked.get().append(query if isinstance(query, str) else query.as_string(self.connection))
        await super().executemany(query, *args, **kwargs)


class Recorded(Database):
    """`open` it like the real one, which it is; `transactions` are the statements of each, as they went out."""

    def __init__(self, pool: AsyncConnectionPool[Conn]) -> None:
        super().__init__(pool)
        self.transactions: list[list[str]] = []

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        async with super().transaction() as conn:
            asked: list[str] = []
            self.transactions.append(asked)
            was, conn.cursor_factory = conn.cursor_factory, _Noting
            token = _asked.set(asked)
            try:
                yield conn
            finally:
                _asked.reset(token)
                conn.cursor_factory = was

    def asked_after_the_ledger(self) -> list[str]:
        """What was still asked in a transaction that had the head of a chain locked, and was not for the ledger."""
        late: list[str] = []
        for asked in self.transactions:
            first = next((n for n, statement in enumerate(asked) if "ledger_" in statement), len(asked))
            late += [statement for statement in asked[first:] if "ledger_" not in statement]
        return late
