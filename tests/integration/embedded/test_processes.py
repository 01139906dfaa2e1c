"""The supervisor: what dies comes back, what was told to stop stays stopped, and nobody else's process is touched."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from hub.embedded.processes import AlreadyRunning, Processes
from hub.embedded.running_child import pause_after
from hub.embedded.supervised import Child, ChildEvent, Ended, NotReady, Printed, Ready, Started

SIT = "import signal, sys; print('sitting', flush=True); signal.pause()"
DEAF = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\nwhile 1: signal.pause()"
)
POLITE = """
import signal, sys
def leave(*_):
    print('goodbye', flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print('sitting', flush=True)
signal.pause()
"""
HAS_A_CHILD_OF_ITS_OWN = """
import signal, subprocess, sys
print(subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']).pid, flush=True)
signal.pause()
"""
SUPERVISE = """
import asyncio, sys
from pathlib import Path
from hub.embedded.supervised import Child
from hub.embedded.processes import Processes

async def supervise():
    async with Processes.open(Path(sys.argv[1]), lambda event: None) as processes:
        await processes.start(Child('sitter', (sys.executable, '-c', sys.argv[2])))
        print(processes.pid_of('sitter'), flush=True)
        await asyncio.Event().wait()

asyncio.run(supervise())
"""

T = TypeVar("T", Started, Ready, Printed, Ended)


class Heard:
    """Everything that the supervisor tells, in order, to be waited for."""

    def __init__(self) -> None:
        self.all: list[ChildEvent] = []
        self._new: asyncio.Queue[ChildEvent] = asyncio.Queue()

    def __call__(self, event: ChildEvent) -> None:
        self.all.append(event)
        self._new.put_nowait(event)

    async def next(self, kind: type[T]) -> T:
        """The next event of that kind; those before it are passed over."""
        async with asyncio.timeout(20):
            while not isinstance(event := await self._new.get(), kind):
                pass
        return event


def python(name: str, script: str, **options: Callable[[], Awaitable[bool]] | float) -> Child:
    ready = options.get("ready")
    return Child(
        name,
        (sys.executable, "-c", script),
        ready=ready if callable(ready) else None,
        ready_within=float(str(options.get("ready_within", 20))),
        grace=float(str(options.get("grace", 10))),
    )


def lives(pid: int) -> bool:
    """Whether that process still runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def sitting() -> Iterator[subprocess.Popen[str]]:
    """A process that no supervisor of the test has started."""
    with subprocess.Popen([sys.executable, "-c", SIT], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sitting\n"
        try:
            yield process
        finally:
            process.kill()


def leave_pid_file(folder: Path, pid: int, program: list[str]) -> None:
    (folder / "processes").mkdir()
    (folder / "processes" / "hub.pid").write_text(json.dumps({"pid": pid, "program": program}))


async def gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while lives(pid):
            await asyncio.sleep(0.02)


async def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    heard = Heard()

    async with Processes.open(tmp_path, heard) as processes:
        await processes.start(python("hub", SIT))
        first = (await heard.next(Started)).pid
        os.kill(first, signal.SIGKILL)
        ended = await heard.next(Ended)
        second = (await heard.next(Started)).pid

        assert ended == Ended("hub", -signal.SIGKILL, 0.2)
        assert second != first
        assert processes.pid_of("hub") == second

    assert not lives(second)


@pytest.mark.parametrize(("deaths", "pause"), [(1, 0.2), (2, 0.4), (3, 0.8), (5, 3.2), (6, 5.0), (1000, 5.0)])
def test_each_death_in_a_row_waits_twice_as_long_up_to_five_seconds(deaths: int, pause: float) -> None:
    assert pause_after(deaths) == pytest.approx(pause)


async def test_a_child_counts_as_started_only_when_it_answers(tmp_path: Path) -> None:
    heard = Heard()
    asked = 0

    async def at_the_third_time() -> bool:
        nonlocal asked
        asked += 1
        return asked >= 3

    async with Processes.open(tmp_path, heard) as processes:
        await processes.start(python("hub", SIT, ready=at_the_third_time))

        assert asked == 3
        assert Ready("hub") in heard.all


async def test_a_child_that_ends_before_it_is_ready_is_told_with_its_last_words_and_not_tried_again(
    tmp_path: Path,
) -> None:
    heard = Heard()

    async def never() -> bool:
        return False

    with pytest.raises(NotReady, match="hub ended before it was ready") as caught:
        async with Processes.open(tmp_path, heard) as processes:
            await processes.start(python("hub", "print('ANLING_HTTP_PORT is wrong'); raise SystemExit(2)", ready=never))

    assert caught.value.last_words == ("ANLING_HTTP_PORT is wrong",)
    assert sum(isinstance(event, Started) for event in heard.all) == 1


async def test_a_child_that_never_answers_is_stopped_and_told(tmp_path: Path) -> None:
    heard = Heard()

    async def never() -> bool:
        return False

    async with Processes.open(tmp_path, heard) as processes:
        with pytest.raises(NotReady, match=r"was not ready in 0\.5 s"):
            await processes.start(python("hub", SIT, ready=never, ready_within=0.5))

        assert not lives((await heard.next(Started)).pid)


async def test_children_are_asked_to_leave_in_the_opposite_order(tmp_path: Path) -> None:
    heard = Heard()

    async with Processes.open(tmp_path, heard) as processes:
        for name in ("postgres", "hub", "media"):
            await processes.start(python(name, POLITE))
            await heard.next(Printed)

    goodbyes = [said.name for said in heard.all if isinstance(said, Printed) and said.line == "goodbye"]
    assert goodbyes == ["media", "hub", "postgres"]
    assert not any(isinstance(event, Ended) for event in heard.all)


async def test_a_child_that_does_not_listen_is_killed_after_its_grace(tmp_path: Path) -> None:
    heard = Heard()

    async with Processes.open(tmp_path, heard) as processes:
        await processes.start(python("hub", DEAF, grace=0.3))
        pid = (await heard.next(Started)).pid
        await heard.next(Printed)

    assert not lives(pid)


async def test_what_a_dead_child_had_started_ends_too(tmp_path: Path) -> None:
    heard = Heard()

    async with Processes.open(tmp_path, heard) as processes:
        await processes.start(python("simulators", HAS_A_CHILD_OF_ITS_OWN))
        pid = (await heard.next(Started)).pid
        grandchild = int((await heard.next(Printed)).line)
        os.kill(pid, signal.SIGKILL)
        await heard.next(Started)

        await gone(grandchild)


async def test_everything_ends_with_a_killed_supervisor_and_the_next_start_works(tmp_path: Path) -> None:
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(tmp_path), SIT], stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    with supervisor.stdout:
        sitter = int(await asyncio.to_thread(supervisor.stdout.readline))
    assert lives(sitter)

    supervisor.kill()
    supervisor.wait(timeout=10)

    await gone(sitter)
    heard = Heard()
    async with Processes.open(tmp_path, heard) as processes:
        await processes.start(python("sitter", SIT))
        assert (await heard.next(Printed)).line == "sitting"


async def test_a_second_supervisor_on_the_same_data_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    async with Processes.open(tmp_path, Heard()) as processes:
        await processes.start(python("hub", SIT))
        pid = processes.pid_of("hub")

        with pytest.raises(AlreadyRunning, match=rf"runs already on .* \(process {os.getpid()}\)"):
            async with Processes.open(tmp_path, Heard()):
                pass

        assert pid is not None
        assert lives(pid)


async def test_a_child_that_outlived_its_supervisor_is_stopped_before_anything_starts(tmp_path: Path) -> None:
    with sitting() as left:
        leave_pid_file(tmp_path, left.pid, [sys.executable, "-c", SIT])

        async with Processes.open(tmp_path, Heard()):
            assert left.wait(timeout=10) == -signal.SIGTERM


async def test_a_stranger_that_has_the_pid_of_an_old_child_is_left_alone(tmp_path: Path) -> None:
    with sitting() as stranger:
        leave_pid_file(tmp_path, stranger.pid, [sys.executable, "-m", "hub.cli", "hub"])

        async with Processes.open(tmp_path, Heard()):
            assert stranger.poll() is None


async def test_what_children_write_is_kept_within_a_bound(tmp_path: Path) -> None:
    heard = Heard()
    script = "import signal\nfor n in range(210_000): print(f'{n:99}')\nprint('done', flush=True); signal.pause()"

    async with Processes.open(tmp_path, heard) as processes:
        await processes.start(python("chatty", script))
        while (await heard.next(Printed)).line != "done":
            pass

    logs = sorted((tmp_path / "logs").glob("chatty.log*"))
    assert [log.name for log in logs] == ["chatty.log", "chatty.log.1", "chatty.log.2"]
    assert all(log.stat().st_size < 5_001_000 for log in logs)
    assert (tmp_path / "logs" / "chatty.log").read_text().endswith("\ndone\n")
