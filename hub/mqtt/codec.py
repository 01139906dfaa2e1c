"""How do bytes become MQTT 3.1.1 packets? (OASIS MQTT 3.1.1, chapters 2 and 3)"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from hub.mqtt.model import DeviceRefusal
from hub.mqtt.topics import is_filter, is_topic

MAX_CLIENT_ID_BYTES = 128
MAX_PASSWORD_BYTES = 256


class Malformed(Exception):
    """The bytes are no packet, or one that may not be sent: the connection has to be closed (4.8)."""

    refusal = DeviceRefusal.MALFORMED

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooLarge(Malformed):
    """A packet that is longer than any that is taken."""

    refusal = DeviceRefusal.TOO_LARGE


class ConnackCode(IntEnum):
    ACCEPTED = 0
    WRONG_PROTOCOL = 1
    WRONG_CLIENT_ID = 2
    UNAVAILABLE = 3
    WRONG_CREDENTIALS = 4
    NOT_AUTHORISED = 5


REFUSED_SUBSCRIPTION = 0x80
PUBACK_HEAD = b"\x40\x02"
"""First byte and length of a PUBACK; its packet id follows."""


@dataclass(frozen=True, slots=True)
class Will:
    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclass(frozen=True, slots=True)
class Connect:
    client_id: str
    clean_session: bool = True
    keep_alive_seconds: int = 0
    will: Will | None = None
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class ForeignConnect:
    """CONNECT of another version of the protocol: its level, and whose it says it is, where that can be read."""

    level: int
    username: str | None = None
    password: str | None = None


@dataclass(frozen=True, slots=True)
class Connack:
    session_present: bool
    code: ConnackCode


@dataclass(frozen=True, slots=True)
class Publish:
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int | None = None


@dataclass(frozen=True, slots=True)
class Puback:
    packet_id: int


@dataclass(frozen=True, slots=True)
class Pubrec:
    packet_id: int


@dataclass(frozen=True, slots=True)
class Pubrel:
    packet_id: int


@dataclass(frozen=True, slots=True)
class Pubcomp:
    packet_id: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    packet_id: int
    wanted: tuple[tuple[str, int], ...]
    """Topic filters, each with the QoS asked for."""


@dataclass(frozen=True, slots=True)
class Suback:
    packet_id: int
    codes: tuple[int, ...]
    """The QoS granted per filter, or REFUSED_SUBSCRIPTION."""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsuback:
    packet_id: int


@dataclass(frozen=True, slots=True)
class Pingreq:
    pass


@dataclass(frozen=True, slots=True)
class Pingresp:
    pass


@dataclass(frozen=True, slots=True)
class Disconnect:
    pass


Packet: TypeAlias = (
    Connect
    | ForeignConnect
    | Connack
    | Publish
    | Puback
    | Pubrec
    | Pubrel
    | Pubcomp
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
)


def decode_packet(head: int, body: bytes) -> Packet:
    """The packet with this first byte and this content behind the length. Raises Malformed."""
    kind, flags = head >> 4, head & 0x0F
    if kind == 3:
        return _decode_publish(flags, _Reader(body))
    if flags != (2 if kind in (6, 8, 10) else 0):
        raise Malformed(f"reserved flags {flags:#x} on packet type {kind}")
    reader = _Reader(body)
    packet = _decode_kind(kind, reader)
    if not isinstance(packet, ForeignConnect):
        reader.expect_end()
    return packet


def _decode_kind(kind: int, reader: _Reader) -> Packet:
    match kind:
        case 1:
            return _decode_connect(reader)
        case 2:
            return _decode_connack(reader)
        case 4:
            return Puback(reader.packet_id())
        case 5:
            return Pubrec(reader.packet_id())
        case 6:
            return Pubrel(reader.packet_id())
        case 7:
            return Pubcomp(reader.packet_id())
        case 8:
            return _decode_subscribe(reader)
        case 9:
            return _decode_suback(reader)
        case 10:
            return _decode_unsubscribe(reader)
        case 11:
            return Unsuback(reader.packet_id())
        case 12:
            return Pingreq()
        case 13:
            return Pingresp()
        case 14:
            return Disconnect()
        case _:
            raise Malformed(f"packet type {kind} does not exist")


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._body):
            raise Malformed("packet ends too early")
        taken = self._body[self._at : end]
        self._at = end
        return taken

    def rest(self) -> bytes:
        return self.take(len(self._body) - self._at)

    def at_end(self) -> bool:
        return self._at == len(self._body)

    def expect_end(self) -> None:
        if not self.at_end():
            raise Malformed("bytes left over in the packet")

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def variable_number(self) -> int:
        """One to four bytes of seven bits, the lowest first (2.2.3)."""
        number, shift = 0, 0
        while shift < 28:
            digit = self.byte()
            number |= (digit & 0x7F) << shift
            shift += 7
            if digit < 0x80:
                return number
        raise Malformed("a number of more than four bytes")

    def packet_id(self) -> int:
        if packet_id := self.number():
            return packet_id
        raise Malformed("packet id 0")

    def block(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        """A UTF-8 string without NUL (1.5.3); Python's decoder refuses surrogates as the standard asks."""
        try:
            text = self.block().decode()
        except UnicodeDecodeError as error:
            raise Malformed("text is not UTF-8") from error
        if "\0" in text:
            raise Malformed("text contains U+0000")
        return text


