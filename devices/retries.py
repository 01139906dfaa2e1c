"""When is a message repeated?"""

from typing import Final

_FIRST_WAITS: Final = (1.0, 2.0, 4.0, 8.0)
_WAIT: Final = 15.0
_WAIT_WHEN_SPOOLED: Final = 60.0

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 30.0


def wait_after(tries: int, *, spooled: bool) -> float:
    """Seconds from the `tries`-th publication (1 is the first) to the next one, unless an ack comes before.

    A hub that has spooled the message keeps it safe, but has not committed it: it is asked again, more slowly.
    """
    if spooled:
        return _WAIT_WHEN_SPOOLED
    return _FIRST_WAITS[tries - 1] if tries <= len(_FIRST_WAITS) else _WAIT


def pause_before_connecting(failures: int, chance: float) -> float:
    """Seconds before the next attempt to connect, after `failures` in a row; `chance` is 0 to 1.

    Doubles from 1 s to 30 s. Each device waits between half of that and all of it, so that a whole house does not
    come back in one instant.
    """
    pause: float = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(failures, 10))
    return pause * (0.5 + chance / 2)
