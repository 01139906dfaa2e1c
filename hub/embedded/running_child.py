"""How is one process kept running? Started, attended, ended when its pulse stops, and started again."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

from hub.embedded import child
from hub.embedded.child_log import ChildLog
from hub.embedded.leftovers import write_pid_file
from hub.embedded.supervised import Child, ChildListener, Ended, Printed, Ready, Started

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
STEADY_AFTER = 10.0
"""Seconds after which a child counts as running well, and its next death as the first."""

_ASK_EVERY = 0.1
_LONGEST_LINE = 64 * 1024
_LOOKS = 20
"""How often a pulse is looked for before it counts as stopped."""
PULSE: Final = "ANLING_PULSE_FD"
"""The variable that names the pipe for the pulse."""


def pause_after(deaths: int) -> float:
    """Seconds to wait before the start that follows that many deaths in a row."""
    return float(min(FIRST_PAUSE * 2 ** min(max(deaths - 1, 0), 30), LONGEST_PAUSE))


class RunningChild:
    """One child, from its first start until it is told to stop."""

    def __init__(self, wanted: Child, folder: Path, listener: ChildListener) -> None:
        self.child = wanted
        self.first_answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._listener = listener
        self._pid_file = folder / "processes" / f"{wanted.name}.pid"
        self._log = ChildLog(folder / "logs" / f"{wanted.name}.log")
        self._process: Process | None = None
        self._stopping = asyncio.Event()
        self._has_ended = asyncio.Event()
        self._last_words: deque[str] = deque(maxlen=20)
        self._pulse = asyncio.Event()

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
                status = await self._run_once()
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
            self._has_ended.set()

    async def stop(self) -> None:
        """Ask the child to end; after its grace it is killed."""
        self._stopping.set()
        self._send_signal(self.child.stop_signal)
        try:
            async with asyncio.timeout(self.child.grace):
                await self._has_ended.wait()
        except TimeoutError:
            self._send_signal(signal.SIGKILL)
            await self._has_ended.wait()

    async def _run_once(self) -> int:
        """Start the child and forward what it writes until it ends; gives its status."""
        reading, writing = os.pipe()
        pulse, beating = os.pipe() if self.child.pulse_within is not None else (None, None)
        try:
            process = self._process = await self._spawn(writing, beating)
        except OSError as error:  # no memory or no process left: retried like any crash
            os.close(reading)
            if pulse is not None:
                os.close(pulse)
            self._log_line(f"cannot start {self.child.program[0]}: {error.strerror}")
            return child.NOT_STARTED
        finally:
            os.close(writing)
            if beating is not None:
                os.close(beating)
        write_pid_file(self._pid_file, process.pid, self.child.program)
        self._listener(Started(self.child.name, process.pid))
        if self._stopping.is_set():
            self._send_signal(self.child.stop_signal)
        try:
            return await self._wait_for_end(process, reading, pulse)
        finally:
            if process.returncode is None:
                process.kill()

    async def _spawn(self, output: int, pulse: int | None) -> Process:
        command = child.wrap_command(
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
            env={**self.child.environment, **({} if pulse is None else {PULSE: str(pulse)})},
            pass_fds=(*self.child.inherits, *(() if pulse is None else (pulse,))),
            start_new_session=True,  # Ctrl-C in the terminal is the supervisor's to pass on, in order
        )

    async def _wait_for_end(self, process: Process, output: int, pulse: int | None) -> int:
        self._pulse.clear()
        async with asyncio.TaskGroup() as tasks:
            forwarding = tasks.create_task(self._forward_output(output))
            asking = tasks.create_task(self._wait_until_ready())
            watching = None if pulse is None else tasks.create_task(self._watch_pulse(process, pulse))
            # A pipe of our own, because asyncio's would make this wait for everybody who inherited it.
            status = await process.wait()
            asking.cancel()
            if watching is not None:
                watching.cancel()
            _end_session(process.pid)
            await asyncio.wait({forwarding}, timeout=1.0)
            forwarding.cancel()
        return status

    async def _forward_output(self, output: int) -> None:
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
                        self._log_line(line.decode("utf-8", "replace"))
                if rest:
                    self._log_line(rest.decode("utf-8", "replace"))
            finally:
                transport.close()

    async def _watch_pulse(self, process: Process, pulse: int) -> None:
        """Kill the child when its pulse stops; before the first it may take its time.

        Looks are counted, not seconds: a supervisor that did not run for a while has missed no pulse.
        """
        within = self.child.pulse_within
        assert within is not None
        silent = 0
        os.set_blocking(pulse, False)
        try:
            while True:
                await asyncio.sleep(within / _LOOKS)
                heard = _read_pulse(pulse)
                if heard:
                    self._pulse.set()
                silent = silent + 1 if self._pulse.is_set() and not heard else 0
                if silent >= _LOOKS:
                    self._log_line(f"{self.child.name} has not moved for {within:g} s: it is killed and started again")
                    process.kill()
                    return
        finally:
            os.close(pulse)

    async def _wait_until_ready(self) -> None:
        ready = self.child.ready
        if ready is None and self.child.pulse_within is not None:
            await self._pulse.wait()
        while ready is not None:
            if await ready():
                break
            await asyncio.sleep(_ASK_EVERY)
        if not self.first_answer.done():
            self.first_answer.set_result(True)
        self._listener(Ready(self.child.name))

    def _log_line(self, line: str) -> None:
        self._last_words.append(line)
        self._log.write(line)
        self._listener(Printed(self.child.name, line))

    def _first_is(self, *, ready: bool) -> bool:
        return self.first_answer.done() and self.first_answer.result() is ready

    def _send_signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)


def _read_pulse(pulse: int) -> bytes:
    try:
        return os.read(pulse, _LONGEST_LINE)
    except BlockingIOError:
        return b""


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
