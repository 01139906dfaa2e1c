"""How the processes of one installation are kept running: started in order, again when they die, stopped in order.

The kernel ends every child when this supervisor ends, however it ends (see child.py). Should one be left all the same,
the next start on the same data folder recognises it by its pid file and its command line, and stops it first.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

from hub.embedded.leftovers import stop_leftovers
from hub.embedded.running_child import RunningChild
from hub.embedded.supervised import Child, ChildListener, NotReady
from hub.kit.single_error import raise_single_error


class AlreadyRunning(Exception):
    """Another supervisor works on this data folder."""


class Processes:
    """The children of this supervisor. Start them from the main thread: see child.py."""

    def __init__(self, folder: Path, listener: ChildListener, tasks: asyncio.TaskGroup) -> None:
        self._folder = folder
        self._listener = listener
        self._tasks = tasks
        self._kept: list[RunningChild] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path, listener: ChildListener) -> AsyncIterator["Processes"]:
        """Supervise on the data folder `folder` for as long as the block lasts; then stop all, the last first.

        Raises AlreadyRunning when another supervisor does. Logs go to `folder`/logs, pid files to `folder`/processes.
        """
        for name in ("logs", "processes"):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        with _lock_data_folder(folder):
            await stop_leftovers(folder)
            with raise_single_error():
                async with asyncio.TaskGroup() as tasks:
                    processes = cls(folder, listener, tasks)
                    try:
                        yield processes
                    finally:
                        await processes.stop()

    async def start(self, wanted: Child) -> None:
        """Start a child and wait until it is ready; from then on it is started again whenever it ends.

        Raises NotReady, with the last lines it wrote, when it ends first or takes too long; it is stopped then.
        """
        await self.begin(wanted)()

    def begin(self, wanted: Child) -> Callable[[], Awaitable[None]]:
        """Start a child, and give what waits until it is ready, and raises NotReady, as `start` does."""
        kept = RunningChild(wanted, self._folder, self._listener)
        self._kept.append(kept)
        self._tasks.create_task(kept.run(), name=f"keep {wanted.name}")
        return partial(_wait_until_ready, kept)

    def pid_of(self, name: str) -> int | None:
        """The pid of a child that runs now."""
        return next((kept.pid for kept in self._kept if kept.child.name == name), None)

    async def stop(self) -> None:
        """Stop all children, the last started first; none is started again."""
        for kept in reversed(self._kept):
            await kept.stop()


async def _wait_until_ready(kept: RunningChild) -> None:
    wanted = kept.child
    try:
        async with asyncio.timeout(wanted.ready_within):
            became_ready = await asyncio.shield(kept.first_answer)
    except TimeoutError:
        await kept.stop()
        raise NotReady(wanted.name, f"was not ready in {wanted.ready_within:g} s", kept.last_words) from None
    if not became_ready:
        raise NotReady(wanted.name, "ended before it was ready", kept.last_words)


@contextmanager
def _lock_data_folder(folder: Path) -> Iterator[None]:
    """Hold the data folder; the kernel releases it with this process."""
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
