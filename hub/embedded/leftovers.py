"""Which orphan processes did an earlier supervisor of this data folder leave behind? Those that its pid files name."""

import asyncio
import json
import os
import signal
from contextlib import suppress
from pathlib import Path

from hub.embedded import child


async def stop_leftovers(folder: Path) -> None:
    """Stop the children that outlived an earlier supervisor of this data folder, and nobody else."""
    for pid_file in sorted((folder / "processes").glob("*.pid")):
        if (pid := _read_pid_file(pid_file)) is not None:
            await _end_process(pid, pid_file)
        pid_file.unlink(missing_ok=True)


async def _end_process(pid: int, pid_file: Path) -> None:
    for number, tries in ((signal.SIGTERM, 100), (signal.SIGKILL, 50)):
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        for _ in range(tries):
            if _read_pid_file(pid_file) != pid:
                return
            await asyncio.sleep(0.1)


def write_pid_file(pid_file: Path, pid: int, program: tuple[str, ...]) -> None:
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
