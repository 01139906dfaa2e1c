"""Which bytes does a flood send? MQTT 3.1.1 packets of a client that waits for nothing, which paho cannot be. Pure."""


def connect_packet(client_id: str, username: str, password: str) -> bytes:
    """CONNECT with Clean Session and a keep-alive of 60 s (MQTT 3.1.1, 3.1)."""
    flags = 0b1100_0010
    head = _encode_text("MQTT") + bytes([4, flags]) + (60).to_bytes(2, "big")
    return _build_packet(0x10, head + _encode_text(client_id) + _encode_text(username) + _encode_text(password))


def publish_packet(topic: str, payload: bytes, *, qos: int, packet_id: int) -> bytes:
    """PUBLISH with QoS 0 or 1 (3.3)."""
    identifier = packet_id.to_bytes(2, "big") if qos else b""
    return _build_packet(0x30 | qos << 1, _encode_text(topic) + identifier + payload)


def _encode_text(value: str) -> bytes:
    content = value.encode()
    return len(content).to_bytes(2, "big") + content


def _build_packet(head: int, body: bytes) -> bytes:
    length, left = bytearray(), len(body)
    while True:
        left, digit = divmod(left, 128)
        length.append(digit | (0x80 if left else 0))
        if not left:
            return bytes([head]) + bytes(length) + body
