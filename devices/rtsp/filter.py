"""What of a camera's bytes may FFmpeg read? Pictures as they come, and messages once they are judged and written anew.

A status 3xx makes FFmpeg connect to any host that the camera names, with our password, and no option forbids it. It
reads heads more leniently than any standard, so no message is passed as it came: only what it was judged by is written.
Nothing else in a message opens a connection: addresses in Content-Base, RTP-Info and the SDP are names in requests,
and FFmpeg ends when another transport is answered than it asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MOST_HEAD: Final = 16_384
MOST_BODY: Final = 65_536
MOST_SKIPPED: Final = 1 << 17
"""Stray bytes in a row: more than the largest frame, and a camera that sends so many speaks something else."""
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
# How a frame and a message may begin: one needs the first bytes of both, and of a frame the version of RTP (RFC 3550).
_FRAME, _FRAME_HEAD, _JUDGED_HEAD, _LEAST_FRAME = ord("$"), 4, 5, 12
_BEGINNINGS: Final = (
    *(b"RTSP/1.%d " % minor for minor in range(10)),
    *(b"OPTIONS ", b"SET_PARAMETER ", b"GET_PARAMETER ", b"ANNOUNCE ", b"TEARDOWN ", b"REDIRECT "),
    *(b"PLAY ", b"PAUSE ", b"DESCRIBE ", b"SETUP ", b"RECORD ", b"PLAY_NOTIFY "),
)


class SentOn(ConnectionError):
    """The camera answers that it is to be read elsewhere. The message is for people, and repeats nothing it said."""

    def __init__(self) -> None:
        super().__init__("the camera sends us on to another address: give the address that sends the picture itself")


class NotRtsp(ConnectionError):
    """What the camera sends is not RTSP. The message repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class RtspMessage:
    """One message as it is written again: its first line, what is passed of its headers, and its body."""

    start: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""

    @property
    def status(self) -> int | None:
        """None for a request."""
        return int(self.start.split(b" ")[1]) if self.start.startswith(b"RTSP/") else None

    def values(self, name: bytes) -> list[bytes]:
        """What its headers of this name say, in their order."""
        return [value for known, value in self.headers if known == name]

    def with_header(self, name: bytes, value: bytes | None) -> RtspMessage:
        """The same with this value in place of all headers of this name; without any where it is None."""
        kept = tuple(one for one in self.headers if one[0] != name)
        return RtspMessage(self.start, kept if value is None else ((name, value), *kept), self.body)

    def write(self) -> bytes:
        lines = [name + b": " + value for name, value in self.headers]
        return b"\r\n".join([self.start, *lines, b"Content-Length: %d" % len(self.body), b"", self.body])


class RtspFilter:
    """What one camera sends over one connection, in pieces of any size. After a refusal it is not used again.

    `judge` is given each message and gives what FFmpeg reads in its place; what it raises is raised by `feed`.
    """

    def __init__(self, judge: Callable[[RtspMessage], bytes] = RtspMessage.write) -> None:
        self._judge = judge
        self._held = b""
        self._of_frame = 0
        self._has_spoken = False
        self._skipped = 0

    def feed(self, chunk: bytes) -> bytes:
        """What FFmpeg may read now, of this piece and of what was buffered. Raises SentOn or NotRtsp.

        Frames (RFC 2326 clause 10.12) pass as they come, in parts as well; a message passes when it is whole. Stray
        bytes between them are skipped, once the camera has said anything: up to what begins like either. So are frames
        without a packet of RTP or RTCP in them: FFmpeg passes over the head of a short one and reads the rest as text.
        """
        content = self._held + chunk
        at = min(self._of_frame, len(content))
        self._of_frame -= at
        passed: list[bytes] = []
        begin = 0  # from here on, all passes as it is
        while at < len(content):
            end = _end_of_frame(content, at)
            if end is not None and end > at:
                self._has_spoken, self._skipped = True, 0
                self._of_frame = max(0, end - len(content))
                at = min(end, len(content))
                continue
            written, end = (b"", None) if end is None else self._read_message(content, at)
            if end is None:
                break
            passed += [content[begin:at], written]
            begin = at = end
        self._held = content[at:]
        passed.append(content[begin:at])
        return b"".join(passed)

    def _read_message(self, content: bytes, at: int) -> tuple[bytes, int | None]:
        """What is written of the message or the stray bytes that begin here, and where they end: None for not yet."""
        if content[at] in b"\r\n":  # some send an empty line after a body
            return b"", at + 1
        is_message = _is_message(content, at)
        if is_message is None:
            return b"", None
        if not is_message and not self._has_spoken:
            raise NotRtsp("neither a frame nor a message")
        if not is_message:
            return b"", self._skip(content, at)
        message, end = _parse_message(content, at)
        if message is None:
            return b"", None
        self._has_spoken, self._skipped = True, 0
        return self._judge(message), end

    def _skip(self, content: bytes, at: int) -> int:
        """Where the stray bytes that begin here may end."""
        end = at + 1
        while end < len(content) and content[end] not in b"$\r\n" and not 65 <= content[end] <= 90:
            end += 1
        self._skipped += end - at
        if self._skipped > MOST_SKIPPED:
            raise NotRtsp(f"more than {MOST_SKIPPED} bytes without a frame or a message")
        return end


def _end_of_frame(content: bytes, at: int) -> int | None:
    """Where the frame that begins here ends; here, when it is none; None as long as too little of it is there."""
    if content[at] != _FRAME:
        return at
    if len(content) < at + _JUDGED_HEAD:
        return None
    end = at + _FRAME_HEAD + int.from_bytes(content[at + 2 : at + _FRAME_HEAD], "big")
    is_packet = end >= at + _LEAST_FRAME and content[at + _FRAME_HEAD] >> 6 == 2
    return end if is_packet else at


def _is_message(content: bytes, at: int) -> bool | None:
    """Whether what begins here begins like a message; None as long as too little of it is there."""
    for beginning in _BEGINNINGS:
        there = content[at : at + len(beginning)]
        if there == beginning:
            return True
        if beginning.startswith(there):
            return None
    return False


def _parse_message(content: bytes, at: int) -> tuple[RtspMessage | None, int]:
    """The message that begins here, and where it ends; None as long as not all of it is there."""
    ending = _END_OF_HEAD.search(content, at, at + MOST_HEAD)
    if ending is None:
        if len(content) - at >= MOST_HEAD:
            raise NotRtsp(f"no end of a message in {MOST_HEAD} bytes")
        return None, at
    start, headers, length = _filter_head(content[at : ending.start()])
    end = ending.end() + length
    if end > len(content):
        return None, at
    return RtspMessage(start, headers, content[ending.end() : end]), end


def _filter_head(head: bytes) -> tuple[bytes, tuple[tuple[bytes, bytes], ...], int]:
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
            headers.append((_PASSED[name], value))
    return _first_line(start), tuple(headers), _parse_content_length(lengths)


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
