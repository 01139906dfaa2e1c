"""How the hub reaches PostgreSQL: one pool for each login, one transaction for each decision.

Each process is given a conninfo string for each of its own logins and for no other (`Login.variable` names the
setting); nothing here ever changes the role of a session. `hub/kit/logins.py` makes the logins.
"""

import asyncio
import os
import select
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import Final, Self, TypeAlias

from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import make_conninfo
from psycopg.errors import (
    DeadlockDetected,
    IdleInTransactionSessionTimeout,
    LockNotAvailable,
    ReadOnlySqlTransaction,
    SerializationFailure,
    TransactionTimeout,
)
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from hub.kit.row_values import read_values_apart

Conn: TypeAlias = AsyncConnection[TupleRow]

LOCK_WITHIN: Final = "3s"
"""A lock that is not given by then is an outage: who waits raises and retries. Who may wait less sets less."""
STANDS_STILL_AT_MOST: Final = "10s"
"""A transaction in which nothing is asked for so long is ended by the server, and its locks are free again."""

ENDED_BY_SERVER: Final = (IdleInTransactionSessionTimeout, TransactionTimeout, ReadOnlySqlTransaction)
"""What the server says of a transaction that stood still or took too long, and one that has become a standby of
whatever is written: psycopg counts them among internal errors."""
WORLD_IS_DOWN: Final = (OperationalError, TimeoutError, *ENDED_BY_SERVER)
"""What a database that is down raises, and a wait that took too long: no defect of ours; who polls tries again.

Among OperationalError are lost connections, deadlocks, serialization failures, locks that were not given, a full disk,
too many connections and a server that is stopped. `Database.transaction` makes all of these an OperationalError.
"""
CONTENDED: Final = (LockNotAvailable, DeadlockDetected, SerializationFailure)
"""Two transactions were in each other's way; neither the server nor the row is at fault, and another row may go on."""

_KNOWS_TRANSACTION_TIMEOUT: Final = 170000


class Login(StrEnum):
    """The accounts of PostgreSQL as which our processes work; none may act as another."""

    ALARMS = "anling_alarms"
    """The alarm path: broker, alarm lane, timers, messages to people and devices."""
    TELEMETRY = "anling_telemetry"
    """Readings, visits and states; the only one that may make temporary tables."""
    PAGES_READ = "anling_pages_read"
    """What pages show to one signed-in account, under row-level security."""
    PAGES_WRITE = "anling_pages_write"
    """What people change: on pages, by an import, by a command."""

    @property
    def variable(self) -> str:
        """The environment variable that gives a process the conninfo string of this login."""
        return f"ANLING_{self.name}_DATABASE"

    @property
    def field(self) -> str:
        """The field of the settings that this variable fills."""
        return f"{self.name.lower()}_database"


_PINNED: Final = f"""
    SET search_path = public, pg_temp;
    SET DateStyle = 'ISO, YMD';
    SET IntervalStyle = 'postgres';
    SET client_encoding = 'UTF8';
    SET TIME ZONE 'UTC';
    SET lock_timeout = '{LOCK_WITHIN}';
    SET idle_in_transaction_session_timeout = '{STANDS_STILL_AT_MOST}'
"""
"""What a session of ours depends on, whatever the server, the database or the role are set to."""
NO_PASSFILE: Final = "/dev/null/none"
"""A file that cannot exist, so that libpq reads no ~/.pgpass."""


def forget_libpq_environment() -> None:
    """Take libpq's variables (PGOPTIONS, PGSERVICE, PGHOST, …) out of this process: they are meant for other databases.

    Called first by every process of ours that speaks to a database. `PGPASSFILE` then names a file that cannot exist.
    """
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    os.environ["PGPASSFILE"] = NO_PASSFILE


def conninfo_as(url: str, user: str, password: str) -> str:
    """The database of `url`, as another account with its own password; a conninfo string, which hides nothing."""
    return make_conninfo(url, user=user, password=password, passfile=NO_PASSFILE)


def describe_outage(error: OperationalError) -> str:
    """One line that says to a person that the database is down, and why."""
    said = str(error).strip().splitlines()
    return f"the database does not answer: {said[0] if said else 'no reason given'}"


