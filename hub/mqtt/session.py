"""What is still to be delivered to one client? Its subscriptions and its messages on the way, across connections."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from hub.mqtt.codec import Publish

MAX_IN_FLIGHT = 20
MAX_WAITING = 1000
LAST_PACKET_ID = 0xFFFF


@dataclass(slots=True, eq=False)
class Session:
    """One client's session (3.1.2.4). Without a connection it keeps QoS 1 messages and lets QoS 0 go.

    At most 20 messages are unanswered at once; behind them wait at most 1,000, of which the oldest is dropped: what
    a device is sent is superseded by what it is sent later.
    """

    clean: bool
    connected: bool = True
    subscriptions: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    _in_flight: dict[int, Publish] = field(default_factory=dict)
    _waiting: deque[Publish] = field(default_factory=deque)
    _last_packet_id: int = 0

    def offer(self, message: Publish) -> tuple[Publish, ...]:
        """Take a message of the QoS granted; returns what to send now."""
        if message.qos == 0:
            return (message,) if self.connected else ()
        if len(self._waiting) == MAX_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(message)
        return self._send_more()

    def acknowledge(self, packet_id: int) -> tuple[Publish, ...]:
        """The client has that message; returns what may go now. An answer to nothing is ignored (4.8 allows it)."""
        self._in_flight.pop(packet_id, None)
        return self._send_more()

    def resume(self) -> tuple[Publish, ...]:
        """The client is back: what was unanswered goes again with DUP, in its order, then what waited (4.4)."""
        self.connected = True
        self._in_flight = {packet_id: replace(message, dup=True) for packet_id, message in self._in_flight.items()}
        again = tuple(self._in_flight.values())
        return again + self._send_more()

    def disconnect(self) -> None:
        """The connection ended."""
        self.connected = False

    def _send_more(self) -> tuple[Publish, ...]:
        sent: list[Publish] = []
        while self.connected and self._waiting and len(self._in_flight) < MAX_IN_FLIGHT:
            packet_id = self._free_packet_id()
            message = replace(self._waiting.popleft(), packet_id=packet_id)
            self._in_flight[packet_id] = message
            sent.append(message)
        return tuple(sent)

    def _free_packet_id(self) -> int:
        packet_id = self._last_packet_id
        while True:
            packet_id = packet_id % LAST_PACKET_ID + 1
            if packet_id not in self._in_flight:
                self._last_packet_id = packet_id
                return packet_id
