"""How the processes of one installation are kept running: started in order, again when they die, stopped in order.

The kernel ends every child when this supervisor ends, however it ends (see child.py). Should one be left all the same,
the next start on the same data folder recognises it by its pid file and its command line, and stops it first.
"""

import asyncio
import fcntl
import json
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from hub.embedded import child, environment

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
STEADY_AFTER = 10.0
"""Seconds after which a child counts as running well, and its next death as the first."""

_ASK_EVERY = 0.1
_LONGEST_LINE = 64 * 1024
_LOG_BYTES = 5_000_000
_LOGS_KEPT = 2


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running.

    `ready` is asked until it says yes; without it a child is ready once it has started. `grace` is how many seconds
    it has to end after its stop signal, before it is killed.
    """

    name: str
    program: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=environment.of_any)
    ready: Callable[[], Awaitable[bool]] | None = None
    ready_within: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 10.0
    unprivileged: bool = False
    without: tuple[Path, ...] = ()
    """Folders in which it finds nothing, where root does not start it: see child.py."""


@dataclass(frozen=True, slots=True)
class Started:
    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class Ready:
    name: str


@dataclass(frozen=True, slots=True)
class Said:
    name: str
    line: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A child has ended by itself; `status` is negative for the signal that ended it."""

    name: str
    status: int
    again_in: float


Happening: TypeAlias = Started | Ready | Said | Ended
Listener: TypeAlias = Callable[[Happening], None]


class NotReady(Exception):
    """A child ended before it was ready, or was not ready in time."""

    def __init__(self, name: str, why: str, last_words: tuple[str, ...]) -> None:
        super().__init__(f"{name} {why}")
        self.name = name
        self.last_words = last_words


class AlreadyRunning(Exception):
    """Another supervisor works on this data folder."""


def pause_after(deaths: int) -> float:
    """Seconds to wait before the start that follows that many deaths in a row."""
    return float(min(FIRST_PAUSE * 2 ** min(max(deaths - 1, 0), 30), LONGEST_PAUSE))


class Processes:
    """The children of this supervisor. Start them from the main thread: see child.py."""

    def __init__(self, folder: Path, listener: Listener, tasks: asyncio.TaskGroup) -> None:
        self._folder = folder
        self._listener = listener
        self._tasks = tasks
        self._kept: list[_Kept] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path, listener: Listener) -> AsyncIterator["Processes"]:
        """Supervise on the data folder `folder` for as long as the block lasts; then stop all, the last first.

        Raises AlreadyRunning when another supervisor does. Logs go to `folder`/logs, pid files to `folder`/processes.
        """
        for name in ("logs", "processes"):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(folder):
            await stop_leftovers(folder)
            try:
                async with asyncio.TaskGroup() as tasks:
                    processes = cls(folder, listener, tasks)
                    try:
                        yield processes
                    finally:
                        await processes.stop()
            except BaseExceptionGroup as group:
                # The block's own error, without the wrapping of the task group.
                if len(group.exceptions) == 1:
                    raise group.exceptions[0] from None
                raise

    async def start(self, wanted: Child) -> None:
        """Start a child and wait until it is ready; from then on it is started again whenever it ends.

        Raises NotReady, with the last lines it wrote, when it ends first or takes too long; it is stopped then.
        """
        kept = _Kept(wanted, self._folder, self._listener)
        self._kept.append(kept)
        self._tasks.create_task(kept.run(), name=f"keep {wanted.name}")
        try:
            async with asyncio.timeout(wanted.ready_within):
                became_ready = await asyncio.shield(kept.first_answer)
        except TimeoutError:
            await kept.stop()
            raise NotReady(wanted.name, f"was not ready in {wanted.ready_within:g} s", kept.last_words) from None
        if not became_ready:
            raise NotReady(wanted.name, "ended before it was ready", kept.last_words)

    def pid_of(self, name: str) -> int | None:
        """The pid of a child that runs now."""
        return next((kept.pid for kept in self._kept if kept.child.name == name), None)

    async def stop(self) -> None:
        """Stop all children, the last started first; none is started again."""
        for kept in reversed(self._kept):
            await kept.stop()


