"""What if a process is killed? `kill -9` by pid, each part alone, and all at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from simulators.prove.field import Field, HubFault
from simulators.prove.processes import list_family, send_signal
from simulators.prove.proven_hub import PARTS


@contextmanager
def kill_part(field: Field, *, part: str) -> Iterator[None]:
    """One part; its supervisor starts it again."""
    field.strikes += send_signal([field.ground.hub.pid_of(part)], signal.SIGKILL)
    yield


@contextmanager
def kill_supervisor(field: Field) -> Iterator[None]:
    """The kernel ends its children with it; a service manager would start it again at once."""
    hub = field.ground.hub
    field.strikes += send_signal([hub.pid_of("supervisor")], signal.SIGKILL)
    assert hub.process is not None
    hub.process.wait(10)
    yield
    field.start_hub()


@contextmanager
def kill_all(field: Field) -> Iterator[None]:
    """Everything at one moment, as a power cut does to processes; the disk keeps what it was given."""
    hub = field.ground.hub
    everything = list_family(hub.pid_of("supervisor"))
    field.strikes += send_signal(everything, signal.SIGKILL) > len(PARTS)
    assert hub.process is not None
    hub.process.wait(10)
    yield
    field.start_hub()


def _describe_kill(part: str) -> HubFault:
    return HubFault(
        f"kill-{part}", f"kill -9 of {part}", partial(kill_part, part=part), hold_seconds=5, mends_itself=True
    )


FAULTS: Final = (
    *(_describe_kill(part) for part in PARTS),
    replace(_describe_kill("mosquitto"), brokers=("mosquitto",)),
    HubFault("kill-supervisor", "kill -9 of the supervisor, started again", kill_supervisor, hold_seconds=1),
    HubFault("kill-all", "kill -9 of every process at once, started again", kill_all, hold_seconds=1),
)
