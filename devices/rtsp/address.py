"""Which host does a camera's address name, and what does FFmpeg need of it?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

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
