"""What people write, what browsers ask and what cameras answer: is each of them taken or refused by its own error?"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Final

import uvicorn
from uvicorn.server import ServerState

from devices.rtsp.address import NotAnAddress, parse_address
from devices.rtsp.authentication import Account, parse_account, parse_challenges
from devices.rtsp.conversation import CameraRefused, RelayedNames, RtspConversation
from devices.rtsp.description import choose_track, video_codecs
from devices.rtsp.filter import NotRtsp, RtspFilter, SentOn
from hub.importing.file import parse_centre_file
from hub.kit.mistakes.model import BadInput
from hub.kit.proxy_protocol import BadProxyHeader, bytes_of_header_missing, read_proxy_header
from hub.kit.urls import read_mailserver, read_origin, split_url
from hub.notifications.addresses import is_address_of
from hub.notifications.model import ChannelName
from hub.rules.files import parse_rule_file
from hub.web.places import Limits
from hub.web.serving import BoundedConnection
from tests.fuzz.mutations import cut_in_pieces, mutate_bytes, name_refusal

ROOT: Final = Path(__file__).resolve().parents[2]
CENTRE: Final = """\
schema: anling.centre/1
organisation: {id: longyuan, name: 陇原, name_en: Longyuan}
centre: {id: c, name: 中心, name_en: Centre, address: 路, timezone: Asia/Shanghai, opens: "08:00", closes: "18:00"}
rooms:
- {id: gym, name: 健身室, name_en: Gym, type: gym, plan_column: 0, plan_row: 0}
seniors:
- {id: s-01, name: 甲, address_as: 甲奶奶, address_as_en: Grandma A, born_on: 1946-03-12, card_token: AD70}
accounts:
- {id: f-01, role: family, name: 丙, name_en: C, phone: "02161234567"}
devices:
- {id: cam, kind: camera, room: gym, rtsp_url: "rtsp://admin:pass@192.0.2.10/1", name: 摄像头, name_en: Cam}
""".encode()
RULE: Final = """\
schema: anling.rules/1
rules:
- id: too-hot
  name: {zh-CN: 太热, en: Too hot}
  when: {reading: temperature, above: 32}
  for: 10m
  raise: {priority: P3}
""".encode()
_SIGNATURE: Final = b"\r\n\r\n\0\r\nQUIT\n"
PROXY_HEADERS: Final = (
    _SIGNATURE + b"\x21\x11\0\x0c" + bytes((192, 0, 2, 1, 127, 0, 0, 1)) + b"\x04\xd2\x07\x5b",
    _SIGNATURE + b"\x21\x21\0\x24" + bytes(36) + b"GET /",
    _SIGNATURE + b"\x20\0\0\0",
)
PROXY_WORDS: Final = (_SIGNATURE, b"\x21\x11", b"\xff\xff", b"\0\0", b"PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\n")
YAML_WORDS: Final = (
    *(b"&a ", b"*a", b"<<: ", b"!!int ", b"!!python/object:os.system ", b"- ", b": ", b"{", b"}", b"[", b"]", b"---\n"),
    *(
        b"02161234567",
        b"1e3",
        b"12:30:45",
        b"0o17",
        b"2026-02-30",
        b"No",
        b".nan",
        b"0x_",
        b"?",
        b'"\\U00110000"',
        b"|\n",
    ),
)
URLS: Final = (
    b"rtsp://admin:pa%23ss@[2001:db8::1]:554/Streaming/Channels/102?x=1",
    b"smtp://user:pass@mail.example.org:587?from=anling@example.org",
    "https://关爱.example.org:8443".encode(),
    "li.min@例子.中国".encode(),
)
URL_WORDS: Final = (
    b"#",
    b"@",
    b":",
    b"[",
    b"]",
    b"%",
    b"//",
    b"?from=",
    b"\0",
    b" ",
    "中".encode(),
    b"99999",
    b"rtsps://",
)
REQUESTS: Final = (
    b"GET /api/me HTTP/1.1\r\nHost: localhost\r\nCookie: a=b\r\nAccept: */*\r\n\r\n",
    b'POST /api/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\nX-Anling: 1\r\n\r\n{"a":1}',
    b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
)
HTTP_WORDS: Final = (
    *(b"\r\n", b"\n", b"\r\n\r\n", b"Content-Length: 99999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(
        b"HTTP/2.0",
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
        b": ",
        b"ffffffff\r\n",
        b"X: " + b"a" * 9000,
        *REQUESTS,
    ),
)
SDP: Final = (
    b"v=0\r\no=- 0 0 IN IP4 192.0.2.10\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:trackID=0\r\n"
    b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=1\r\n"
)
RTSP_ANSWERS: Final = (
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n",
    b'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm="x", nonce="y", algorithm=SHA-256\r\n\r\n',
    b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%b" % (len(SDP), SDP),
    b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nTransport: RTP/AVP/UDP;unicast;client_port=8000-8001;server_port=9000-9001\r\n\r\n",
    b"RTSP/1.0 461 Unsupported Transport\r\nCSeq: 3\r\n\r\n",
    b"RTSP/1.0 302 Moved\r\nCSeq: 2\r\nLocation: rtsp://192.0.2.11/\r\n\r\n",
    b"$\x00\x00\x10" + bytes(range(16)),
)
RTSP_WORDS: Final = (
    b"$\x00\xff\xff",
    b"\r\n\r\n",
    b"CSeq: 9\r\n",
    b"Content-Length: 70000\r\n",
    b"RTSP/1.0 ",
    *RTSP_ANSWERS,
)
RTSP_REQUESTS: Final = (
    b"OPTIONS rtsp://127.0.0.1:8554/1 RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    b"DESCRIBE rtsp://127.0.0.1:8554/1 RTSP/1.0\r\nCSeq: 2\r\n\r\n"
    b"SETUP rtsp://127.0.0.1:8554/1/trackID=1 RTSP/1.0\r\nCSeq: 3\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n"
)


def draw_centre_file(chance: random.Random) -> bytes:
    return mutate_bytes(CENTRE, chance, YAML_WORDS)


def read_centre(content: bytes, _: random.Random) -> str:
    """A centre's file, or everything that is wrong in it."""
    try:
        parse_centre_file(content.decode("utf-8", "replace"))
    except BadInput as bad:
        return name_refusal(bad)
    return "taken"


