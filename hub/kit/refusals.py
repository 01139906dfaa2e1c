"""How often was a wrong password refused, for whom, and what of that is not written yet? Pure."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

NOTICED_FROM: Final = 10
"""So many within a minute are more than somebody who mistypes."""
_MINUTE: Final = 60.0
_SUBJECTS: Final = 500
"""Names that are counted apart; what is refused under more of them counts for `others`."""


@dataclass(frozen=True, slots=True)
class RefusedPasswords:
    """`times`: refused since the last time that this was written; `last_minute`: in the last minute.

    `subject` is that of a notice, such as `device:b-01`; `named` what a record says of it, such as its `person`.
    """

    subject: str
    named: tuple[str, str]
    times: int
    last_minute: int

    @property
    def is_noticed(self) -> bool:
        return self.last_minute >= NOTICED_FROM


@dataclass(slots=True)
class _Counted:
    named: tuple[str, str]
    fresh: int = 0
    unwritten: int = 0
    recent: deque[tuple[float, int]] = field(default_factory=deque)


class Refusals:
    """The counts of one process; `others` is the subject under which unknown names and too many of them are counted.

    When something was refused is known to within the pause between two looks: `unwritten` is asked every few seconds.
    """

    def __init__(self, others: str) -> None:
        self._others = others
        self._counted: dict[str, _Counted] = {}
        self.total = 0
        """Refused since the start."""

    def count_unknown(self) -> None:
        """One more was refused under a name that nobody has."""
        self.count(self._others, ("subject", self._others))

    def count(self, subject: str, named: tuple[str, str]) -> None:
        """One more was refused."""
        self.total += 1
        if subject not in self._counted and len(self._counted) >= _SUBJECTS:
            subject, named = self._others, ("subject", self._others)
        self._counted.setdefault(subject, _Counted(named)).fresh += 1

    def unwritten(self, at: float) -> list[RefusedPasswords]:
        """What is to be written at this monotonic second; call `wrote` with it when that is committed."""
        for counted in self._counted.values():
            if counted.fresh:
                counted.recent.append((at, counted.fresh))
                counted.unwritten, counted.fresh = counted.unwritten + counted.fresh, 0
            while counted.recent and counted.recent[0][0] <= at - _MINUTE:
                counted.recent.popleft()
        return [
            RefusedPasswords(subject, counted.named, counted.unwritten, sum(times for _, times in counted.recent))
            for subject, counted in self._counted.items()
            if counted.unwritten
        ]

    def wrote(self, written: list[RefusedPasswords]) -> None:
        """This is in the database; who was refused nothing for a minute is forgotten."""
        for one in written:
            self._counted[one.subject].unwritten -= one.times
        for subject, counted in list(self._counted.items()):
            if not (counted.fresh or counted.unwritten or counted.recent):
                del self._counted[subject]
