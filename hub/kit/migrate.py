"""Brings the database's tables to what this version of the hub expects."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

OWNER: Final = "anling_owner"
"""Owns every table and applies every migration but the first."""
_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_MAKES_THE_ROLES = 1
_LOCK = 0x416E4C67  # "AnLg": one set-up at a time
_IN_PUBLIC: Final = "SET search_path = public, pg_temp"
"""Whatever the server, the database or the account are set to."""
_LIST: Final = """
    CREATE TABLE IF NOT EXISTS migration (
      number     integer PRIMARY KEY,
      name       text NOT NULL,
      digest     text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT statement_timestamp()
    )
"""


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


def list_migrations() -> list[Migration]:
    """All migrations, in the order in which they are applied."""
    found = [
        Migration(int(match[1]), match[2], file.read_text("utf-8"))
        for file in files("hub").joinpath("migrations").iterdir()
        if (match := _NAME.fullmatch(file.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


def make_groups(conn: psycopg.Connection[TupleRow]) -> None:
    """What the administrator does before the owner can migrate: the list of migrations, and the first of them.

    The first makes the roles; it is the only one that does not run as the owner, to whom everything belongs.
    """
    conn.execute(_IN_PUBLIC)
    _lock_migrations(conn)
    conn.execute(_LIST)
    if conn.execute("SELECT FROM migration WHERE number = %s", (_MAKES_THE_ROLES,)).fetchone() is None:
        _apply_migration(conn, next(one for one in list_migrations() if one.number == _MAKES_THE_ROLES))
    conn.execute(sql.SQL("ALTER TABLE migration OWNER TO {}").format(sql.Identifier(OWNER)))
    # Databases made before PostgreSQL 15 let everybody make tables here.
    conn.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    conn.commit()


def apply_migrations(url: str) -> list[str]:
    """Apply what is missing, each migration in a transaction of its own, under an advisory lock; forward only.

    `url` names the owner of the tables, never the administrator: `hub/kit/logins.py` does what comes before. Returns
    the names of those applied now. Raises MigrationRefused when an applied file was edited or is gone, and with the
    sentence of a migration that refuses what the database holds.
    """
    with psycopg.connect(url, application_name="anling migrate", connect_timeout=5) as conn:
        conn.execute(_IN_PUBLIC)
        _lock_migrations(conn)
        conn.commit()  # or each migration would be a savepoint of this transaction, and all be undone by one
        missing = _missing_migrations(conn)
        conn.commit()
        try:
            return [_apply_migration(conn, migration) for migration in missing]
        except psycopg.errors.RaiseException as error:
            raise MigrationRefused(error.diag.message_primary) from error


def refuse_unmigrated(url: str) -> None:
    """Raise MigrationRefused when the tables are not those of this version; for processes, which only ask."""
    with psycopg.connect(url, application_name="anling", connect_timeout=5) as conn:
        conn.execute(_IN_PUBLIC)
        if conn.execute("SELECT to_regclass('migration')").fetchone() == (None,) or _missing_migrations(conn):
            raise MigrationRefused("the database is not set up for this version of Anling: run anling set-up")


def _lock_migrations(conn: psycopg.Connection[TupleRow]) -> None:
    conn.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))


def _missing_migrations(conn: psycopg.Connection[TupleRow]) -> list[Migration]:
    applied: dict[int, tuple[str, str]] = {
        number: (name, digest) for number, name, digest in conn.execute("SELECT number, name, digest FROM migration")
    }
    wanted = list_migrations()
    _refuse_edited(applied, wanted)
    return [migration for migration in wanted if migration.number not in applied]


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


def _apply_migration(conn: psycopg.Connection[TupleRow], migration: Migration) -> str:
    with conn.transaction():
        conn.execute(migration.statements.encode())
        conn.execute(
            "INSERT INTO migration (number, name, digest) VALUES (%s, %s, %s)",
            (migration.number, migration.name, migration.digest),
        )
    return f"{migration.number:04}_{migration.name}"
