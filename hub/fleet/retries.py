"""When a message to a device is sent again."""

from datetime import datetime, timedelta
from typing import Final

_WAITS: Final = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8))
LONGEST_WAIT: Final = timedelta(seconds=15)


def next_try(tries: int, now: datetime) -> datetime:
    """When to send again what has been tried `tries` times: after 1, 2, 4, 8 and then every 15 s."""
    return now + (_WAITS[tries - 1] if 0 < tries <= len(_WAITS) else LONGEST_WAIT)
