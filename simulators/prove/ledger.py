"""What did the simulated triggers press, and what was answered? The prover's own record, on the monotonic clock."""

import threading
from dataclasses import dataclass, replace
from enum import StrEnum


class TriggerKind(StrEnum):
    """What a trigger takes for the hub's answer."""

    PUBACK = "puback"
    """It knows nothing of `ack`: MQTT's PUBACK of its publish is the answer."""
    REPEATING = "repeating"
    """It repeats the press until an `ack` of its id is `committed`, or `duplicate` of a committed one."""


class Seen(StrEnum):
    """Where a press was found when its answer had just come."""

    COMMITTED = "committed"
    SPOOLED = "spooled"
    NOWHERE = "nowhere"
    """Neither committed nor in the spool: the answer came early."""
    LATER = "later"
    """The database could not be asked then; the press was committed when it could."""
    NOT_YET = "not-yet"
    """Nobody has looked yet."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """One press. Times are seconds of the prover's monotonic clock."""

    id: str
    device_id: str
    kind: TriggerKind
    pressed_at: float
    sent_at: float | None = None
    """When it was first published on a connection that stood."""
    answered_at: float | None = None
    answer: str = ""
    """`puback`, or the status of the `ack`."""
    seen: Seen = Seen.NOT_YET


class Ledger:
    """Every press by its id. Safe to use from several threads."""

    def __init__(self) -> None:
        self._pressed: dict[str, Pressed] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._pressed)

    def presses(self) -> list[Pressed]:
        """All of them, in the order in which they were pressed."""
        with self._lock:
            return list(self._pressed.values())

    def unanswered(self) -> list[Pressed]:
        """Those that nobody has answered yet."""
        return [press for press in self.presses() if press.answered_at is None]

    def note_press(self, press: Pressed) -> None:
        """A trigger was pressed."""
        with self._lock:
            self._pressed[press.id] = press

    def note_sent(self, press_id: str, at: float) -> None:
        """It was published for the first time."""
        with self._lock:
            press = self._pressed[press_id]
            if press.sent_at is None:
                self._pressed[press_id] = replace(press, sent_at=at)

    def note_answer(self, press_id: str, at: float, answer: str) -> bool:
        """It was answered; whether that is its first answer."""
        with self._lock:
            press = self._pressed.get(press_id)
            if press is None or press.answered_at is not None:
                return False
            self._pressed[press_id] = replace(press, answered_at=at, answer=answer)
            return True

    def note_seen(self, press_id: str, seen: Seen) -> None:
        """What the look at its answer found."""
        with self._lock:
            self._pressed[press_id] = replace(self._pressed[press_id], seen=seen)