class _Kept:
    """One child, from its first start until it is told to stop."""

    def __init__(self, wanted: Child, folder: Path, listener: Listener) -> None:
        self.child = wanted
        self.first_answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._listener = listener
        self._pid_file = folder / "processes" / f"{wanted.name}.pid"
        self._log = _Log(folder / "logs" / f"{wanted.name}.log")
        self._process: Process | None = None
        self._stopping = asyncio.Event()
        self._over = asyncio.Event()
        self._last_words: deque[str] = deque(maxlen=20)

    @property
    def pid(self) -> int | None:
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and running else None

    @property
    def last_words(self) -> tuple[str, ...]:
        return tuple(self._last_words)

    async def run(self) -> None:
        """Keep the child running until `stop`, or until it ends without ever having been ready."""
        clock = asyncio.get_running_loop()
        deaths = 0
        try:
            while not self._stopping.is_set():
                began = clock.time()
                status = await self._live()
                if not self._first_is(ready=True) or self._stopping.is_set():
                    break
                deaths = 1 if clock.time() - began >= STEADY_AFTER else deaths + 1
                pause = pause_after(deaths)
                self._listener(Ended(self.child.name, status, pause))
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._stopping.wait()
        finally:
            if not self.first_answer.done():
                self.first_answer.set_result(False)
            self._pid_file.unlink(missing_ok=True)
            self._log.close()
            self._over.set()

    async def stop(self) -> None:
        """Ask the child to end; after its grace it is killed."""
        self._stopping.set()
        self._signal(self.child.stop_signal)
        try:
            async with asyncio.timeout(self.child.grace):
                await self._over.wait()
        except TimeoutError:
            self._signal(signal.SIGKILL)
            await self._over.wait()

    async def _live(self) -> int:
        """Start the child and forward what it writes until it ends; gives its status."""
        reading, writing = os.pipe()
        try:
            process = self._process = await self._spawn(writing)
        except OSError as error:  # no memory or no process left: tried again like any death
            os.close(reading)
            self._hear(f"cannot start {self.child.program[0]}: {error.strerror}")
            return child.NOT_STARTED
        finally:
            os.close(writing)
        _write_pid_file(self._pid_file, process.pid, self.child.program)
        self._listener(Started(self.child.name, process.pid))
        if self._stopping.is_set():
            self._signal(self.child.stop_signal)
        try:
            return await self._attend(process, reading)
        finally:
            if process.returncode is None:
                process.kill()

    async def _spawn(self, output: int) -> Process:
        command = child.command(
            self.child.program,
            parent=os.getpid(),
            death_signal=self.child.stop_signal.name.removeprefix("SIG"),
            unprivileged=self.child.unprivileged,
            without=self.child.without,
        )
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(self.child.environment),
            start_new_session=True,  # Ctrl-C in the terminal is the supervisor's to pass on, in order
        )

    async def _attend(self, process: Process, output: int) -> int:
        async with asyncio.TaskGroup() as tasks:
            forwarding = tasks.create_task(self._forward(output))
            asking = tasks.create_task(self._ask())
            # A pipe of our own, because asyncio's would make this wait for everybody who inherited it.
            status = await process.wait()
            asking.cancel()
            _end_session(process.pid)
            await asyncio.wait({forwarding}, timeout=1.0)
            forwarding.cancel()
        return status

    async def _forward(self, output: int) -> None:
        reader = asyncio.StreamReader(limit=_LONGEST_LINE)
        with os.fdopen(output, "rb", buffering=0) as pipe:
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), pipe
            )
            try:
                rest = b""
                while chunk := await reader.read(_LONGEST_LINE):
                    *lines, rest = (rest + chunk).split(b"\n")
                    if len(rest) > _LONGEST_LINE:
                        lines, rest = [*lines, rest], b""
                    for line in lines:
                        self._hear(line.decode("utf-8", "replace"))
                if rest:
                    self._hear(rest.decode("utf-8", "replace"))
            finally:
                transport.close()

    async def _ask(self) -> None:
        ready = self.child.ready
        while ready is not None:
            if await ready():
                break
            await asyncio.sleep(_ASK_EVERY)
        if not self.first_answer.done():
            self.first_answer.set_result(True)
        self._listener(Ready(self.child.name))

    def _hear(self, line: str) -> None:
        self._last_words.append(line)
        self._log.write(line)
        self._listener(Said(self.child.name, line))

    def _first_is(self, *, ready: bool) -> bool:
        return self.first_answer.done() and self.first_answer.result() is ready

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)


