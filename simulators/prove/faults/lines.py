"""What if the line between devices and broker is cut, or passes nothing while it stays up?"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from simulators.prove.field import Field, HubFault


@contextmanager
def cut_line(field: Field) -> Iterator[None]:
    """Every connection ends without a word, and no new one comes about."""
    field.ground.line.cut()
    field.strikes += 1
    try:
        yield
    finally:
        field.ground.line.mend()


@contextmanager
def stall_line(field: Field) -> Iterator[None]:
    """Nothing passes; no connection ends."""
    field.ground.line.stall()
    field.strikes += 1
    try:
        yield
    finally:
        field.ground.line.mend()


FAULTS: Final = (
    HubFault("line-cut", "the line of all devices is cut", cut_line, hold_seconds=8),
    HubFault("line-stalled", "the line of all devices passes nothing", stall_line, hold_seconds=20),
)
