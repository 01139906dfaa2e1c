"""What of a camera's bytes may FFmpeg read? Pictures as they come, and messages once they are judged and written anew.

A status 3xx makes FFmpeg connect to any host that the camera names, with our password, and no option forbids it. It
reads heads more leniently than any standard, so no message is passed as it came: only what it was judged by is written.
Nothing else in a message opens a connection: addresses in Content-Base, RTP-Info and the SDP are names in requests,
and FFmpeg ends when another transport is answered than it asked for.
"""

from __future__ import annotations

import re
from typing import Final

from devices.rtsp.description import video_codecs

MOST_HEAD: Final = 16_384
MOST_BODY: Final = 65_536
# All that FFmpeg makes use of, but for Location, and for Server and RealChallenge1, by which it takes a camera for
# a server of Microsoft or RealNetworks and speaks another protocol with it.
_PASSED: Final = {
    name.lower(): name
    for name in (
        *(b"CSeq", b"Session", b"Transport", b"Public", b"Content-Type", b"Content-Base", b"Range", b"RTP-Info"),
        *(b"WWW-Authenticate", b"Authentication-Info", b"Notice", b"X-Notice"),
    )
}
_STATUS: Final = re.compile(rb"RTSP/1\.[0-9] +([1-9][0-9]{2})(?: +(.*))?")
_REQUEST: Final = re.compile(rb"(?!RTSP)([A-Z][A-Z_]*) +([!-~]+) +RTSP/1\.[0-9]")
_LENGTH: Final = re.compile(rb"[0-9]{1,9}")
_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_FRAME, _FRAME_HEAD, _LEAST_FRAME = ord("$"), 4, 12


class SentOn(ConnectionError):
    """The camera answers that it is to be read elsewhere. The message is for people, and repeats nothing it said."""

    def __init__(self) -> None:
        super().__init__("the camera sends us on to another address: give the address that sends the picture itself")


class NotRtsp(ConnectionError):
    """What the camera sends is not RTSP. The message repeats nothing of it."""


class RtspFilter:
    """What one camera sends over one connection, in pieces of any size. After a refusal it is not used again."""

    def __init__(self) -> None:
        self.video_codecs: tuple[str, ...] = ()
        """What the camera's description names, once it came."""
        self._held = b""
        self._of_frame = 0

    def feed(self, chunk: bytes) -> bytes:
        """What FFmpeg may read now, of this piece and of what was buffered. Raises SentOn or NotRtsp.

        Frames (RFC 2326 clause 10.12) pass as they come, in parts as well; a message passes when it is whole. Frames
        shorter than any packet of RTCP are dropped: FFmpeg passes over their head alone and reads the rest as text.
        """
        content = self._held + chunk
        at = min(self._of_frame, len(content))
        self._of_frame -= at
        passed: list[bytes] = []
        begin = 0  # from here on, all passes as it is
        while at < len(content):
            if content[at] == _FRAME and (end := _end_of_frame(content, at)) >= at + _LEAST_FRAME:
                self._of_frame = max(0, end - len(content))
                at = min(end, len(content))
                continue
            written, end = _filter_next(content, at)
            if end > len(content):
                break
            self.video_codecs = self.video_codecs or video_codecs(written)
            passed += [content[begin:at], written]
            begin = at = end
        self._held = content[at:]
        passed.append(content[begin:at])
        return b"".join(passed)


def _end_of_frame(content: bytes, at: int) -> int:
    """Where the frame that begins here ends; as long as its length is not there, that of a frame that is held."""
    head = content[at : at + _FRAME_HEAD]
    return at + _FRAME_HEAD + int.from_bytes(head[2:], "big") if len(head) == _FRAME_HEAD else at + _FRAME_HEAD


def _filter_next(content: bytes, at: int) -> tuple[bytes, int]:
    """What is written of what begins here, be it a message or nothing of use, and where it ends.

    That is outside of `content` as long as not all of it is there.
    """
    if content[at] == _FRAME:
        return b"", _end_of_frame(content, at)
    if content[at] in b"\r\n":  # some send an empty line after a body
        return b"", at + 1
    if not content[at : at + 1].isupper():
        raise NotRtsp("neither a frame nor a message")
    ending = _END_OF_HEAD.search(content, at, at + MOST_HEAD)
    if ending is None:
        if len(content) - at >= MOST_HEAD:
            raise NotRtsp(f"no end of a message in {MOST_HEAD} bytes")
        return b"", len(content) + 1
    start, headers, length = _filter_head(content[at : ending.start()])
    body = content[ending.end() : ending.end() + length]
    written = b"\r\n".join([start, *headers, b"Content-Length: %d" % length, b"", body])
    return written, ending.end() + length


def _filter_head(head: bytes) -> tuple[bytes, list[bytes], int]:
    """The first line of a message, its headers, and the length of its body, as they are to be written."""
    start, *lines = [line.removesuffix(b"\r") for line in head.split(b"\n")]
    if any(_CONTROL.search(line) for line in (start, *lines)):
        raise NotRtsp("control characters in a message")
    headers, lengths = [], set()
    for line in _unfold_headers(lines):
        name, _, value = line.partition(b":")
        name, value = name.strip().lower(), value.strip()
        if name == b"content-length":
            lengths.add(value)
        elif name in _PASSED:
            headers.append(_PASSED[name] + b": " + value)
    return _first_line(start), headers, _parse_content_length(lengths)


def _first_line(start: bytes) -> bytes:
    if status := _STATUS.fullmatch(start):
        if status[1].startswith(b"3"):
            raise SentOn
        return b"RTSP/1.0 " + status[1] + b" " + (status[2] or b"")
    if request := _REQUEST.fullmatch(start):
        return request[1] + b" " + request[2] + b" RTSP/1.0"
    raise NotRtsp("a message that begins like none of RTSP")


def _unfold_headers(lines: list[bytes]) -> list[bytes]:
    """A header a line: what begins with a space goes on with the line before (RFC 2326 clause 4 and 15.1)."""
    whole: list[bytes] = []
    for line in lines:
        if whole and line.startswith((b" ", b"\t")):
            whole[-1] += b" " + line.strip()
        else:
            whole.append(line)
    return whole


def _parse_content_length(said: set[bytes]) -> int:
    if not said:
        return 0
    length = said.pop()
    if said or not _LENGTH.fullmatch(length):
        raise NotRtsp("a length that is no one number")
    if int(length) > MOST_BODY:
        raise NotRtsp(f"a body of more than {MOST_BODY} bytes")
    return int(length)
