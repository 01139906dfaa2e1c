"""When is a channel retried, and when has it failed?"""

from datetime import datetime, timedelta
from typing import Final

_WAITS: Final = (timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=4))

LONGEST_WAIT: Final = max(_WAITS)


def next_try(tries: int, now: datetime) -> datetime | None:
    """When to retry after `tries` attempts (one or more); None when the channel has failed.

    Four attempts, 1, 2 and 4 seconds apart: an alarm that nobody takes is told anew every minute anyway, and another
    channel should not wait for a dead one.
    """
    return now + _WAITS[tries - 1] if tries <= len(_WAITS) else None
