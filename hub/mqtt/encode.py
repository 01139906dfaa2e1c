"""How do MQTT 3.1.1 packets become bytes? (OASIS MQTT 3.1.1, chapters 2 and 3)"""

from __future__ import annotations

from typing import assert_never

from hub.mqtt.codec import (
    Connack,
    Connect,
    Disconnect,
    ForeignConnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)


def encode_packet(packet: Packet) -> bytes:
    """The packet's bytes."""
    match packet:
        case Publish():
            return _encode_publish(packet)
        case Connect():
            return _encode_connect(packet)
        case ForeignConnect(level):
            return _add_fixed_header(0x10, _encode_text("MQTT") + bytes([level]))
        case Connack(session_present, code):
            return _add_fixed_header(0x20, bytes([session_present, code]))
        case Puback(packet_id):
            return _add_fixed_header(0x40, packet_id.to_bytes(2, "big"))
        case Pubrec(packet_id):
            return _add_fixed_header(0x50, packet_id.to_bytes(2, "big"))
        case Pubrel(packet_id):
            return _add_fixed_header(0x62, packet_id.to_bytes(2, "big"))
        case Pubcomp(packet_id):
            return _add_fixed_header(0x70, packet_id.to_bytes(2, "big"))
        case Subscribe(packet_id, wanted):
            filters = b"".join(_encode_text(topic_filter) + bytes([qos]) for topic_filter, qos in wanted)
            return _add_fixed_header(0x82, packet_id.to_bytes(2, "big") + filters)
        case Suback(packet_id, codes):
            return _add_fixed_header(0x90, packet_id.to_bytes(2, "big") + bytes(codes))
        case Unsubscribe(packet_id, topic_filters):
            return _add_fixed_header(0xA2, packet_id.to_bytes(2, "big") + b"".join(map(_encode_text, topic_filters)))
        case Unsuback(packet_id):
            return _add_fixed_header(0xB0, packet_id.to_bytes(2, "big"))
        case Pingreq():
            return b"\xc0\x00"
        case Pingresp():
            return b"\xd0\x00"
        case Disconnect():
            return b"\xe0\x00"
        case _:
            assert_never(packet)


def encode_version_5_refusal() -> bytes:
    """CONNACK in the form of MQTT 5, `unsupported protocol version` (0x84), which only such a client can read."""
    return b"\x20\x03\x00\x84\x00"


def _encode_publish(packet: Publish) -> bytes:
    head = 0x30 | packet.dup << 3 | packet.qos << 1 | packet.retain
    packet_id = b"" if packet.packet_id is None else packet.packet_id.to_bytes(2, "big")
    return _add_fixed_header(head, _encode_text(packet.topic) + packet_id + packet.payload)


def _encode_connect(packet: Connect) -> bytes:
    flags = packet.clean_session << 1
    behind = _encode_text(packet.client_id)
    if packet.will is not None:
        flags |= 0x04 | packet.will.qos << 3 | packet.will.retain << 5
        behind += _encode_text(packet.will.topic) + _encode_binary(packet.will.payload)
    if packet.username is not None:
        flags |= 0x80
        behind += _encode_text(packet.username)
    if packet.password is not None:
        flags |= 0x40
        behind += _encode_text(packet.password)
    return _add_fixed_header(
        0x10, _encode_text("MQTT") + bytes([4, flags]) + packet.keep_alive_seconds.to_bytes(2, "big") + behind
    )


def _encode_text(text: str) -> bytes:
    return _encode_binary(text.encode())


def _encode_binary(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


def _add_fixed_header(head: int, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while left > 0x7F:
        length.append(left & 0x7F | 0x80)
        left >>= 7
    length.append(left)
    return bytes([head]) + bytes(length) + body
