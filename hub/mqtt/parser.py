"""Where does a packet begin and end in the bytes of a connection? (OASIS MQTT 3.1.1, 2.2)"""

from __future__ import annotations

from collections.abc import Iterator

from hub.mqtt.codec import Malformed, Packet, TooLarge, decode_packet

MAX_PACKET_BYTES = 16 * 1024
"""Four times what the contract allows: an oversized call for help must still reach the hub, as an unreadable one."""


class Parser:
    """Bytes in, in pieces of any size; packets out as soon as they are whole."""

    def __init__(self, max_packet_bytes: int = MAX_PACKET_BYTES) -> None:
        self._max_packet_bytes = max_packet_bytes
        self._pending = bytearray()
        self._at = 0

    def add(self, received: bytes) -> None:
        """Take bytes without looking at them."""
        if self._at:
            del self._pending[: self._at]
            self._at = 0
        self._pending += received

    @property
    def pending_bytes(self) -> int:
        """What was added and is not taken yet."""
        return len(self._pending) - self._at

    def packets(self) -> Iterator[Packet]:
        """Yield what is whole. Raises Malformed; what follows is then meaningless. May be left and called again."""
        while (frame := self.next_frame()) is not None:
            yield decode_packet(*frame)

    def next_frame(self) -> tuple[int, bytes] | None:
        """First byte of the next packet, and what is behind its length; None until it is whole. Raises Malformed."""
        pending, at = self._pending, self._at
        have = len(pending) - at
        length, shift = 0, 0
        for behind in range(1, min(have, 5)):
            digit = pending[at + behind]
            length |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return self._cut(at, at + behind + 1, length)
        if have >= 5:
            raise Malformed("remaining length has more than four bytes")
        return None

    def _cut(self, at: int, start: int, length: int) -> tuple[int, bytes] | None:
        if length > self._max_packet_bytes:
            raise TooLarge(f"packet of {length} bytes; at most {self._max_packet_bytes} are taken")
        end = start + length
        if len(self._pending) < end:
            return None
        self._at = end
        return self._pending[at], bytes(self._pending[start:end])
