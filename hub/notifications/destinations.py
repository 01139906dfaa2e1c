"""May a webhook be sent there? HTTPS, unless the installation names the host; never to this machine's own doors."""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, TypeAlias

from hub.kit.named_hosts import NamedHost

Address: TypeAlias = IPv4Address | IPv6Address

_METADATA: Final = frozenset(
    ip_address(address)
    for address in (
        *("169.254.169.254", "fd00:ec2::254"),  # AWS, Azure, Google, Huawei, Tencent and most others
        *("100.100.100.200", "192.0.0.192", "168.63.129.16"),  # Alibaba; Oracle; Azure
    )
)
_NAT64: Final = ip_network("64:ff9b::/96")


class Forbidden(Exception):
    """A webhook is not sent there; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Outbound:
    """Where webhooks may go from this installation. `own_ports` are those at which the hub itself is served."""

    named: tuple[NamedHost, ...] = ()
    own_ports: frozenset[int] = frozenset()

    def check_url(self, scheme: str, host: str, port: int) -> None:
        """Raise Forbidden unless `may_ask`."""
        if not self.may_ask(scheme, host, port):
            raise Forbidden("not-https")

    def may_ask(self, scheme: str, host: str, port: int) -> bool:
        """Whether a URL speaks HTTPS, or its host is named."""
        return scheme == "https" or self._is_named(host, port)

    def check_address(self, host: str, port: int, address: str, own: Collection[str]) -> None:
        """Raise Forbidden unless a connection to `address`, which is what `host` means now, may be opened.

        `own` are those of this machine's addresses that `address` is among, if it is. Asked for each connection, so
        that a name that means something else a moment later gains nothing.
        """
        met = unwrap_address(ip_address(address.partition("%")[0]))
        is_here = met.is_loopback or met.is_unspecified or address in own
        if met in _METADATA or met.is_link_local or met.is_multicast or met.is_unspecified or _is_broadcast(met):
            raise Forbidden("forbidden-address")
        if is_here and port in self.own_ports:
            raise Forbidden("own-port")
        if met.is_loopback and not self._is_named(host, port):
            raise Forbidden("forbidden-address")

    def _is_named(self, host: str, port: int) -> bool:
        return any(one.names(host, port) for one in self.named)


def unwrap_address(address: Address) -> Address:
    """The IPv4 address in an IPv6 one that leads to it: mapped, compatible, 6to4, NAT64; else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (0xFFFF < int(address) < 2**32):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_broadcast(address: Address) -> bool:
    """255.255.255.255, and 0.0.0.0/8, which means this machine to some kernels."""
    return isinstance(address, IPv4Address) and (int(address) == 0xFFFFFFFF or int(address) >> 24 == 0)
