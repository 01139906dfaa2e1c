"""What passes between FFmpeg and a camera? The account, the transport and the track, each side in its own words.

FFmpeg is not told the account: the relay signs its requests, answers challenges itself, and asks for datagrams in its
name where a camera gives pictures over UDP alone. FFmpeg reads them as frames within its connection all the same.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from devices.rtsp.authentication import (
    Account,
    Challenge,
    SignedRequest,
    choose_challenge,
    describe_challenges,
    name_challenge,
    parse_challenges,
    sign_request,
)
from devices.rtsp.description import choose_track, video_codecs
from devices.rtsp.filter import RtspFilter, RtspMessage
from devices.rtsp.requests import RequestReader, RtspRequest

UNAUTHORIZED: Final = 401
NO_SUCH_TRANSPORT: Final = 461
_OK, _LEAST_REFUSAL = 200, 400
_INTERLEAVED: Final = re.compile(rb"interleaved=([0-9]{1,3})(?:-([0-9]{1,3}))?", re.IGNORECASE)
_SERVER_PORTS: Final = re.compile(rb"server_port=([0-9]{1,5})(?:-([0-9]{1,5}))?", re.IGNORECASE)
_ADDRESS: Final = re.compile(rb"rtsps?://[^/]", re.IGNORECASE)
"""What a Content-Base has to begin with; FFmpeg would join any other text with the track's name, and ask for that."""
_DECIDING: Final = (b"DESCRIBE", b"SETUP", b"PLAY")
_MOST_STALE: Final = 2
"""Nonces that may have become too old for one request."""


class CameraRefused(ConnectionError):
    """The camera answers a request with a refusal. The message is for people, and repeats nothing it said.

    `lacks_account`: it asks who we are, and its address names nobody. `asks_for`: ways to sign in, all unknown to us.
    """

    def __init__(self, status: int, method: str, *, lacks_account: bool = False, asks_for: str = "") -> None:
        super().__init__(f"the camera refuses {method} with status {status}")
        self.status = status
        self.lacks_account = lacks_account
        self.asks_for = asks_for


@dataclass(frozen=True, slots=True)
class RelayedNames:
    """How an address of FFmpeg's begins, which names the relay, and how the camera's does."""

    relay: bytes
    camera: bytes

    def name(self, url: bytes) -> bytes:
        rest = url.removeprefix(self.relay)
        return self.camera + rest if rest != url and rest[:1] in (b"", b"/", b"?", b"#") else url


@dataclass(slots=True)
class _Asked:
    """A request that waits for its answer, and what was tried to get a better one."""

    request: RtspRequest
    tried: frozenset[str] = frozenset()
    stale: int = 0


@dataclass(slots=True)
class Passed:
    """What is to be written to either side now."""

    to_reader: bytes = b""
    to_camera: bytes = b""
    reports: list[bytes] = field(default_factory=list)
    """RTCP of FFmpeg's for a camera that is read over UDP."""


