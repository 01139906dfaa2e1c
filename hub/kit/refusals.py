"""How often was a wrong password refused, for whom, and what of that is not written yet? Pure."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

NOTICED_FROM: Final = 10
"""So many within a minute are more than somebody who mistypes."""
_MINUTE: Final = 60.0
_SUBJECTS: Final = 500
"""Names that are counted apart; what is refused under more of them counts for `others`."""


@dataclass(frozen=True, slots=True)
class RefusedPasswords:
    """`times`: refused since the last time that this was written; `last_minute`: in the last minute, up to ten.

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
    unwritten: int = 0
    at: deque[float] = field(default_factory=lambda: deque(maxlen=NOTICED_FROM))


class Refusals:
    """The counts of one process; `others` is the subject under which unknown names and too many of them are counted."""

    def __init__(self, others: str) -> None:
        self._others = others
        self._counted: OrderedDict[str, _Counted] = OrderedDict()
        self.total = 0
        """RefusedPasswords since the start."""

    def count_unknown(self, at: float) -> None:
        """One more was refused at this monotonic second under a name that nobody has."""
        self.count(self._others, ("subject", self._others), at)

    def count(self, subject: str, named: tuple[str, str], at: float) -> None:
        """One more was refused at this monotonic second."""
        self.total += 1
        if subject not in self._counted and len(self._counted) >= _SUBJECTS:
            subject, named = self._others, ("subject", self._others)
        counted = self._counted.setdefault(subject, _Counted(named))
        counted.unwritten += 1
        counted.at.append(at)

    def unwritten(self, at: float) -> list[RefusedPasswords]:
        """What is to be written now; call `wrote` with it when that is committed."""
        return [
            RefusedPasswords(
                subject, counted.named, counted.unwritten, sum(1 for one in counted.at if one > at - _MINUTE)
            )
            for subject, counted in self._counted.items()
            if counted.unwritten
        ]

    def wrote(self, written: list[RefusedPasswords], at: float) -> None:
        """This is in the database; who was refused nothing for a minute is forgotten."""
        for one in written:
            self._counted[one.subject].unwritten -= one.times
        for subject, counted in list(self._counted.items()):
            if not counted.unwritten and counted.at[-1] <= at - _MINUTE:
                del self._counted[subject]
