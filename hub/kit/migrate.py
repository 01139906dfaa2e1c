"""Brings the database's tables to what this version of the hub expects."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

import psycopg

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_MAKES_THE_ROLES = 1
_LOCK = 0x416E4C67  # "AnLg": one hub migrates at a time


class MigrationRefused(Exception):
    """The database was made by other files than these, or not for this account; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    statements: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.statements.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations, in the order in which they are applied."""
    found = [
        Migration(int(match[1]), match[2], file.read_text("utf-8"))
        for file in files("hub").joinpath("migrations").iterdir()
        if (match := _NAME.fullmatch(file.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


def migrate(url: str) -> list[str]:
    """Apply what is missing, each migration in a transaction of its own, under an advisory lock; forward only.

    The first makes the roles, the others run as anling_owner, to whom the tables belong.
    Returns the names of those applied now. Raises MigrationRefused when an applied file was edited or is gone, and when
    the account lacks a right.
    """
    try:
        return _migrate(url)
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationRefused(
            f"this account of the database may not make Anling's tables ({error.diag.message_primary}): it has to own "
            "the database and be allowed to make roles: ALTER DATABASE … OWNER TO …; ALTER ROLE … CREATEROLE"
        ) from error


def _migrate(url: str) -> list[str]:
    with psycopg.connect(url, application_name="anling migrate", connect_timeout=5) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        conn.execute(
            """
            CREATE TABLE IF NOT EXISTS migration (
              number     integer PRIMARY KEY,
              name       text NOT NULL,
              digest     text NOT NULL,
              applied_at timestamptz NOT NULL DEFAULT statement_timestamp()
            )
            """
        )
        conn.commit()
        applied: dict[int, tuple[str, str]] = {
            number: (name, digest)
            for number, name, digest in conn.execute("SELECT number, name, digest FROM migration")
        }
        conn.commit()  # or each migration would be a savepoint of this transaction, and all be undone by one
        wanted = migrations()
        _refuse_edited(applied, wanted)
        return [_apply(conn, migration) for migration in wanted if migration.number not in applied]


async def migrate_async(url: str) -> list[str]:
    """`migrate`, for callers in an event loop."""
    return await asyncio.to_thread(migrate, url)


def _refuse_edited(applied: dict[int, tuple[str, str]], wanted: list[Migration]) -> None:
    known = {migration.number: migration for migration in wanted}
    for number, (name, digest) in applied.items():
        if number not in known:
            raise MigrationRefused(
                f"the database has migration {number:04}_{name}, which this version does not know: it was made by a "
                "newer Anling; start that version, or restore the backup made before it"
            )
        if known[number].digest != digest:
            raise MigrationRefused(
                f"migration {number:04}_{name} was edited after it was applied: restore the file, and put the change "
                "into a new migration"
            )


def _apply(conn: psycopg.Connection[tuple[object, ...]], migration: Migration) -> str:
    with conn.transaction():
        if migration.number != _MAKES_THE_ROLES:
            conn.execute("SET LOCAL ROLE anling_owner")
        conn.execute(migration.statements.encode())
        conn.execute("RESET ROLE")
        conn.execute(
            "INSERT INTO migration (number, name, digest) VALUES (%s, %s, %s)",
            (migration.number, migration.name, migration.digest),
        )
    return f"{migration.number:04}_{migration.name}"
