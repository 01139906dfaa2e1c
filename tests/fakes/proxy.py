"""What does a proxy say first of a connection that it passes on? A PROXY header, version 2, as HAProxy writes it."""

import struct
from ipaddress import ip_address

SIGNATURE = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"


def proxy_header(client: str, *, behind: bytes = b"") -> bytes:
    """The header for a client at this address, which speaks to the port 1883 of its own address; `behind`: TLVs."""
    address = ip_address(client)
    family = 0x11 if address.version == 4 else 0x21
    said = address.packed + address.packed + struct.pack("!HH", 50_000, 1883) + behind
    return SIGNATURE + struct.pack("!BBH", 0x21, family, len(said)) + said