class _Log:
    """A file of lines that never grows beyond a bound: a full one is moved to `.1`, that one to `.2`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab")

    def write(self, line: str) -> None:
        """Append a line. A full disk loses lines of a log; it must not stop the hub."""
        with suppress(OSError):
            if self._file.closed:
                self._file = self._path.open("ab")
            self._file.write(line.encode() + b"\n")
            self._file.flush()
            if self._file.tell() > _LOG_BYTES:
                self._turn()

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()

    def _turn(self) -> None:
        self._file.close()
        names = [self._path, *(self._path.with_name(f"{self._path.name}.{n}") for n in range(1, _LOGS_KEPT + 1))]
        for older, newer in reversed(list(zip(names[1:], names, strict=False))):
            if newer.exists():
                newer.replace(older)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the data folder; the kernel lets it go with this process."""
    with (folder / "processes" / "supervisor.lock").open("a+") as lock:
        try:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise AlreadyRunning(
                f"Anling runs already on {folder} (process {owner}): stop it, or set ANLING_DATA_DIR to another folder"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


async def stop_leftovers(folder: Path) -> None:
    """Stop the children that outlived an earlier supervisor of this data folder, and nobody else."""
    for pid_file in sorted((folder / "processes").glob("*.pid")):
        if (pid := _read_pid_file(pid_file)) is not None:
            await _end(pid, pid_file)
        pid_file.unlink(missing_ok=True)


async def _end(pid: int, pid_file: Path) -> None:
    for number, tries in ((signal.SIGTERM, 100), (signal.SIGKILL, 50)):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        for _ in range(tries):
            if _read_pid_file(pid_file) != pid:
                return
            await asyncio.sleep(0.1)


def _write_pid_file(pid_file: Path, pid: int, program: tuple[str, ...]) -> None:
    fresh = pid_file.with_suffix(".new")
    fresh.write_text(json.dumps({"pid": pid, "program": program}), "utf-8")
    fresh.replace(pid_file)


def _read_pid_file(pid_file: Path) -> int | None:
    """The pid that the file names, if that process still lives and runs the program that the file names."""
    try:
        content = json.loads(pid_file.read_text("utf-8"))
        pid, program = int(content["pid"]), [str(word) for word in content["program"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if _command_line(pid) == program else None


def _command_line(pid: int) -> list[str]:
    """The words with which a process was started, without the wrapper of child.py.

    Empty when it has gone, and on systems without /proc, where a leftover is never recognised nor signalled.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text("utf-8", "surrogateescape").split("\0")[:-1]
    except OSError:
        return []
    wrapped = str(Path(child.__file__).resolve())
    return words[words.index("--") + 1 :] if wrapped in words and "--" in words else words


def _end_session(leader: int) -> None:
    """Kill what a child of ours left behind in its session; it had one of its own, named after its pid."""
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # proc(5): after the name in brackets come state, ppid, pgrp and session.
            session = int(entry.read_text("ascii", "replace").rpartition(")")[2].split()[3])
        except (OSError, ValueError, IndexError):
            continue
        if session == leader:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(int(entry.parent.name), signal.SIGKILL)
