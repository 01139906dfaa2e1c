"""Migrations, roles and changes, on a real PostgreSQL."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from hub.kit import logins
from hub.kit import migrate as migrations
from hub.kit.changes import LOST, Change, Changes
from hub.kit.clock import FileClock, SetClock, measure_clock_step
from hub.kit.db import Database, Login, TookTooLong, conninfo_as
from hub.notices import service as notices
from hub.notices import store as notices_store
from hub.notices.model import Raised
from tests.fakes.house import House
from tests.fakes.logins import PASSWORDS, set_up, url_as, url_as_owner


def test_a_migrated_database_needs_nothing_more(database_url: str) -> None:
    assert migrations.apply_migrations(url_as_owner(database_url)) == []


def test_a_database_that_is_set_up_needs_no_second_set_up(database_url: str) -> None:
    assert set_up(database_url) == []


@pytest.mark.parametrize("login", logins.WITH_PASSWORD)
def test_what_a_login_has_set_for_its_own_sessions_stops_no_start(database_url: str, login: str) -> None:
    its_own = conninfo_as(database_url, login, PASSWORDS[login])
    with psycopg.connect(its_own) as conn:
        database = conn.info.dbname
        # In this database alone: the tests share a server, and so its accounts.
        conn.execute(f"ALTER ROLE CURRENT_USER IN DATABASE {database} SET search_path = elsewhere".encode())

    migrations.refuse_unmigrated(its_own)
    assert set_up(database_url) == []

    with psycopg.connect(its_own) as conn:
        assert conn.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_everything_belongs_to_the_owner_and_no_login_has_a_right_over_the_server(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        others = conn.execute(
            "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public' AND tableowner <> 'anling_owner'"
        ).fetchall()
        roles = conn.execute(
            """
            SELECT rolname, rolcanlogin, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
              FROM pg_roles
             WHERE rolname LIKE 'anling\\_%'
             ORDER BY rolname
            """
        ).fetchall()

    assert others == []
    assert roles == [
        ("anling_alarms", True, False),
        ("anling_hub", False, False),
        ("anling_owner", True, False),
        ("anling_pages_read", True, False),
        ("anling_pages_write", True, False),
        ("anling_telemetry", True, False),
        ("anling_web", False, False),
    ]


def test_an_edited_migration_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE migration SET digest = 'other' WHERE number = 1")

    with pytest.raises(migrations.MigrationRefused, match="0001_roles was edited"):
        migrations.apply_migrations(url_as_owner(database_url))


def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("INSERT INTO migration (number, name, digest) VALUES (9999, 'later', 'x')")

    with pytest.raises(migrations.MigrationRefused, match="newer Anling"):
        migrations.apply_migrations(url_as_owner(database_url))


def test_an_account_that_may_make_no_roles_is_told_what_it_needs(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as conn:
        conn.execute("CREATE ROLE anling_plain")
        conn.execute("GRANT ALL ON SCHEMA public TO anling_plain")
    try:
        with pytest.raises(migrations.MigrationRefused, match="ALTER ROLE … CREATEROLE"):
            logins.set_up_logins(make_conninfo(empty_database_url, options="-c role=anling_plain"), PASSWORDS)
    finally:
        with psycopg.connect(empty_database_url) as conn:
            conn.execute("DROP OWNED BY anling_plain")
            conn.execute("DROP ROLE anling_plain")


def test_a_migration_that_fails_undoes_none_of_those_before_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = migrations.list_migrations()
    good = migrations.Migration(9001, "good", "CREATE TABLE good (id integer)")
    bad = migrations.Migration(9002, "bad", "CREATE TABLE half (id integer); SELECT 1 / 0")
    monkeypatch.setattr(migrations, "list_migrations", lambda: [*known, good, bad])

    with pytest.raises(psycopg.errors.DivisionByZero):
        migrations.apply_migrations(url_as_owner(database_url))

    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT name FROM migration WHERE number > 9000").fetchall() == [("good",)]
        assert conn.execute("SELECT to_regclass('good'), to_regclass('half')").fetchall() == [("good", None)]


def test_a_database_that_holds_two_centres_says_so_in_one_line(empty_database_url: str) -> None:
    wanted = migrations.list_migrations()
    before = [migration for migration in wanted if migration.number < 54]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "list_migrations", lambda: before)
        set_up(empty_database_url)
    with psycopg.connect(empty_database_url) as conn:
        conn.execute("INSERT INTO organisation VALUES ('hongtai', '宏泰社工', 'Hongtai Social Work')")
        for centre in ("west", "east"):
            conn.execute(
                "INSERT INTO centre VALUES (%s, 'hongtai', '中心', 'Centre', '', 'Asia/Shanghai', '08:00', '20:00')",
                (centre,),
            )

    with pytest.raises(migrations.MigrationRefused) as refused:
        set_up(empty_database_url)

    assert str(refused.value) == (
        "the database holds 2 centres (east, west), and one hub serves one: give each a database of its own"
    )


async def test_a_family_member_sees_her_own_relative_and_nobody_else(web_database: Database, house: House) -> None:
    async with web_database.transaction_as(house.daughter) as conn:
        seniors = await (await conn.execute("SELECT id FROM senior")).fetchall()

    assert seniors == [(house.wang,)]


async def test_nobody_is_seen_without_an_account(web_database: Database, house: House) -> None:
    async with web_database.transaction() as conn:
        assert await (await conn.execute("SELECT id FROM senior")).fetchall() == []


async def test_the_account_of_one_transaction_is_gone_in_the_next(web_database: Database, house: House) -> None:
    async with web_database.transaction_as(house.liu) as conn:
        assert len(await (await conn.execute("SELECT id FROM senior")).fetchall()) == 3

    async with web_database.transaction() as conn:
        assert await (await conn.execute("SELECT id FROM senior")).fetchall() == []


async def test_a_change_is_heard_when_it_is_committed(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    changes = Changes(database_url)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(changes.run())
        with changes.subscribe("notice") as heard:
            assert await heard.next() == LOST
            async with database.transaction() as conn:
                notice_id = await notices.raise_notice(
                    conn, Raised(house.centre, "battery-low", "device:b-wang"), clock.now()
                )
            assert await heard.next() == Change("notice", notice_id)
        listening.cancel()


async def test_who_waits_for_a_lock_that_nobody_gives_back_is_told_so(
    database: Database, database_url: str, house: House
) -> None:
    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT id FROM device FOR UPDATE")

        with pytest.raises(psycopg.OperationalError, match="lock timeout"):
            async with asyncio.timeout(10), database.transaction() as conn:
                await conn.execute("SELECT id FROM device FOR UPDATE")


async def hold_seniors_without_end(database: Database) -> None:
    """Lock every senior, and go on asking within the same transaction until the server ends it."""
    async with database.transaction() as conn:
        await conn.execute("SELECT FROM senior FOR UPDATE")
        while True:
            await conn.execute("SELECT pg_sleep(0.01)")


async def test_the_server_ends_a_transaction_that_lasts_longer_than_its_pool_allows(
    house: House, database_url: str
) -> None:
    """It never stands still in between: whoever goes on asking holds its locks no longer either."""
    within = timedelta(milliseconds=300)
    conninfo = url_as(database_url, Login.PAGES_WRITE)
    async with asyncio.timeout(20), Database.open(conninfo, size=1, name="test", ends_within=within) as pages:
        with pytest.raises(TookTooLong):
            await hold_seniors_without_end(pages)

        with psycopg.connect(database_url) as other:
            other.execute("SELECT FROM senior FOR UPDATE NOWAIT")


async def test_a_pool_with_generic_plans_plans_a_statement_once_whatever_its_values(database_url: str) -> None:
    conninfo = url_as(database_url, Login.ALARMS)
    async with Database.open(conninfo, size=1, name="test", generic_plans=True) as alarms:
        for device_id in ("b-wang", "b-li"):
            async with alarms.transaction() as conn:
                await conn.execute("SELECT kind FROM device WHERE id = %(id)s", {"id": device_id})

        async with alarms.transaction() as conn:
            cursor = await conn.execute(
                "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT kind%'"
            )
            assert await cursor.fetchall() == [(2, 0)]


async def test_a_transaction_that_stands_still_gives_its_locks_back_and_is_an_outage_to_who_held_them(
    database: Database, database_url: str
) -> None:
    async with asyncio.timeout(10), AsyncExitStack() as opened:
        conn = await opened.enter_async_context(database.transaction())
        await conn.execute("SET LOCAL idle_in_transaction_session_timeout = '10ms'")
        while is_connected(database_url, conn.info.backend_pid):
            await asyncio.sleep(0.01)

        with pytest.raises(psycopg.OperationalError, match="stood still"):
            await opened.aclose()


async def test_a_transaction_may_stand_still_for_ten_seconds(database: Database) -> None:
    async with database.transaction() as conn:
        cursor = await conn.execute("SELECT current_setting('idle_in_transaction_session_timeout')")
        assert await cursor.fetchone() == ("10s",)


def is_connected(url: str, pid: int) -> bool:
    with psycopg.connect(url) as conn:
        return conn.execute("SELECT FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone() is not None


async def test_who_is_stopped_while_the_pool_opens_stops_though_the_pool_did_not_pass_it_on(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, opening, over = AsyncConnectionPool.open, asyncio.Event(), asyncio.Event()

    async def open_and_forget(pool: AsyncConnectionPool, *, wait: bool, timeout: float) -> None:
        await opened(pool, wait=wait, timeout=timeout)
        opening.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:  # as asyncio.wait_for does, seldom, before Python 3.12
            return

    async def work() -> None:
        async with Database.open(url_as(database_url, Login.ALARMS), size=1, name="test stopped"):
            await over.wait()

    monkeypatch.setattr(AsyncConnectionPool, "open", open_and_forget)
    assert await ends_when_it_is_stopped(work(), opening, over)


async def test_the_same_matter_is_one_notice_until_it_is_over(
    database: Database, house: House, clock: SetClock
) -> None:
    low = Raised(house.centre, "battery-low", "device:b-wang", params={"percent": 9})
    async with database.transaction() as conn:
        first = await notices.raise_notice(conn, low, clock.now())
        again = await notices.raise_notice(conn, low, clock.now())
        await notices.clear_notice(conn, house.centre, "battery-low", "device:b-wang", clock.now())
        later = await notices.raise_notice(conn, low, clock.now())
        standing = await notices_store.list_standing_notices(conn, house.centre, 10)

    assert first == again != later
    assert [(notice.id, notice.times) for notice in standing] == [(later, 1)]


def test_a_test_that_winds_a_centre_sets_no_clock(tmp_path: Path) -> None:
    clock = FileClock(tmp_path / "clock")
    before, was = clock.both(), clock.now()

    (tmp_path / "clock").write_text("3600")

    assert clock.now() - was >= timedelta(hours=1)
    assert measure_clock_step(before, clock.both()) is None


async def test_a_connection_that_the_server_has_ended_is_replaced_before_anybody_gets_it(database_url: str) -> None:
    async with Database.open(url_as(database_url, Login.ALARMS), size=1, name="test replaced") as database:
        async with database.transaction() as conn:
            before = conn.info.backend_pid
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (before,))

        async with database.transaction() as conn:
            after = conn.info.backend_pid
            await conn.execute("SELECT 1")

    assert after != before


async def test_who_is_stopped_while_the_pool_gives_a_connection_stops_though_the_pool_did_not_pass_it_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, asked, over = AsyncConnectionPool.getconn, asyncio.Event(), asyncio.Event()

    async def give_and_forget(pool: AsyncConnectionPool, timeout: float | None = None) -> object:
        conn = await given(pool, timeout)
        asked.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return conn

    async def work() -> None:
        async with database.transaction():
            await over.wait()

    monkeypatch.setattr(AsyncConnectionPool, "getconn", give_and_forget)
    assert await ends_when_it_is_stopped(work(), asked, over)


async def ends_when_it_is_stopped(work: Coroutine[None, None, None], at: asyncio.Event, over: asyncio.Event) -> bool:
    """Stop it `at` that moment; `over` lets it end, should it not have heard."""
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(work)
        await at.wait()
        working.cancel()
        await asyncio.wait({working}, timeout=10)
        over.set()
    return working.cancelled()