def draw_rule_file(chance: random.Random) -> bytes:
    return mutate_bytes(RULE, chance, YAML_WORDS)


def read_rules(content: bytes, _: random.Random) -> str:
    """A rule file, or everything that is wrong in it."""
    try:
        parse_rule_file("rules.yaml", content.decode("utf-8", "replace"))
    except BadInput as bad:
        return name_refusal(bad)
    return "taken"


def draw_address(chance: random.Random) -> bytes:
    return mutate_bytes(chance.choice(URLS), chance, URL_WORDS)


def read_address(content: bytes, _: random.Random) -> str:
    """An address of each kind: taken, or refused with a ValueError that says what it should be."""
    text = content.decode("utf-8", "replace")
    taken = [channel.value for channel in ChannelName if is_address_of(channel, text)]
    for name, read in (
        ("mail server", read_mailserver),
        ("origin", read_origin),
        ("web", lambda url: split_url(url, "https")),
    ):
        try:
            read(text)
            taken.append(name)
        except ValueError as error:
            name_refusal(error)
    try:
        parse_account(parse_address(text).account)
        taken.append("camera")
    except NotAnAddress:
        pass
    return " and ".join(taken) or "refused"


def draw_proxy_header(chance: random.Random) -> bytes:
    return mutate_bytes(chance.choice(PROXY_HEADERS), chance, PROXY_WORDS)


def read_proxy(content: bytes, chance: random.Random) -> str:
    """The beginning of a connection from a proxy, in pieces of any size."""
    told, received = "waits for more", b""
    for piece in cut_in_pieces(content, chance):
        received += piece
        try:
            header = read_proxy_header(received)
        except BadProxyHeader as bad:
            return name_refusal(bad)
        if header is not None:
            assert header.size <= len(received)
            return "taken"
        assert bytes_of_header_missing(received) > 0
    return told


def draw_camera_answers(chance: random.Random) -> bytes:
    answers = chance.choices(RTSP_ANSWERS, k=chance.randint(1, 4))
    at = chance.randrange(len(answers))
    answers[at] = mutate_bytes(answers[at], chance, RTSP_WORDS)
    return b"".join(answers)


def read_camera_answers(content: bytes, chance: random.Random) -> str:
    """What a camera says to the relay, in pieces of any size: passed, or the reason why it is not shown."""
    names = RelayedNames(b"rtsp://127.0.0.1:8554", b"rtsp://192.0.2.10:554")
    conversation = RtspConversation(Account(b"admin", b"12345"), names, lambda: (8000, 8001))
    conversation.hear_reader(RTSP_REQUESTS)
    alone = RtspFilter()
    told = "passed"
    for hears in (conversation.hear_camera, alone.feed):
        try:
            for piece in cut_in_pieces(content, chance):
                hears(piece)
        except (SentOn, NotRtsp, CameraRefused) as refused:
            told = name_refusal(refused)
    assert len(choose_track(content)) <= 2 * len(content) + 2  # a line without its end gets one
    video_codecs(content)
    parse_challenges([content])
    return told


class _Wire(asyncio.Transport):
    """What a connection of the page server writes to, which goes nowhere."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 1), "sockname": ("127.0.0.1", 80)})
        self.is_ended = False
        self.written = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += len(data)

    def close(self) -> None:
        self.is_ended = True

    def abort(self) -> None:
        self.is_ended = True

    def is_closing(self) -> bool:
        return self.is_ended

    def pause_reading(self) -> None:
        """Nothing else comes before the next piece is drawn."""

    def resume_reading(self) -> None:
        """The next piece is drawn anyway."""


async def _answer_all(scope: dict[str, object], receive: object, send: object) -> None:
    assert callable(receive)
    assert callable(send)
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class PageServerTarget:
    """One configuration for all connections; each has a loop of its own, so that none is left open."""

    def __init__(self) -> None:
        self._config = uvicorn.Config(_answer_all, log_config=None, access_log=False, lifespan="off")
        self._config.h11_max_incomplete_event_size = Limits().head_bytes
        self._config.load()

    def draw_requests(self, chance: random.Random) -> bytes:
        requests = chance.choices(REQUESTS, k=chance.randint(1, 2))
        return mutate_bytes(b"".join(requests), chance, HTTP_WORDS)

    def read_requests(self, content: bytes, chance: random.Random) -> str:
        """One connection of a browser's: answered, refused with 400, or ended."""
        return asyncio.run(self._connect(content, chance))

    async def _connect(self, content: bytes, chance: random.Random) -> str:
        state, wire = ServerState(), _Wire()
        connection = BoundedConnection(self._config, state, Limits())
        connection.connection_made(wire)
        for piece in cut_in_pieces(content, chance):
            if piece and not wire.is_ended:  # asyncio hands over no empty piece
                connection.data_received(piece)
                await asyncio.sleep(0)
        told = "ended" if wire.is_ended else "answered" if wire.written else "waits for more"
        connection.end_if_late(1e9, under_pressure=False)
        connection.connection_lost(None)
        async with asyncio.timeout(10):
            while state.tasks:
                await asyncio.wait(set(state.tasks))
        return told
