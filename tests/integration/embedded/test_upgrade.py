"""A data folder of a version that trusted its socket and had no logins: it is taken over, with everything in it."""

import stat
from pathlib import Path

import psycopg
import pytest

from hub.embedded import logins, postgres
from hub.kit import migrate as migrations
from hub.kit.db import Login, conninfo_as
from hub.kit.migrate import OWNER, make_groups

FIRST_WITH_LOGINS = 45


def migrate_as_before(url: str) -> None:
    """The superuser, in the owner's role, up to the migration before the logins; its list of them was its own."""
    with psycopg.connect(url, autocommit=True) as conn:
        make_groups(conn)
        conn.execute("ALTER TABLE migration OWNER TO anling")
        for migration in migrations.list_migrations():
            if 1 < migration.number < FIRST_WITH_LOGINS:
                conn.execute(f"SET ROLE {OWNER}".encode())
                conn.execute(migration.statements.encode())
                conn.execute("RESET ROLE")
                conn.execute(
                    "INSERT INTO migration VALUES (%s, %s, %s)", (migration.number, migration.name, migration.digest)
                )
        conn.execute("INSERT INTO organisation (id, name, name_en) VALUES ('hongtai', '宏泰', 'Hongtai')")
        conn.execute("ALTER ROLE anling PASSWORD NULL")


async def old_folder(folder: Path) -> Path:
    """As an older version left it."""
    async with postgres.run_postgres(folder / "database", durable=False) as url:
        migrate_as_before(url)
    (folder / "database" / "superuser-password").unlink()
    (folder / "database" / "cluster" / "pg_hba.conf").write_text("local all all trust\nhost all all all reject\n")
    return folder


def asked(conninfo: str) -> tuple[object, ...] | None:
    with psycopg.connect(conninfo) as conn:
        return conn.execute("SELECT session_user, current_user, name_en FROM organisation").fetchone()


def is_let_in(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError:
        return False
    return True


async def test_an_older_data_folder_keeps_its_rows_and_asks_for_passwords_from_now_on(tmp_path: Path) -> None:
    folder = await old_folder(tmp_path)

    async with postgres.run_postgres(folder / "database", durable=False) as url:
        urls = await logins.set_up(url, folder)

        telemetry = urls[Login.TELEMETRY]  # which has no business with who runs the centre
        rows = {login: asked(conninfo) for login, conninfo in urls.items() if conninfo != telemetry}
        assert rows == {login: (login.value, login.value, "Hongtai") for login in rows}
        assert len(rows) == len(Login) - 1
        assert is_let_in(telemetry)
        with psycopg.connect(url) as conn:
            owners = conn.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert owners == [(OWNER,)]
        guessed = [is_let_in(conninfo_as(url, account, "guessed")) for account in ("anling", OWNER, *Login)]
        assert guessed == [False] * 6


async def test_the_passwords_stay_the_same_from_start_to_start_and_are_for_this_account_alone(tmp_path: Path) -> None:
    async with postgres.run_postgres(tmp_path / "database", durable=False) as url:
        first = await logins.set_up(url, tmp_path)
    async with postgres.run_postgres(tmp_path / "database", durable=False) as url:
        second = await logins.set_up(url, tmp_path)
        assert logins.load_login_urls(postgres.url_of_running(tmp_path / "database"), tmp_path) is not None

    files = [*(tmp_path / "secrets").iterdir(), tmp_path / "database" / "superuser-password"]
    assert first == second
    assert len({file.read_text("ascii") for file in files}) == len(files) == len(Login) + 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


async def test_passwords_that_were_lost_are_made_anew(tmp_path: Path) -> None:
    async with postgres.run_postgres(tmp_path / "database", durable=False) as url:
        before = await logins.set_up(url, tmp_path)
    (tmp_path / "database" / "superuser-password").unlink()
    for file in (tmp_path / "secrets").iterdir():
        file.unlink()

    async with postgres.run_postgres(tmp_path / "database", durable=False) as url:
        urls = await logins.set_up(url, tmp_path)
        psycopg.connect(urls[Login.ALARMS]).close()

        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(before[Login.ALARMS])
