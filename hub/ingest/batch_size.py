"""How many messages does one transaction of a lane take? Pure: as many as it has committed in time before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FIRST_SIZE: Final = 8
"""Also what time alone never makes smaller: a transaction costs something however few messages it has, and on a slow
machine a house that presses at once would be committed one by one."""
GROWTH: Final = 2


@dataclass(slots=True)
class BatchSize:
    """The size that worked. `most` is the limit in messages, `target_seconds` the one in time.

    A message that comes while a batch is committed waits for it: the time of a batch is what everybody else waits.
    """

    most: int
    target_seconds: float
    size: int = FIRST_SIZE

    def note_commit(self, messages: int, seconds: float) -> None:
        """A batch of so many messages was committed in so many seconds."""
        fits = self.most if seconds <= 0 else int(messages * self.target_seconds / seconds)
        fits = max(fits, FIRST_SIZE)
        if fits < self.size:
            self.size = fits
        elif messages >= self.size:
            self.size = min(self.most, fits, self.size * GROWTH)

    def note_failure(self, messages: int) -> None:
        """A batch of so many messages took too long and was undone."""
        self.size = max(1, min(self.size, messages // 2))
