"""How do the accounts of PostgreSQL come to be? Set-up makes them as the administrator, then migrates as the owner.

After that nobody needs the administrator: each process works as a login of its own (`hub/kit/db.py`). The rights of the
logins are GRANTs of the migrations; here is only what the owner of the tables may not do.
"""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Final, TypeAlias

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from hub.kit.db import Login, conninfo_as
from hub.kit.migrate import OWNER, MigrationRefused, apply_migrations, make_groups

Administration: TypeAlias = psycopg.Connection[TupleRow]
LoginPasswords: TypeAlias = Mapping[str, str]
"""Of OWNER and of each Login."""

WITH_PASSWORD: Final = (OWNER, *Login)
_GROUPS: Final = {Login.ALARMS: "anling_hub", Login.PAGES_WRITE: "anling_hub", Login.PAGES_READ: "anling_web"}
"""Roles that nobody is and nobody becomes: what their members share is granted to them. Telemetry shares nothing."""
_LARGE_OBJECTS: Final = """
    DO $$
    DECLARE
      found regprocedure;
    BEGIN
      FOR found IN
        SELECT oid FROM pg_proc
         WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^lo(_.*|read|write)$'
      LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', found);
      END LOOP;
    END
    $$
"""


def new_passwords() -> dict[str, str]:
    """A random password for each account."""
    return {name: secrets.token_hex(20) for name in WITH_PASSWORD}


def urls_of(url: str, passwords: LoginPasswords) -> dict[Login, str]:
    """The conninfo string of each login for the database of `url`."""
    return {login: conninfo_as(url, login, passwords[login]) for login in Login}


def set_up_logins(url: str, passwords: LoginPasswords) -> list[str]:
    """Make the accounts with these passwords, close the database to everybody else, and apply missing migrations.

    `url` names the administrator: a superuser, or an account that owns the database and may make roles. Returns the
    names of the migrations applied now. Raises MigrationRefused when the account lacks a right, an account of ours has
    one too many, or the migrations do not fit.
    """
    try:
        with psycopg.connect(url, application_name="anling set-up", connect_timeout=5) as conn:
            make_groups(conn)
            for name in WITH_PASSWORD:
                _make_login(conn, name, works=_can_sign_in(url, name, passwords[name]), password=passwords[name])
                _reset_login(conn, name)
            _grant_group_rights(conn)
            close_database(conn, conn.info.dbname)
            if _is_superuser(conn):
                conn.execute(_LARGE_OBJECTS.encode())
            _refuse_open(conn)
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationRefused(
            f"this account of the database may not make Anling's tables ({error.diag.message_primary}): it has to own "
            "the database and be allowed to make roles: ALTER DATABASE … OWNER TO …; ALTER ROLE … CREATEROLE"
        ) from error
    return apply_migrations(conninfo_as(url, OWNER, passwords[OWNER]))


async def set_up_logins_async(url: str, passwords: LoginPasswords) -> list[str]:
    """`set_up_logins`, for callers in an event loop."""
    return await asyncio.to_thread(set_up_logins, url, passwords)


def close_database(conn: Administration, database: str) -> None:
    """Say what only the owner of a database may say of it; a copy of a database has to be told again."""
    conn.execute(sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
    conn.execute(
        sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(
            sql.Identifier(database), sql.Identifier(Login.TELEMETRY)
        )
    )


def _can_sign_in(url: str, name: str, password: str) -> bool:
    try:
        psycopg.connect(conninfo_as(url, name, password), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _make_login(conn: Administration, name: str, *, works: bool, password: str) -> None:
    """The account, as far as it is not there. Its password is sent as what SCRAM stores, which a log may hold."""
    found = conn.execute(
        """
        SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
          FROM pg_roles
         WHERE rolname = %s
        """,
        (name,),
    ).fetchone()
    if found is None:
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
    elif found[0]:
        raise MigrationRefused(
            f"the account {name} of the database has rights over the whole server, which no process of Anling may "
            f"have: ALTER ROLE {name} NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS"
        )
    if not works:
        stored = conn.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
        conn.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(stored)))


def _reset_login(conn: Administration, name: str) -> None:
    """Undo what this account has set for its own sessions, as each may: the next start would fail of it."""
    found = conn.execute(
        "SELECT DISTINCT setdatabase = 0 FROM pg_db_role_setting WHERE setrole = %s::regrole", (name,)
    ).fetchall()
    if (True,) in found:
        conn.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(sql.Identifier(name)))
    if (False,) in found:
        here = conn.info.dbname
        reset = sql.SQL("ALTER ROLE {} IN DATABASE {} RESET ALL").format(sql.Identifier(name), sql.Identifier(here))
        conn.execute(reset)


def _grant_group_rights(conn: Administration) -> None:
    """Let logins have the rights of their group, and let nobody become another by SET ROLE."""
    for login, group in _GROUPS.items():
        member = conn.execute(
            """
            SELECT set_option OR NOT inherit_option
              FROM pg_auth_members
             WHERE roleid = %s::regrole AND member = %s::regrole
            """,
            (group, login.value),
        ).fetchall()
        if not member or any(wrong for (wrong,) in member):
            conn.execute(
                sql.SQL("GRANT {} TO {} WITH INHERIT TRUE, SET FALSE, ADMIN FALSE").format(
                    sql.Identifier(group), sql.Identifier(login)
                )
            )


def _is_superuser(conn: Administration) -> bool:
    return conn.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,)


def _refuse_open(conn: Administration) -> None:
    """PostgreSQL only warns when what is revoked was somebody else's to revoke."""
    found = conn.execute(
        "SELECT has_database_privilege(%s, current_database(), 'TEMPORARY')", (Login.PAGES_READ.value,)
    ).fetchone()
    if found == (True,):
        raise MigrationRefused(
            "this account does not own the database, so it cannot close it to others: ALTER DATABASE … OWNER TO …"
        )
