"""Do two ways of writing a host or an origin mean the same? (RFC 6454; RFC 3986, 6.2.2 and 6.2.3; UTS 46)"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import idna

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host in ASCII and port; a default port stands here as any other."""

    scheme: str
    host: str
    port: int

    @property
    def url(self) -> str:
        """As browsers write it: an IPv6 address in brackets, and no default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def ascii_host(host: str) -> str:
    """A host as browsers send it: lower case, without its last dot, `关爱.example.org` as `xn--d6q111f.example.org`.

    Raises ValueError for what is no host.
    """
    if ":" in host:
        return str(ip_address(host))
    if host.isascii():
        plain = host.lower().removesuffix(".")
        if not plain:
            raise ValueError("a host has at least one letter")
        return plain
    try:
        return idna.encode(host, uts46=True).decode("ascii").removesuffix(".")
    except idna.IDNAError as error:
        raise ValueError(f"not a domain: {error}") from None


def read_url_origin(url: str) -> Origin | None:
    """The origin of a URL, or what a browser says in `Origin`; None for one that is no HTTP origin, such as `null`."""
    try:
        parts = urlsplit(url)
        default = _DEFAULT_PORTS[parts.scheme]
        return Origin(parts.scheme, ascii_host(parts.hostname or ""), parts.port or default)
    except (ValueError, KeyError):
        return None


def read_host(header: str, scheme: str) -> Origin | None:
    """What a `Host` header means at this scheme: a port that is absent is the scheme's own (RFC 9110, 4.2)."""
    if set("@/?#\\") & set(header):
        return None
    return read_url_origin(f"{scheme}://{header}")
