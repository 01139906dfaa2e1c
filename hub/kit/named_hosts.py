"""Which hosts does a setting name? `192.168.1.9:8090,phones.lan,[::1]:8090`."""

from dataclasses import dataclass
from typing import Final

_WANTED: Final = "should be hosts with commas between them, such as 192.168.1.9:8090 or phones.example.lan"


@dataclass(frozen=True, slots=True)
class NamedHost:
    """A host as it stands in URLs, at one port or (None) at all of them."""

    host: str
    port: int | None = None

    def names(self, host: str, port: int) -> bool:
        """Whether this host and port of a URL are meant."""
        return self.host == _strip_host(host) and self.port in {None, port}


def parse_named_host(text: str) -> NamedHost:
    """Read one host with or without a port. Raises ValueError with what it should be."""
    bare = text.strip()
    if bare.startswith("["):
        host, _, behind = bare.partition("]")
        port = behind.removeprefix(":")
    elif bare.count(":") > 1:
        host, port = bare, ""
    else:
        host, _, port = bare.partition(":")
    if not _strip_host(host) or any(sign in host for sign in "/@* ?#"):
        raise ValueError(f"{_WANTED}; {text!r} is none")
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{_WANTED}; a port is between 1 and 65535, and {text!r} has another")
    return NamedHost(_strip_host(host), int(port) if port else None)


def read_named_hosts(value: object) -> object:
    """The texts of a list with commas, each of them checked."""
    if not isinstance(value, str):
        return value
    texts = tuple(part.strip() for part in value.split(",") if part.strip())
    for text in texts:
        parse_named_host(text)
    return texts


def _strip_host(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