class RtspConversation:
    """One connection of FFmpeg's to one camera.

    `names` is what requests name as the camera instead of the relay; `open_datagrams` gives a pair of UDP ports on
    which the relay listens, when a camera has to be asked for those.
    """

    def __init__(
        self, account: Account | None, names: RelayedNames, open_datagrams: Callable[[], tuple[int, int]]
    ) -> None:
        self.video_codecs: tuple[str, ...] = ()
        """What the camera's description names, once it came."""
        self.server_ports: tuple[int, int] | None = None
        """Where the camera sends its datagrams from, once it said so; zeroes where it does not say."""
        self._account = account
        self._names = names
        self._open_datagrams = open_datagrams
        self._reader = RequestReader()
        self._filter = RtspFilter(self._judge_message)
        self._waiting: dict[int, _Asked] = {}
        self._number = 0
        self._challenge: Challenge | None = None
        self._answered = 0
        self._client_nonce = secrets.token_hex(8)
        self._to_camera = b""

    def hear_reader(self, chunk: bytes) -> Passed:
        """What FFmpeg says now, in a piece of any size."""
        passed = Passed()
        for said in self._reader.feed(chunk):
            if isinstance(said, RtspRequest):
                passed.to_camera += self._number_request(_Asked(replace(said, url=self._names.name(said.url))))
            elif said.startswith(b"$") and self.server_ports is not None:
                passed.reports.append(said[4:])
            else:
                passed.to_camera += said
        return passed

    def hear_camera(self, chunk: bytes) -> Passed:
        """What the camera says now, in a piece of any size. Raises SentOn, NotRtsp or CameraRefused."""
        self._to_camera = b""
        read = self._filter.feed(chunk)
        return Passed(to_reader=read, to_camera=self._to_camera)

    def _number_request(self, asked: _Asked) -> bytes:
        self._number += 1
        self._waiting[self._number] = asked
        return asked.request.write(self._number, self._sign_request(asked.request))

    def _sign_request(self, request: RtspRequest) -> bytes | None:
        if self._challenge is None or self._account is None:
            return None
        self._answered += 1
        signed = SignedRequest(request.method, request.url, request.body)
        return sign_request(self._challenge, self._account, signed, self._answered, self._client_nonce)

    def _judge_message(self, message: RtspMessage) -> bytes:
        """What FFmpeg reads of it. What the camera asks of us passes as it is."""
        status = message.status
        if status is None:
            return message.write()
        if status < _OK:  # it is still thinking
            return b""
        asked = self._asked_for(message)
        if asked is None:
            return b"" if status == UNAUTHORIZED else message.write()
        if status == UNAUTHORIZED:
            self._to_camera += self._number_request(self._sign_in(asked, message))
            return b""
        if status == NO_SUCH_TRANSPORT and asked.request.method == b"SETUP" and self.server_ports is None:
            self._to_camera += self._ask_for_datagrams(asked)
            return b""
        return self._translate_answer(asked.request, message, status).with_header(b"CSeq", asked.request.number).write()

    def _asked_for(self, message: RtspMessage) -> _Asked | None:
        """The request that this answers; the oldest where the camera does not number its answers as it should."""
        said = message.values(b"CSeq")
        number = int(said[0]) if said and said[0].isdigit() and len(said[0]) < 10 else 0
        if number not in self._waiting and self._waiting:
            number = min(self._waiting)
        return self._waiting.pop(number, None)

    def _sign_in(self, asked: _Asked, message: RtspMessage) -> _Asked:
        """The same request, to be signed as the camera asks for. Raises CameraRefused when that is of no use."""
        method = asked.request.method.decode("ascii", "replace")
        if self._account is None:
            raise CameraRefused(UNAUTHORIZED, method, lacks_account=True)
        challenges = parse_challenges(message.values(b"WWW-Authenticate"))
        is_stale = any(one.is_stale for one in challenges) and asked.stale < _MOST_STALE
        chosen = choose_challenge(challenges, frozenset() if is_stale else asked.tried)
        if chosen is None:
            unknown = "" if asked.tried else describe_challenges(challenges)
            raise CameraRefused(UNAUTHORIZED, method, asks_for=unknown)
        self._challenge, self._answered = chosen, 0
        stale = asked.stale + is_stale
        return replace(asked, tried=asked.tried | {name_challenge(chosen)}, stale=stale)

    def _ask_for_datagrams(self, asked: _Asked) -> bytes:
        first, second = self._open_datagrams()
        self.server_ports = (0, 0)
        wanted = asked.request.with_transport(b"RTP/AVP;unicast;client_port=%d-%d" % (first, second))
        return self._number_request(replace(asked, request=wanted))

    def _translate_answer(self, request: RtspRequest, message: RtspMessage, status: int) -> RtspMessage:
        """The camera's answer as FFmpeg understands it. Raises CameraRefused for one after which nothing can follow."""
        if status >= _LEAST_REFUSAL and request.method in _DECIDING:
            raise CameraRefused(status, request.method.decode())
        if status >= _LEAST_REFUSAL and request.method == b"OPTIONS":  # not every camera knows it, and nothing needs it
            return RtspMessage(b"RTSP/1.0 200 OK")
        if request.method == b"DESCRIBE":
            self.video_codecs = video_codecs(message.body)
            bases = [base for base in message.values(b"Content-Base") if _ADDRESS.match(base)]
            described = replace(message, body=choose_track(message.body))
            return described.with_header(b"Content-Base", bases[0] if bases else None)
        if request.method == b"SETUP":
            return self._set_up(request, message)
        return message

    def _set_up(self, request: RtspRequest, message: RtspMessage) -> RtspMessage:
        """One form of what cameras answer. Raises CameraRefused for another way than the one that was asked for."""
        transport = b",".join(message.values(b"Transport"))
        channels = _INTERLEAVED.search(transport)
        first, second = (int(channels[1]), int(channels[2] or channels[1])) if channels else (0, 1)
        if self.server_ports is not None:
            if ports := _SERVER_PORTS.search(transport):
                self.server_ports = (int(ports[1]), int(ports[2] or int(ports[1]) + 1))
        elif transport and channels is None and b"/TCP" not in transport.upper():
            raise CameraRefused(NO_SUCH_TRANSPORT, request.method.decode())
        return message.with_header(b"Transport", b"RTP/AVP/TCP;unicast;interleaved=%d-%d" % (first, second))
