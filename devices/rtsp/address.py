"""Which host does a camera's address name, and what does FFmpeg need of it?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv6Address

_PORTS = {"rtsp": 554, "rtsps": 322}
# As FFmpeg takes addresses apart: what stands before the last @ is the account, whatever it holds.
_ADDRESS = re.compile(
    r"(?P<scheme>rtsps?)://(?P<account>[^/?#]*@)?(?P<host>\[[^]/?#]+\]|[^][:@/?#]+)(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?#].*)?",
    re.DOTALL,
)


class NotAnAddress(OSError):
    """No camera can be reached at what was given as its address; the message repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """A camera's address. `account` (with its @) and `rest` are kept as they were written, escapes and all."""

    host: str
    port: int
    is_tls: bool
    account: str = field(repr=False)
    rest: str

    @property
    def named(self) -> str:
        """How a request names the camera, up to its path: without the account, and without a zone of this machine's."""
        host = self.host.partition("%")[0]
        return f"rtsp{'s' if self.is_tls else ''}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def reached_at(self, port: int) -> str:
        """The same camera at a port of this machine, in plain RTSP, for whoever need not know the account."""
        return f"rtsp://127.0.0.1:{port}{self.rest}"


def parse_address(url: str) -> CameraAddress:
    """Take an rtsp:// or rtsps:// address apart (RFC 2326 clause 3.2, RFC 7826 clause 4.2). Raises NotAnAddress."""
    found = _ADDRESS.fullmatch(url)
    if found is None:
        raise NotAnAddress("the camera's address is not rtsp://host:port/path")
    port = int(found["port"] or _PORTS[found["scheme"]])
    if not 0 < port < 65536:
        raise NotAnAddress("the port in the camera's address is not one from 1 to 65535")
    is_tls = found["scheme"] == "rtsps"
    return CameraAddress(found["host"].strip("[]"), port, is_tls, found["account"] or "", found["rest"] or "")


def find_address_mistake(url: str) -> str | None:
    """What whoever wrote an address has to write instead, without repeating it; None for one that can be read."""
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return "write it without spaces and line breaks; in a password a space is %20"
    authority, _, rest = re.sub("[/?#]", "\0", url.partition("://")[2], count=1).partition("\0")
    if "@" in rest and re.fullmatch(r"[^@.:\[]+:[^@]*", authority):  # an account that ends too early
        return "write # in a password as %23, / as %2F and ? as %3F"
    try:
        address = parse_address(url)
    except NotAnAddress as error:
        return f"write it as rtsp://user:password@host:port/path, an IPv6 address in brackets ({error})"
    return _find_host_mistake(address.host, is_bracketed=f"[{address.host}]" in url)


def _find_host_mistake(host: str, *, is_bracketed: bool) -> str | None:
    if is_bracketed:
        try:
            IPv6Address(host)
        except ValueError:
            return "write an IPv6 address in the brackets, such as [2001:db8::10]"
        return None
    if not re.fullmatch(r"[\w.-]{1,253}", host):
        return "write the camera's name or IP address behind the @"
    return None
