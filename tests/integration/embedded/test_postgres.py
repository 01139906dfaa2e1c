"""The hub's own PostgreSQL: nobody else reaches it, nothing answered is lost, a crash does not stop the next start."""

import os
import signal
import stat
import sys
from asyncio import create_subprocess_exec, sleep, subprocess, timeout
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.embedded import postgres
from hub.embedded.processes import AlreadyRunning

HOLD = """
import asyncio, sys
from pathlib import Path
from hub.embedded import postgres

async def hold() -> None:
    async with postgres.run_postgres(Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


def setting(conn: psycopg.Connection[tuple[str]], name: str) -> str:
    row = conn.execute("SELECT current_setting(%s)", (name,)).fetchone()
    assert row is not None
    return row[0]


async def first_row(url: str) -> tuple[int]:
    """The row of `kept`, as soon as the server answers again."""
    async with timeout(30):
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(url, connect_timeout=5) as conn:
                    row = await (await conn.execute("SELECT n FROM kept")).fetchone()
            except psycopg.OperationalError:
                await sleep(0.05)
                continue
            assert row is not None
            return (int(row[0]),)


async def test_it_is_safe_by_default(tmp_path: Path) -> None:
    async with postgres.run_postgres(tmp_path / "db") as url:
        postgres.refuse_unsafe(url)
        with psycopg.connect(url) as conn:
            assert setting(conn, "data_checksums") == "on"
            assert setting(conn, "fsync") == "on"
            assert setting(conn, "listen_addresses") == ""
            assert setting(conn, "deadlock_timeout") == "200ms"
            folder = Path(setting(conn, "unix_socket_directories"))

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "db" / "cluster").stat().st_mode) == 0o700


async def test_a_database_that_answers_before_it_has_written_is_refused(tmp_path: Path) -> None:
    async with postgres.run_postgres(tmp_path / "db", durable=False) as url:
        with pytest.raises(postgres.PostgresRefused, match="fsync = off"):
            postgres.refuse_unsafe(url)


async def test_a_database_made_unsafe_for_our_role_alone_is_refused(tmp_path: Path) -> None:
    async with postgres.run_postgres(tmp_path / "db") as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("ALTER ROLE anling SET synchronous_commit = off")

        with pytest.raises(postgres.PostgresRefused, match="synchronous_commit = off"):
            postgres.refuse_unsafe(url)


async def test_rows_are_there_after_the_server_was_killed(tmp_path: Path) -> None:
    async with postgres.run_postgres(tmp_path / "db") as url:
        with psycopg.connect(url) as conn:
            conn.execute("CREATE TABLE kept (n int)")
            conn.execute("INSERT INTO kept VALUES (7)")
        pid = int((tmp_path / "db" / "cluster" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

    async with postgres.run_postgres(tmp_path / "db") as url:
        with psycopg.connect(url) as conn:
            assert conn.execute("SELECT n FROM kept").fetchone() == (7,)


async def test_a_killed_server_is_back_by_itself_at_the_same_address(tmp_path: Path) -> None:
    async with postgres.run_postgres(tmp_path / "db") as url:
        with psycopg.connect(url) as conn:
            conn.execute("CREATE TABLE kept (n int)")
            conn.execute("INSERT INTO kept VALUES (7)")
        pid = int((tmp_path / "db" / "cluster" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

        assert await first_row(url) == (7,)


async def test_a_second_program_on_the_same_folder_is_refused_and_the_server_goes_on(tmp_path: Path) -> None:
    async with postgres.run_postgres(tmp_path / "db") as url:
        with pytest.raises(AlreadyRunning):
            async with postgres.run_postgres(tmp_path / "db"):
                pass

        with psycopg.connect(url) as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)


async def test_the_next_start_works_after_the_supervisor_was_killed(tmp_path: Path) -> None:
    holder = await create_subprocess_exec(sys.executable, "-c", HOLD, str(tmp_path / "db"), stdout=subprocess.PIPE)
    assert holder.stdout is not None
    async with timeout(60):
        assert await holder.stdout.readline()
        holder.kill()
        await holder.wait()

        async with postgres.run_postgres(tmp_path / "db") as url:
            with psycopg.connect(url) as conn:
                assert conn.execute("SELECT 1").fetchone() == (1,)


async def test_a_pid_file_that_names_somebody_else_s_process_is_no_server_and_nobody_is_stopped(
    tmp_path: Path,
) -> None:
    async with postgres.run_postgres(tmp_path / "db", durable=False):
        pid_file = tmp_path / "db" / "cluster" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
    other = await create_subprocess_exec(sys.executable, "-c", "import signal; signal.pause()")
    # As after a power cut: the file is left, and its number has been given to another program since.
    pid_file.write_text("\n".join([str(other.pid), *lines[1:], ""]))
    try:
        async with postgres.run_postgres(tmp_path / "db", durable=False) as url:
            with psycopg.connect(url) as conn:
                assert conn.execute("SELECT 1").fetchone() == (1,)

        assert other.returncode is None
    finally:
        other.kill()
        await other.wait()


async def test_a_server_of_this_folder_is_recognised_whatever_its_folder_was_called(tmp_path: Path) -> None:
    async with postgres.run_postgres(tmp_path / "db", durable=False) as url:
        (tmp_path / "other-name").symlink_to(tmp_path / "db")
        pid = int((tmp_path / "db" / "cluster" / "postmaster.pid").read_text().split()[0])

        assert postgres.is_server_of(pid, tmp_path / "other-name" / "cluster")
        assert not postgres.is_server_of(os.getpid(), tmp_path / "db" / "cluster")
        assert url


async def test_a_folder_with_a_long_path_works_too(tmp_path: Path) -> None:
    deep = tmp_path / ("a-folder-with-a-rather-long-name" * 3) / "db"

    async with postgres.run_postgres(deep) as url:
        with psycopg.connect(url) as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)
        assert conninfo_to_dict(postgres.url_of_running(deep))["host"] == conninfo_to_dict(url)["host"], (
            "an import, too"
        )


async def test_a_folder_may_be_named_relative_to_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async with postgres.run_postgres(Path("data/db")) as url:
        with psycopg.connect(url) as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)

    assert (tmp_path / "data" / "db" / "cluster" / "PG_VERSION").exists()


async def test_an_interrupted_making_is_not_taken_for_a_database(tmp_path: Path) -> None:
    (tmp_path / "db" / "cluster.0000.unfinished").mkdir(parents=True)

    async with postgres.run_postgres(tmp_path / "db") as url:
        with psycopg.connect(url) as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)