def _decode_connect(reader: _Reader) -> Connect | ForeignConnect:
    name, level = reader.text(), reader.byte()
    if (name, level) != ("MQTT", 4):
        if name not in ("MQTT", "MQIsdp"):
            raise Malformed("not the MQTT protocol")
        return _decode_foreign_connect(level, reader)
    flags, keep_alive_seconds = reader.byte(), reader.number()
    _check_connect_flags(flags)
    client_id = reader.text()
    if len(client_id.encode()) > MAX_CLIENT_ID_BYTES:
        raise Malformed("client id is too long")
    will = _decode_will(flags, reader) if flags & 0x04 else None
    return Connect(
        client_id=client_id,
        clean_session=bool(flags & 0x02),
        keep_alive_seconds=keep_alive_seconds,
        will=will,
        username=reader.text() if flags & 0x80 else None,
        password=_decode_password(reader) if flags & 0x40 else None,
    )


def _decode_foreign_connect(level: int, reader: _Reader) -> ForeignConnect:
    """MQTT 5 (3.1) puts properties before the client id and before the will; 3.1 is laid out as 3.1.1 is."""
    try:
        flags, _ = reader.byte(), reader.number()
        if level == 5:
            reader.take(reader.variable_number())
        reader.block()
        if flags & 0x04:
            if level == 5:
                reader.take(reader.variable_number())
            reader.block()
            reader.block()
        username = reader.text() if flags & 0x80 else None
        password = _decode_password(reader) if flags & 0x40 else None
    except Malformed:
        return ForeignConnect(level)
    return ForeignConnect(level, username, password)


def _check_connect_flags(flags: int) -> None:
    if flags & 0x01:
        raise Malformed("reserved flag in CONNECT")
    if not flags & 0x04 and flags & 0x38:
        raise Malformed("will flags without a will")
    if flags & 0x18 == 0x18:
        raise Malformed("will of QoS 3")
    if flags & 0x40 and not flags & 0x80:
        raise Malformed("password without a username")


def _decode_will(flags: int, reader: _Reader) -> Will:
    topic = reader.text()
    if not is_topic(topic):
        raise Malformed("will topic is no topic")
    return Will(topic, reader.block(), qos=flags >> 3 & 0x03, retain=bool(flags & 0x20))


def _decode_password(reader: _Reader) -> str:
    """Binary in the standard; every credential of ours is text, so anything else is only wrong, not malformed."""
    password = reader.block()
    if len(password) > MAX_PASSWORD_BYTES:
        raise Malformed("password is too long")
    return password.decode(errors="replace")


def _decode_connack(reader: _Reader) -> Connack:
    session_present, code = reader.byte(), reader.byte()
    if session_present > 1 or code > max(ConnackCode):
        raise Malformed("CONNACK of unknown meaning")
    return Connack(bool(session_present), ConnackCode(code))


def _decode_publish(flags: int, reader: _Reader) -> Publish:
    qos, dup = flags >> 1 & 0x03, bool(flags & 0x08)
    if qos == 3:
        raise Malformed("PUBLISH of QoS 3")
    if dup and not qos:
        raise Malformed("DUP on QoS 0")
    topic = reader.text()
    if not is_topic(topic):
        raise Malformed("PUBLISH to what is no topic")
    packet_id = reader.packet_id() if qos else None
    return Publish(topic, reader.rest(), qos, retain=bool(flags & 0x01), dup=dup, packet_id=packet_id)


def _decode_subscribe(reader: _Reader) -> Subscribe:
    packet_id = reader.packet_id()
    wanted: list[tuple[str, int]] = []
    while not reader.at_end() or not wanted:
        topic_filter, qos = _decode_filter(reader), reader.byte()
        if qos > 2:
            raise Malformed("SUBSCRIBE with an unknown QoS")
        wanted.append((topic_filter, qos))
    return Subscribe(packet_id, tuple(wanted))


def _decode_suback(reader: _Reader) -> Suback:
    packet_id, codes = reader.packet_id(), tuple(reader.rest())
    if not codes or any(code > 2 and code != REFUSED_SUBSCRIPTION for code in codes):
        raise Malformed("SUBACK of unknown meaning")
    return Suback(packet_id, codes)


def _decode_unsubscribe(reader: _Reader) -> Unsubscribe:
    packet_id = reader.packet_id()
    filters: list[str] = []
    while not reader.at_end() or not filters:
        filters.append(_decode_filter(reader))
    return Unsubscribe(packet_id, tuple(filters))


def _decode_filter(reader: _Reader) -> str:
    topic_filter = reader.text()
    if not is_filter(topic_filter):
        raise Malformed("no topic filter")
    return topic_filter
