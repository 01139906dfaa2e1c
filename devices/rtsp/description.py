"""Which video codecs does a camera's description (SDP, RFC 8866) name, also those that FFmpeg does not know?"""

from __future__ import annotations

import re
from typing import Final

_NAMED: Final = re.compile(rb"a=rtpmap:[0-9]{1,3} +([A-Za-z0-9][A-Za-z0-9.+_-]{0,31})/")


def video_codecs(description: bytes) -> tuple[str, ...]:
    """The names in the `rtpmap` lines of its video tracks, in order; none for static payload types and for nonsense."""
    found: list[str] = []
    in_video = False
    for line in description.splitlines():
        if line.startswith(b"m="):
            in_video = line.startswith(b"m=video ")
        elif in_video and (named := _NAMED.match(line)):
            found.append(named[1].decode("ascii"))
    return tuple(found)
