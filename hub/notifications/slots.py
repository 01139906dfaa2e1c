"""Which due notification is sent next? Slots for each channel and address, first messages before repeats, circuits."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from hub.kit.ids import AccountId, AlarmId, CentreId

SLOTS: Final = 4
"""So many messages are in flight to one destination: an organisation's one webhook takes a house's messages in a
second, and a mailserver with a limit of connections for one client (Postfix: 50) is not crowded by one mailbox."""
HANGS_UNTIL_OPEN: Final = 2
PROBE_EVERY: Final = 30.0
"""Seconds. Alarms are repeated every minute: each minute one of the repeats finds out whether the address answers."""
LONGEST_REST: Final = 60.0
"""Seconds. A provider that asks for more (`Retry-After`) is asked again then all the same: somebody is waiting."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a message goes: what hangs there, holds up nothing that goes elsewhere."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of a destination. `now`, `probe_at` and `rests_until` are monotonic seconds.

    It opens when `HANGS_UNTIL_OPEN` messages have hung with no answer between them; then one message at a time is
    sent as a probe. Any answer closes it, a refusal too: who refuses, answers.
    """

    hangs: int = 0
    probe_at: float | None = None
    rests_until: float | None = None

    @property
    def is_open(self) -> bool:
        return self.probe_at is not None

    def is_resting(self, now: float) -> bool:
        """Whether the provider has asked for a pause that is not over."""
        return self.rests_until is not None and now < self.rests_until

    def after_hang(self, now: float) -> "Circuit":
        """A message got no answer within its time."""
        hangs = self.hangs + 1
        return replace(self, hangs=hangs, probe_at=now + PROBE_EVERY if hangs >= HANGS_UNTIL_OPEN else None)

    def after_answer(self, now: float, pause: float | None = None) -> "Circuit":
        """The destination answered; `pause`: for how many seconds it wants no more."""
        return Circuit(rests_until=None if pause is None else now + min(max(pause, 0.0), LONGEST_REST))


CLOSED: Final = Circuit()


@dataclass(frozen=True, slots=True)
class DueNotification:
    """A queued notification whose time has come: what decides when it goes.

    `is_first`: nothing of this alarm has been tried over this contact yet. `goes_everywhere`: a P1 that waits for an
    answer, or the last resort, which all channels of the person carry at once. `is_superseded`: a newer message about
    the same to the same contact is in the outbox. `due_at_epoch`: seconds since 1970.
    """

    id: str
    centre_id: CentreId
    alarm_id: AlarmId
    n: int
    account_id: AccountId
    destination: Destination
    priority: str
    due_at_epoch: float
    tries: int
    is_first: bool
    goes_everywhere: bool
    is_superseded: bool

    @property
    def is_tried_in_any_case(self) -> bool:
        """Whether it is tried once although its destination hangs or asked for a pause."""
        return self.is_first and self.tries == 0 and self.goes_everywhere


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of due notifications now. What is in none of the three waits for its own destination.

    `send` is in the order of sending. `refuse`: the circuit is open, the person's next channel has it at once.
    `drop`: superseded.
    """

    send: tuple[DueNotification, ...]
    refuse: tuple[DueNotification, ...]
    drop: tuple[DueNotification, ...]


def choose_next(
    due: Iterable[DueNotification],
    in_flight: Mapping[Destination, int],
    circuits: Mapping[Destination, Circuit],
    now: float,
) -> Choice:
    """Decide for each destination by itself; `in_flight` counts what is being sent, `now` is monotonic seconds.

    A first message therefore waits for nothing but its own channel and address, and there for no repeat.
    """
    by_destination: dict[Destination, list[DueNotification]] = defaultdict(list)
    for one in due:
        by_destination[one.destination].append(one)
    choices = [
        _choose_for(rows, in_flight.get(destination, 0), circuits.get(destination, CLOSED), now)
        for destination, rows in by_destination.items()
    ]
    return Choice(
        send=tuple(sorted((one for choice in choices for one in choice.send), key=_rank_of)),
        refuse=tuple(one for choice in choices for one in choice.refuse),
        drop=tuple(one for choice in choices for one in choice.drop),
    )


def _choose_for(rows: Iterable[DueNotification], in_flight: int, circuit: Circuit, now: float) -> Choice:
    """What becomes of one destination's due notifications."""
    ranked = sorted(rows, key=_rank_of)
    drop = tuple(one for one in ranked if one.is_superseded)
    wanted = [one for one in ranked if not one.is_superseded]
    if circuit.is_open:
        send = _choose_probe(wanted, circuit, now)[: max(0, 1 - in_flight)]
        return Choice(send, tuple(one for one in wanted if one not in send and not one.is_tried_in_any_case), drop)
    if circuit.is_resting(now):
        wanted = [one for one in wanted if one.is_tried_in_any_case]
    return Choice(tuple(wanted[: max(0, SLOTS - in_flight)]), (), drop)


def _choose_probe(wanted: list[DueNotification], circuit: Circuit, now: float) -> tuple[DueNotification, ...]:
    """The message that finds out whether an open circuit's address answers again; a first P1 waits for no time."""
    is_time = circuit.probe_at is not None and now >= circuit.probe_at
    return tuple(one for one in wanted if is_time or one.is_tried_in_any_case)[:1]


def _rank_of(one: DueNotification) -> tuple[bool, bool, str, float, str]:
    """Firsts before repeats, what was never tried before what was; then the most urgent and the oldest."""
    return (not one.is_first, one.tries > 0, one.priority, one.due_at_epoch, one.id)
