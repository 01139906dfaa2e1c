"""Which of the connections that nobody has authenticated yet are kept, when there are too many? Pure.

They take no place of a device: they are bounded in number, of one address and in all, and the oldest is shed for a new
one, that which has said nothing before that which waits to be authenticated. Some places are kept for addresses from
which devices were authenticated before, so that strangers cannot keep a house of devices out.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

CONNECT_WITHIN_SECONDS = 5.0
CONNECT_WITHIN_UNDER_PRESSURE = 2.0


@dataclass(frozen=True, slots=True)
class UnknownLimits:
    """Numbers of connections, and of addresses that are remembered."""

    in_all: int = 400
    of_address: int = 150
    kept_for_known: int = 100
    """Places of `in_all` that only addresses get from which a device was authenticated."""
    pressure: int = 100
    """From so many on a connection has less time for its CONNECT."""
    known_addresses: int = 2000


@dataclass(slots=True)
class _Unknown:
    address: str
    waits: bool = False


@dataclass(slots=True)
class UnknownConnections(Generic[T]):
    """The connections, oldest first, each with its address. A proxy's own address has no share: pass `""`."""

    limits: UnknownLimits = field(default_factory=UnknownLimits)
    _open: OrderedDict[T, _Unknown] = field(default_factory=OrderedDict)
    _of_address: Counter[str] = field(default_factory=Counter)
    _known: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._open)

    def holds(self, connection: T) -> bool:
        """Whether it is open and nobody has authenticated it."""
        return connection in self._open

    def count_of(self, address: str) -> int:
        """How many of this address there are."""
        return self._of_address[address]

    @property
    def connect_within_seconds(self) -> float:
        """How long a connection has for its CONNECT and to be authenticated."""
        pressed = len(self._open) >= self.limits.pressure
        return CONNECT_WITHIN_UNDER_PRESSURE if pressed else CONNECT_WITHIN_SECONDS

    def add(self, connection: T, address: str, *, full: bool = False) -> T | None:
        """Take a new connection, and give the one that is shed for it; None: there was room, or nobody to shed.

        `full`: there is no room for one more connection of any kind.
        """
        shed = self._find_shed(address, full=full)
        if shed is not None:
            self.remove(shed)
        self._open[connection] = _Unknown(address)
        self._of_address[address] += 1
        return shed

    def move(self, connection: T, address: str) -> T | None:
        """Its address became known, from what a proxy says; otherwise as `add`."""
        self.remove(connection)
        return self.add(connection, address)

    def address_of(self, connection: T) -> str:
        """The share it is counted in; `""` for one that is not counted any more."""
        unknown = self._open.get(connection)
        return unknown.address if unknown else ""

    def waits_for_answer(self, connection: T) -> None:
        """It has sent its CONNECT: those that have not are shed before it."""
        if connection in self._open:
            self._open[connection].waits = True

    def authenticated(self, connection: T) -> None:
        """A device is behind it: it takes none of these places any more, and its address is remembered."""
        unknown = self._open.get(connection)
        if unknown is not None and unknown.address:
            self._known[unknown.address] = None
            self._known.move_to_end(unknown.address)
            if len(self._known) > self.limits.known_addresses:
                self._known.popitem(last=False)
        self.remove(connection)

    def remove(self, connection: T) -> None:
        """It has ended, or is counted elsewhere; nothing happens when it is not one of these."""
        unknown = self._open.pop(connection, None)
        if unknown is not None:
            self._of_address[unknown.address] -= 1
            if not self._of_address[unknown.address]:
                del self._of_address[unknown.address]

    def _find_shed(self, address: str, *, full: bool) -> T | None:
        """Who is shed before a new one of this address comes: nobody while there is room."""
        if address and self._of_address[address] >= self.limits.of_address:
            return self._oldest(address)
        unproven_full = self._count_unproven() >= self.limits.in_all - self.limits.kept_for_known
        if address not in self._known and unproven_full:
            return self._oldest_of_most(self._unproven_addresses())
        if full or len(self._open) >= self.limits.in_all:
            return self._oldest_of_most(self._unproven_addresses() or set(self._of_address))
        return None

    def _oldest_of_most(self, addresses: set[str]) -> T | None:
        """The oldest of that address among these which has most: one address's many are shed before another's one.

        Of two that have as many, the one whose oldest connection is older.
        """
        in_order = dict.fromkeys(one.address for one in self._open.values() if one.address in addresses)
        return self._oldest(max(in_order, key=lambda one: self._of_address[one])) if in_order else None

    def _oldest(self, address: str) -> T | None:
        of_address = [(connection, one) for connection, one in self._open.items() if one.address == address]
        silent = [connection for connection, one in of_address if not one.waits]
        return next(iter(silent or [connection for connection, _ in of_address]), None)

    def _unproven_addresses(self) -> set[str]:
        return {address for address in self._of_address if address not in self._known}

    def _count_unproven(self) -> int:
        return sum(count for address, count in self._of_address.items() if address not in self._known)
