"""What does FFmpeg ask of a camera? Its requests, its frames of RTCP, and its answers to what a camera asks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

_FRAME_HEAD = 4


@dataclass(frozen=True, slots=True)
class RtspRequest:
    """One request as FFmpeg wrote it, without CSeq and without any account."""

    method: bytes
    url: bytes
    number: bytes
    """Its CSeq, which the answer has to have."""
    headers: tuple[bytes, ...] = ()
    body: bytes = b""

    def write(self, number: int, authorization: bytes | None) -> bytes:
        """The request as a camera gets it, under a number of the relay's."""
        lines = [self.method + b" " + self.url + b" RTSP/1.0", b"CSeq: %d" % number, *self.headers]
        if authorization is not None:
            lines.append(b"Authorization: " + authorization)
        return b"\r\n".join([*lines, b"", self.body])

    def transport(self) -> bytes:
        """The transport that a SETUP asks for."""
        found = [line.partition(b":")[2].strip() for line in self.headers if _header_name(line) == b"transport"]
        return found[0] if found else b""

    def with_transport(self, transport: bytes) -> RtspRequest:
        kept = tuple(line for line in self.headers if _header_name(line) != b"transport")
        return replace(self, headers=(*kept, b"Transport: " + transport))


@dataclass(slots=True)
class RequestReader:
    """What FFmpeg says, in pieces of any size."""

    _held: bytes = field(default=b"", repr=False)

    def feed(self, chunk: bytes) -> list[RtspRequest | bytes]:
        """The requests that are whole now; everything else (RTCP, answers) as the bytes that it is, whole as well."""
        self._held += chunk
        found: list[RtspRequest | bytes] = []
        while self._held:
            end = self._end_of_next()
            if end is None:
                break
            found.append(_parse_request(self._held[:end]))
            self._held = self._held[end:]
        return found

    def _end_of_next(self) -> int | None:
        held = self._held
        if held.startswith(b"$"):
            if len(held) < _FRAME_HEAD:
                return None
            end = _FRAME_HEAD + int.from_bytes(held[2:_FRAME_HEAD], "big")
        else:
            head = held.find(b"\r\n\r\n")
            if head < 0:
                return None
            lines = held[:head].split(b"\r\n")
            lengths = [line.partition(b":")[2] for line in lines if _header_name(line) == b"content-length"]
            end = head + 4 + (int(lengths[0]) if lengths else 0)
        return end if end <= len(held) else None


def _parse_request(said: bytes) -> RtspRequest | bytes:
    if said.startswith((b"$", b"RTSP/")):
        return said
    head, _, body = said.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    method, url, *_ = start.split(b" ")
    number = next((line.partition(b":")[2].strip() for line in lines if _header_name(line) == b"cseq"), b"0")
    headers = tuple(line for line in lines if _header_name(line) not in (b"cseq", b"authorization"))
    return RtspRequest(method, url, number, headers, body)


def _header_name(line: bytes) -> bytes:
    return line.partition(b":")[0].strip().lower()
