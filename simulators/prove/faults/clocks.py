"""What if the clock is wrong? At the start, as after a power cut without a battery, and set right later."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from simulators.prove.field import Field, HubFault

MINUTES_17: Final = 17 * 60.0
HOUR: Final = 3600.0
HOURS_2: Final = 2 * 3600.0
YEARS: Final = 365.25 * 86400
SINCE_2000: Final = 26.9 * YEARS


@contextmanager
def wrong_at_start(field: Field, *, wall: float) -> Iterator[None]:
    """The hub starts with the wall clock so far apart; for half of the time it stays so, then it is set right."""
    field.restart_hub(while_down=lambda: field.clockwork.set_wall(wall))
    field.strikes += 1
    field.let_last(_longer_than_silence(field))
    try:
        yield
    finally:
        field.clockwork.set_wall(0)
        field.let_last(_longer_than_silence(field))


@contextmanager
def step_while_running(field: Field, *, wall: float) -> Iterator[None]:
    """Somebody sets the wall clock of a hub that runs, and back."""
    field.clockwork.set_wall(wall)
    field.strikes += 1
    try:
        yield
    finally:
        field.clockwork.set_wall(0)


def _longer_than_silence(field: Field) -> float:
    return (field.profile.silent_after + 10) / field.profile.hold_share


FAULTS: Final = (
    *(
        HubFault(f"clock-{name}-at-start", f"the clock is {what} at the start", partial(wrong_at_start, wall=wall), 1)
        for name, what, wall in (
            ("minutes-behind", "17 minutes behind", -MINUTES_17),
            ("hours-behind", "2 hours behind", -HOURS_2),
            ("years-behind", "in the year 2000", -SINCE_2000),
            ("years-ahead", "three years ahead", 3 * YEARS),
        )
    ),
    HubFault(
        "clock-step-forward", "the clock is set an hour forward and back", partial(step_while_running, wall=HOUR), 10
    ),
    HubFault(
        "clock-step-back", "the clock is set an hour back and forward", partial(step_while_running, wall=-HOUR), 10
    ),
)
