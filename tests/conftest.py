"""What every test may ask for: a fresh database, a clock that stands still, a free port, a small centre."""

import asyncio
import os
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from psycopg.conninfo import make_conninfo

from hub.embedded import postgres
from hub.kit.clock import SetClock
from hub.kit.db import Database, Login
from hub.kit.logins import close_database
from tests.fakes import logins
from tests.fakes.folders import quick_folder
from tests.fakes.house import House, load_house

# How long an example takes says more about the machine than about the code.
settings.register_profile("full", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("full"), max_examples=20)
settings.load_profile("full")

MORNING = datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC)
"""10:14:05 in Lanzhou, a Monday."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest begin first: side by side, nobody waits for them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def clock() -> SetClock:
    """A clock that stands at MORNING until the test moves it."""
    return SetClock(MORNING)


@pytest.fixture
def free_port() -> int:
    """A port on which nothing listens now."""
    return take_free_port()


def take_free_port() -> int:
    """A port on which nothing listens now, for tests that need several."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _embedded_server(folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own for this run, its event loop in a thread of its own; gives a URL."""
    started: Future[str] = Future()
    stop = asyncio.Event()

    async def serve() -> None:
        async with postgres.run_postgres(folder, durable=False) as url:
            started.set_result(url)
            await stop.wait()

    loop = asyncio.new_event_loop()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="test postgres")
    thread.start()
    try:
        yield started.result(timeout=90)
    finally:
        if loop.is_running():
            loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=30)


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server: one of our own, or the one that ANLING_TEST_DATABASE_URL names."""
    if given := os.environ.get("ANLING_TEST_DATABASE_URL"):
        yield given
        return
    with quick_folder(tmp_path_factory, "postgres") as folder, _embedded_server(folder) as url:
        yield url


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a migrated database that each test's own is copied from; ANLING_TEST_TEMPLATE may name one."""
    if given := os.environ.get("ANLING_TEST_TEMPLATE"):
        yield given
        return
    name = f"anling_template_{secrets.token_hex(4)}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    logins.set_up(make_conninfo(server_url, dbname=name))
    with psycopg.connect(server_url, autocommit=True) as conn:
        # A database is copied only while nobody is in it, and TimescaleDB's workers come by themselves.
        conn.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
    yield name
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """The administrator's URL of a fresh, migrated, empty database of this test alone, to arrange and look at rows."""
    name = f"anling_test_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        conn.execute(copy.format(sql.Identifier(name), sql.Identifier(template)))
        close_database(conn, name)
    yield make_conninfo(server_url, dbname=name)
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A database in which nothing is."""
    name = f"anling_test_{secrets.token_hex(6)}"
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield make_conninfo(server_url, dbname=name)
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The fresh database, as the alarm path."""
    async with Database.open(logins.url_as(database_url, Login.ALARMS), size=8, name="test alarms") as opened:
        yield opened


@pytest.fixture
async def telemetry_database(database_url: str) -> AsyncIterator[Database]:
    """The same database as telemetry."""
    async with Database.open(logins.url_as(database_url, Login.TELEMETRY), size=2, name="test telemetry") as opened:
        yield opened


@pytest.fixture
async def pages_database(database_url: str) -> AsyncIterator[Database]:
    """The same database as what people change on pages."""
    async with Database.open(logins.url_as(database_url, Login.PAGES_WRITE), size=8, name="test pages") as opened:
        yield opened


@pytest.fixture
async def web_database(database_url: str) -> AsyncIterator[Database]:
    """The same database as what pages show, under row-level security."""
    async with Database.open(logins.url_as(database_url, Login.PAGES_READ), size=4, name="test web") as opened:
        yield opened


@pytest.fixture
def house(database_url: str) -> House:
    """A small centre in the database of this test: see tests/fakes/house.py."""
    return load_house(database_url, MORNING)
