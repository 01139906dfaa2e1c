"""In which ways may a camera be unlike the others? What real ones were seen to do, each a knob."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Layout = Literal["video", "sound-first", "jpeg-first", "sub-second"]

_SOUND = "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:track2\r\n"
_JPEG = "m=video 0 RTP/AVP 26\r\na=control:track9\r\n"
_METADATA = "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:track3\r\n"


@dataclass(frozen=True, slots=True)
class Oddities:
    """What is unusual about one camera; the defaults are nothing.

    `challenges`: what it asks a reader to sign in with, in this order, each an algorithm of Digest with, after a
    colon, its qop, or Basic. `password`: the one it has now, whatever everybody thinks. `requests_a_nonce`: after so
    many requests a nonce is stale. `answers`: the status with which it answers a method, whatever else it does.
    `transports`: what it sends pictures over. `layout`: what its description holds besides the picture, and where.
    `rtpmap`: the codec that it names. `has_control`: whether its track has a name. `content_base`: what its answer to
    DESCRIBE says. `padding`: bytes that make its description so much longer. `stray` is sent after every `stray_every`
    pictures.
    """

    challenges: tuple[str, ...] = ()
    password: str | None = field(default=None, repr=False)
    requests_a_nonce: int | None = None
    answers: Mapping[str, int] = field(default_factory=dict)
    transports: frozenset[str] = frozenset({"tcp", "udp"})
    layout: Layout = "video"
    rtpmap: str | None = None
    has_control: bool = True
    content_base: str | None = None
    padding: int = 0
    stray: bytes = b""
    stray_every: int = 1

    def describe(self, description: str) -> str:
        """The description (SDP) of one picture as this camera gives it."""
        begin = description.index("m=video")
        session, video = description[:begin], description[begin:]
        if self.rtpmap is not None:
            video = "".join(f"a=rtpmap:96 {self.rtpmap}\r\n" if line.startswith("a=rtpmap") else line
                            for line in video.splitlines(keepends=True) if not line.startswith("a=fmtp"))  # fmt: skip
        if not self.has_control:
            session, video = (
                text.replace("a=control:*\r\n", "").replace("a=control:track1\r\n", "") for text in (session, video)
            )
        match self.layout:
            case "sound-first":
                video = _SOUND + video + _METADATA
            case "jpeg-first":
                video = _JPEG + video
            case "sub-second":
                video = video + video.replace("track1", "track8")
            case "video":
                pass
        return session + f"i={'x' * self.padding}\r\n" * bool(self.padding) + video
