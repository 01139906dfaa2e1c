"""Which processes does a part of the hub have, and how are they struck? By pid, and nobody else."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def list_family(pid: int) -> list[int]:
    """A process and all that it has started, itself first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            parent = int(entry.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))

    def below(one: int) -> Iterator[int]:
        yield one
        for child in children.get(one, ()):
            yield from below(child)

    return list(below(pid))


def send_signal(pids: list[int], number: signal.Signals) -> int:
    """Signal each of these that still lives; gives how many."""
    reached = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            reached += 1
    return reached
