"""What of a viewer's offer is answered? Its one video line; every other line, such as sound, is refused with port 0."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TRANSPORT: Final = ("a=ice-", "a=fingerprint:", "a=setup:", "a=candidate:", "a=end-of-candidates", "a=rtcp-mux")
"""What a line of the offer may leave to the first of its bundle (RFC 8843 clause 7.1.3)."""
_IDENTITY: Final = ("a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:")
"""What some viewers (aiortc) want in each line of an answer, also in those that are refused."""


@dataclass(frozen=True, slots=True)
class VideoOffer:
    """An offer of one video line alone, and what was left out: each by its place, as its refusal in an answer."""

    sdp: str
    refused: tuple[tuple[int, tuple[str, ...]], ...] = ()

    def complete_answer(self, answer: str) -> str:
        """The answer to the whole offer: a line for each of the offer's, in their order (RFC 3264 clause 6)."""
        session, media = _split_media(answer)
        transport = [line for line in media[0] if line.startswith(_IDENTITY)]
        for place, lines in self.refused:
            media.insert(place, [*lines, *transport, "a=end-of-candidates"])
        return "".join(f"{line}\r\n" for part in (session, *media) for line in part)


def take_video(offer: str) -> VideoOffer | None:
    """The part of an SDP offer that is answered; None when it has no video line, or several."""
    session, media = _split_media(offer)
    (video, *more) = [at for at, lines in enumerate(media) if lines[0].startswith("m=video ")] or [-1]
    if video < 0 or more:
        return None
    if len(media) == 1:
        return VideoOffer(offer)
    mid = _mid_of(media[video])
    kept = [line for line in session if not line.startswith("a=group:BUNDLE")]
    grouped = [f"a=group:BUNDLE {mid}"] if mid and len(kept) < len(session) else []
    lines = [*kept, *grouped, *_stand_alone(media[video], media[0])]
    refused = tuple((at, _refuse_line(lines)) for at, lines in enumerate(media) if at != video)
    return VideoOffer("".join(f"{line}\r\n" for line in lines), refused)


def _split_media(sdp: str) -> tuple[list[str], list[list[str]]]:
    """The lines of the session, and those of each of its media."""
    session: list[str] = []
    media: list[list[str]] = []
    for line in sdp.splitlines():
        if line.startswith("m="):
            media.append([line])
        else:
            (media[-1] if media else session).append(line)
    return session, media


def _stand_alone(video: list[str], first: list[str]) -> list[str]:
    """The video line without its bundle: with a port, and with the transport that it left to the first line."""
    head = re.sub(r"^m=video 0 ", "m=video 9 ", video[0])
    lines = [head, *(line for line in video[1:] if line != "a=bundle-only")]
    if not any(line.startswith("a=ice-ufrag:") for line in lines):
        lines += [line for line in first if line.startswith(_TRANSPORT)]
    return lines


def _refuse_line(lines: list[str]) -> tuple[str, ...]:
    kind, _, rest = lines[0].removeprefix("m=").partition(" ")
    mid = _mid_of(lines)
    named = [f"a=mid:{mid}"] if mid else []
    codecs = [line for line in lines if line.startswith(("a=rtpmap:", "a=rtcp-mux"))]
    return (f"m={kind} 0 {rest.partition(' ')[2]}", "c=IN IP4 0.0.0.0", *named, *codecs, "a=inactive")


def _mid_of(lines: list[str]) -> str:
    return next((line.removeprefix("a=mid:") for line in lines if line.startswith("a=mid:")), "")
