"""Who stands still is replaced, who only takes his time to begin is not, and who knocks meanwhile is answered."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from hub.embedded import ports
from hub.embedded.processes import Processes
from hub.embedded.supervised import Child, Ended, Printed, Ready, Started
from tests.integration.embedded.test_processes import Heard

BEATS = """
import os, signal, time
pulse = int(os.environ["ANLING_PULSE_FD"])
while True:
    os.write(pulse, b".")
    time.sleep(0.02)
"""
STANDS_STILL = """
import os
os.write(int(os.environ["ANLING_PULSE_FD"]), b".")
while True:
    pass
"""
BEGINS_SLOWLY = """
import os, time
time.sleep(1)
print("ready", flush=True)
while True:
    os.write(int(os.environ["ANLING_PULSE_FD"]), b".")
    time.sleep(0.02)
"""
HOLDS_EVERYTHING_UP = """
import asyncio
from hub.kit import watchdog

watchdog.STANDS_STILL_SECONDS = 0.5

async def stand():
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watchdog.write_pulse())
        await asyncio.sleep(0)
        while True:
            pass

asyncio.run(stand())
"""


def child(script: str, within: float = 0.4, inherits: tuple[int, ...] = ()) -> Child:
    return Child("beater", (sys.executable, "-c", script), pulse_within=within, ready_within=20, inherits=inherits)


async def test_a_child_whose_loop_never_ends_is_killed_and_started_again(tmp_path: Path) -> None:
    heard = Heard()

    async with Processes.open(tmp_path, heard) as processes:
        await processes.start(child(STANDS_STILL))
        first = (await heard.next(Started)).pid

        ended = await heard.next(Ended)
        again = (await heard.next(Started)).pid

    assert ended == Ended("beater", -signal.SIGKILL, 0.2)
    assert again != first
    assert "has not moved" in "".join(one.line for one in heard.all if isinstance(one, Printed))


async def test_a_child_that_is_stopped_is_killed_and_the_next_one_lives(tmp_path: Path) -> None:
    heard = Heard()

    async with Processes.open(tmp_path, heard) as processes:
        await processes.start(child(BEATS, within=2.0))
        pid = processes.pid_of("beater")
        assert pid is not None
        await heard.next(Ready)

        os.kill(pid, signal.SIGSTOP)
        ended = await heard.next(Ended)
        await heard.next(Ready)

    assert ended.status == -signal.SIGKILL


async def test_a_child_is_ready_with_its_first_pulse_and_may_take_its_time_until_then(tmp_path: Path) -> None:
    heard = Heard()

    async with Processes.open(tmp_path, heard) as processes:
        await processes.start(child(BEGINS_SLOWLY, within=2.0))

    kinds = [type(one) for one in heard.all if isinstance(one, Printed | Ready | Ended)]
    assert kinds[:2] == [Printed, Ready]
    assert Ended not in kinds


def test_a_process_that_holds_its_loop_up_ends_itself_and_says_where() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HOLDS_EVERYTHING_UP], capture_output=True, text=True, timeout=30, check=False
    )

    assert ended.returncode == 1
    assert "in stand" in ended.stderr


ANSWERS_ONCE = (
    """
import os, socket, sys
listening = socket.socket(fileno=int(sys.argv[1]))
knocking, _ = listening.accept()
knocking.sendall(b"at home")
"""
    + BEATS
)


async def test_who_knocks_while_nobody_is_at_home_is_answered_by_the_next(tmp_path: Path, free_port: int) -> None:
    with ports.open_listening_sockets("127.0.0.1", free_port) as (listening,):
        knocking = socket.create_connection(("127.0.0.1", free_port))
        with knocking:
            async with Processes.open(tmp_path, Heard()) as processes:
                program = (sys.executable, "-c", ANSWERS_ONCE, str(listening.fileno()))
                await processes.start(
                    Child("pages", program, pulse_within=5, ready_within=20, inherits=(listening.fileno(),))
                )
                said = await asyncio.to_thread(knocking.recv, 100)

    assert said == b"at home"
