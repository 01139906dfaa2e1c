"""TimescaleDB for tests, compiled to WebAssembly and served by Node: one connection, no COPY, no background jobs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from hub.kit.db import Conn
from hub.kit.logins import WITH_PASSWORD
from hub.kit.migrate import OWNER, apply_migrations, make_groups
from tests.conftest import MORNING, take_free_port
from tests.fakes.house import House, load_house

HERE = Path(__file__).parent
CACHE = Path(__file__).parents[3] / ".cache" / "timescale"
FILES = ("package.json", "package-lock.json", ".npmrc", "server.mjs")
NPM = Path(__file__).parents[3] / "dashboard" / "hatch_build.py"
HOW = "there is no Node that builds the pages: ./anling test brings one"


def node_folder() -> str:
    """Where the Node that builds the pages is; nothing when there is none."""
    asked = [sys.executable, str(NPM), "node"]
    return subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False).stdout.strip()


@pytest.fixture(scope="session")
def installed() -> Path:
    """The folder in which the server can be started; npm fills it once for each state of the lock file."""
    if not node_folder():
        if os.environ.get("CI") == "true":
            pytest.fail(HOW)
        pytest.skip(HOW)
    digest = hashlib.sha256(b"\0".join((HERE / name).read_bytes() for name in FILES)).hexdigest()[:16]
    folder = CACHE / digest
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as unfinished:
            for name in FILES:
                shutil.copy(HERE / name, unfinished)
            npm_ci = [sys.executable, str(NPM), "npm", unfinished, "ci", "--silent"]
            subprocess.run(npm_ci, check=True, timeout=100)
            Path(unfinished).rename(folder)
            Path(unfinished).mkdir()  # for the end of the `with` block to take away
    return folder


@pytest.fixture(scope="session")
def timescale_url(installed: Path) -> Iterator[str]:
    """A database with TimescaleDB, migrated, with the small centre in it. It has one session, whoever connects."""
    port = take_free_port()
    with subprocess.Popen(
        [str(Path(node_folder()) / "node"), "server.mjs", str(port)],
        cwd=installed,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            assert server.stdout.readline() == "listening\n", "the server did not start"
            url = f"host=127.0.0.1 port={port} user=postgres password=any dbname=postgres sslmode=disable"
            set_up_the_one_session(url)
            forget_statements(url)
            load_house(url, MORNING)
            yield url
        finally:
            server.stdin.close()
            server.wait(timeout=10)


@pytest.fixture
def timescale_house() -> House:
    """The small centre."""
    return House()


@pytest.fixture
async def timescale(timescale_url: str) -> AsyncIterator[Conn]:
    """The one connection, as telemetry, with no readings yet."""
    forget_statements(timescale_url)
    async with await psycopg.AsyncConnection.connect(timescale_url, autocommit=True) as conn:
        conn.prepare_threshold = None
        await conn.execute("TRUNCATE reading")
        await conn.execute("SET ROLE anling_telemetry")
        yield conn
        await conn.execute("RESET ROLE")


def set_up_the_one_session(url: str) -> None:
    """What set-up does, in a server that knows one session and no passwords."""
    with psycopg.connect(url, autocommit=True) as conn:
        make_groups(conn)
        for name in WITH_PASSWORD:
            if name != OWNER:
                conn.execute(f"CREATE ROLE {name}".encode())
        conn.execute(f"SET ROLE {OWNER}".encode())
    apply_migrations(url)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("RESET ROLE")


def forget_statements(url: str) -> None:
    """Statements that an earlier connection prepared would be in the way: they belong to the one session."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("DEALLOCATE ALL")
