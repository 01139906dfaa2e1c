"""Which sockets do processes hold, read from Linux, and at which addresses can this machine be its own server?"""

import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path

LISTENS = "0A"  # TCP_LISTEN of linux/net/tcp_states.h


@dataclass(frozen=True, slots=True)
class Socket:
    """One socket of a process, from /proc/net (proc(5)); addresses as the kernel has them."""

    pid: int
    protocol: str
    local: str
    port: int
    remote: str
    state: str


def sockets_of(pids: set[int]) -> Iterator[Socket]:
    """Every TCP and UDP socket that these processes hold."""
    holders = dict(_socket_inodes(pids))
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{protocol}").read_text("ascii").splitlines()[1:]:
            words = line.split()
            if (pid := holders.get(words[9])) is not None:
                port = int(words[1].rpartition(":")[2], 16)
                yield Socket(pid, protocol, _parse_address(words[1]), port, _parse_address(words[2]), words[3])


def _socket_inodes(pids: set[int]) -> Iterator[tuple[str, int]]:
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(descriptor.readlink())
            except OSError:  # closed meanwhile
                continue
            if found := re.fullmatch(r"socket:\[(\d+)\]", target):
                yield found[1], pid


def _parse_address(word: str) -> str:
    """`0100007F:1F90` as 127.0.0.1: each four bytes are in the order of this machine, which is little-endian."""
    digits = word.split(":")[0]
    parts = [bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8)]
    address = ip_address(b"".join(parts))
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def loopback_addresses() -> tuple[str, ...]:
    """127.0.0.1, and ::1 where this machine has IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return ("127.0.0.1",)
    return ("127.0.0.1", "::1")