class TookTooLong(OperationalError):
    """The server ended a transaction that stood still, took longer than its pool allows, or may write nothing now."""


class Database:
    """A pool of connections of one login."""

    def __init__(self, pool: AsyncConnectionPool[Conn]) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def open(
        cls, conninfo: str, *, size: int, name: str, ends_within: timedelta | None = None, generic_plans: bool = False
    ) -> AsyncIterator[Self]:
        """Open at most `size` connections, as the login that `conninfo` names; `name` shows in pg_stat_activity.

        `ends_within`: a transaction that lasts longer is ended by the server, whatever this process does.
        `generic_plans`: each statement is parsed and planned once a connection, for whatever values (DECISIONS 68).

        Raises psycopg_pool.PoolTimeout when the server does not answer within 10 s.
        """

        async def pin(conn: Conn) -> None:
            read_values_apart(conn)
            await conn.execute(_PINNED)
            if ends_within is not None:
                await _end_within(conn, ends_within)
            if generic_plans:
                await conn.execute("SET plan_cache_mode = 'force_generic_plan'")
                conn.prepare_threshold = 0  # prepared before it is asked for the first time
            await conn.commit()

        pool = AsyncConnectionPool[Conn](
            conninfo,
            min_size=1,
            max_size=size,
            open=False,
            name=name,
            configure=pin,
            check=_check_connection,
            timeout=5.0,
            reconnect_timeout=5.0,
            # A server that is gone without closing anything is noticed within 11 s, not after the kernel's two hours.
            kwargs={
                "application_name": name,
                "connect_timeout": 3,
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "tcp_user_timeout": 11_000,
            },
        )
        try:
            with _raise_lost_cancellation():
                await pool.open(wait=True, timeout=10.0)
            yield cls(pool)
        finally:
            await pool.close(timeout=5.0)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        """A connection whose work is committed at the end of the block, or undone by an error in it.

        Raises psycopg.OperationalError (PoolTimeout, LockNotAvailable and DeadlockDetected are some) while the database
        is down, or when it waited for a lock or stood still for too long.
        """
        try:
            async with AsyncExitStack() as stack:
                with _raise_lost_cancellation():
                    conn = await stack.enter_async_context(self._pool.connection())
                await stack.enter_async_context(conn.transaction())
                yield conn
        except ENDED_BY_SERVER as error:
            raise TookTooLong(
                f"the transaction stood still, took too long or may not write, and was ended: {type(error).__name__}"
            ) from error

    @asynccontextmanager
    async def transaction_as(self, account_id: str) -> AsyncIterator[Conn]:
        """A transaction for one signed-in account: row-level security sees her, and nobody else."""
        async with self.transaction() as conn:
            await conn.execute("SELECT set_config('anling.account', %(account)s, true)", {"account": account_id})
            yield conn


async def _end_within(conn: Conn, most: timedelta) -> None:
    """Let the server end a transaction that lasts longer.

    Before PostgreSQL 17 no single statement, and no pause between two, lasts longer: one that stands still holds its
    locks for that long.
    """
    milliseconds = str(int(most / timedelta(milliseconds=1)))
    names = ["transaction_timeout"]
    if conn.info.server_version < _KNOWS_TRANSACTION_TIMEOUT:
        names = ["statement_timeout", "idle_in_transaction_session_timeout"]
    for name in names:
        await conn.execute("SELECT set_config(%(name)s, %(most)s, false)", {"name": name, "most": milliseconds})


@contextmanager
def _raise_lost_cancellation() -> Iterator[None]:
    """Raises CancelledError at the end of the block when this task was cancelled in it and nobody said so.

    The pool waits with asyncio.wait_for, which before Python 3.12 loses a cancellation that comes in the moment in
    which what it waits for is there (github.com/python/cpython/issues/86296): whoever stops us would wait for ever.
    """
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    yield
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError


async def _check_connection(conn: Conn) -> None:
    """Whether a connection still lives: it is asked only when the server has said something, as it does when it closes.

    A server that is gone without a word is not noticed by asking either, before the time that the connection is given.
    """
    said = select.poll()
    said.register(conn.fileno(), select.POLLIN)
    if said.poll(0):
        await AsyncConnectionPool.check_connection(conn)
