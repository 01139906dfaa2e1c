"""What a process to keep running is, and which events the supervisor reports of it."""

import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from hub.embedded import environment


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running.

    `ready` is asked until it says yes; without it a child is ready with its first pulse, or, where it has none, once it
    has started. `grace` is how many seconds
    it has to end after its stop signal, before it is killed.
    """

    name: str
    program: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=environment.common_environment)
    ready: Callable[[], Awaitable[bool]] | None = None
    ready_within: float = 60.0
    pulse_within: float | None = None
    """Seconds: the process writes a byte into the pipe that ANLING_PULSE_FD names as soon as it is ready, and at least
    this often from then on; without one for longer it is killed, and started again. None: it has no such pipe."""
    inherits: tuple[int, ...] = ()
    """File descriptors of the supervisor that the child has as well."""
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
class Printed:
    name: str
    line: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A child has ended by itself; `status` is negative for the signal that ended it."""

    name: str
    status: int
    again_in: float


ChildEvent: TypeAlias = Started | Ready | Printed | Ended
ChildListener: TypeAlias = Callable[[ChildEvent], None]


class NotReady(Exception):
    """A child ended before it was ready, or was not ready in time."""

    def __init__(self, name: str, why: str, last_words: tuple[str, ...]) -> None:
        super().__init__(f"{name} {why}")
        self.name = name
        self.last_words = last_words
