"""How does a prover wait? For a condition, on the monotonic clock, with a bound."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

Answer = TypeVar("Answer")

_PAUSE: Final = 0.05


class NotWithin(Exception):
    """What was waited for did not come about in time; the message says what, and for how long."""


def wait_for(question: Callable[[], Answer | None], within: float, what: str) -> Answer:
    """Ask until the answer is true, and give it. Raises NotWithin after so many seconds.

    An OSError counts as no answer: what is asked may just be starting.
    """
    until = time.monotonic() + within
    while True:
        try:
            if answer := question():
                return answer
        except OSError:
            pass
        if time.monotonic() > until:
            raise NotWithin(f"not within {within:g} s: {what}")
        time.sleep(_PAUSE)
