"""Whose connection does a proxy or tunnel pass on? The header of the PROXY protocol, version 2 (HAProxy, 2.2).

Pure: bytes in, an address out. Only who is named in `ANLING_PROXY_PROTOCOL` is asked for it, and everything that such
a one sends begins with it; from anybody else it is no header but a protocol error.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL_HEADER: Final = SIGNATURE + b"\x20\x00\x00\x00"
"""What the trusted end sends for itself, such as a health check: its own address counts."""
MAX_HEADER_BYTES: Final = 16 + 1024
"""Addresses have at most 216 bytes; what follows them (TLVs) is not read."""

Network: TypeAlias = IPv4Network | IPv6Network

_HEAD_BYTES: Final = 16
_LOCAL: Final = 0x20
_PROXY: Final = 0x21
_TCP_4: Final = 0x11
_TCP_6: Final = 0x21
_WITHOUT_ADDRESS: Final = frozenset({0x00, 0x31})  # UNSPEC, and a stream between sockets of one machine
_ADDRESS_BYTES: Final = {_TCP_4: 12, _TCP_6: 36, 0x00: 0, 0x31: 216}


class BadProxyHeader(ValueError):
    """What came is no such header: the connection is ended, whoever it is from."""


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """`address`: of the client, None where the proxy speaks for itself; `size`: how many bytes the header has."""

    address: str | None
    size: int


def read_proxy_header(received: bytes) -> ProxyHeader | None:
    """The header at the beginning of `received`; None while it is not whole. Raises BadProxyHeader."""
    if received[: len(SIGNATURE)] != SIGNATURE[: len(received)]:
        raise BadProxyHeader("it does not begin with a PROXY header of version 2")
    if len(received) < _HEAD_BYTES:
        return None
    command, family = received[12], received[13]
    size = _HEAD_BYTES + int.from_bytes(received[14:16], "big")
    if command not in (_LOCAL, _PROXY):
        raise BadProxyHeader(f"version and command {command:#04x} are not of the PROXY protocol, version 2")
    if size > MAX_HEADER_BYTES:
        raise BadProxyHeader(f"a header of {size} bytes; at most {MAX_HEADER_BYTES} are taken")
    if command == _PROXY and family not in _ADDRESS_BYTES:
        raise BadProxyHeader(f"family and transport {family:#04x} are none that a TCP connection has")
    if command == _PROXY and size < _HEAD_BYTES + _ADDRESS_BYTES[family]:
        raise BadProxyHeader("its addresses are cut off")
    if len(received) < size:
        return None
    return ProxyHeader(_address_in(received) if command == _PROXY and family not in _WITHOUT_ADDRESS else None, size)


def bytes_of_header_missing(received: bytes) -> int:
    """How many more bytes may be read before `received` has been judged again, without reading beyond the header."""
    if len(received) < _HEAD_BYTES:
        return _HEAD_BYTES - len(received)
    return _HEAD_BYTES + int.from_bytes(received[14:16], "big") - len(received)


class ProxyHeaderReader:
    """The beginning of one connection from a proxy, in pieces of any size."""

    def __init__(self) -> None:
        self._received = b""

    def add(self, received: bytes) -> tuple[ProxyHeader, bytes] | None:
        """The header and what came behind it; None while it is not whole. Raises BadProxyHeader."""
        self._received += received
        header = read_proxy_header(self._received[:MAX_HEADER_BYTES])
        return None if header is None else (header, self._received[header.size :])


def read_networks(text: str) -> tuple[Network, ...]:
    """`10.0.0.2,fd00::/8` as networks. Raises ValueError."""
    return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def is_in(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether this address, as a socket gives it, is in one of the networks; what is no IP address is in none."""
    if not networks:
        return False
    try:
        one = unmap_address(address)
    except ValueError:
        return False
    return any(one in network for network in networks)


def unmap_address(address: str) -> IPv4Address | IPv6Address:
    """The address without its zone; an IPv4 address that came over an IPv6 socket as such. Raises ValueError."""
    one = ip_address(address.partition("%")[0])
    return (one.ipv4_mapped or one) if isinstance(one, IPv6Address) else one


def address_share(address: str) -> str:
    """Who shares a share: an IPv4 address, or the /64 network of an IPv6 address, in which a host has any number.

    What is no IP address, as of a socket of this machine, has a share of its own.
    """
    try:
        one = unmap_address(address)
    except ValueError:
        return address
    if isinstance(one, IPv4Address):
        return str(one)
    return str(ip_network((one, 64), strict=False).network_address)


def _address_in(received: bytes) -> str:
    if received[13] == _TCP_4:
        return str(IPv4Address(received[16:20]))
    return str(unmap_address(str(IPv6Address(received[16:32]))))
