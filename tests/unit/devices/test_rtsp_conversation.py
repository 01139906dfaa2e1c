"""Do FFmpeg and a camera understand each other through the relay?"""

import re

import pytest

from devices.rtsp.authentication import Account
from devices.rtsp.conversation import CameraRefused, RelayedNames, RtspConversation
from devices.rtsp.filter import SentOn
from devices.rtsp.requests import RequestReader

RELAY, CAMERA = b"rtsp://127.0.0.1:40000", b"rtsp://10.0.0.7:554"
VIEWER = Account(b"viewer", b"secret")
FRAME = b"$\x00\x00\x0c" + b"\x80$picture..."


def ask(method: str, path: str = "/gym", number: int = 1, *more: str) -> bytes:
    return "\r\n".join([f"{method} {RELAY.decode()}{path} RTSP/1.0", f"CSeq: {number}", *more, "", ""]).encode()


def answer(status: int, number: int | str, *headers: str, body: str = "") -> bytes:
    lines = [f"RTSP/1.0 {status} Said", f"CSeq: {number}", *headers, f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines).encode()


def no_datagrams() -> tuple[int, int]:
    raise AssertionError("nobody asked for datagrams")


def talk(account: Account | None = VIEWER) -> RtspConversation:
    return RtspConversation(account, RelayedNames(RELAY, CAMERA), no_datagrams)


CHALLENGE = 'WWW-Authenticate: Digest realm="cam", nonce="n1"'


def signed_nonce(request: bytes) -> str | None:
    found = re.search(rb'nonce="([^"]*)"', request)
    return found[1].decode() if found else None


def test_requests_name_the_camera_and_answers_have_the_number_that_was_asked() -> None:
    one = talk()

    asked = one.hear_reader(ask("DESCRIBE", "/gym?a=1", 7)).to_camera
    read = one.hear_camera(answer(200, 1)).to_reader

    assert asked == b"DESCRIBE rtsp://10.0.0.7:554/gym?a=1 RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    assert b"CSeq: 7\r\n" in read


def test_an_address_that_only_begins_like_the_relay_s_stays() -> None:
    other = b"OPTIONS rtsp://127.0.0.1:400001/gym RTSP/1.0\r\nCSeq: 1\r\n\r\n"

    assert talk().hear_reader(other).to_camera == other


@pytest.mark.parametrize("number", ["", "x", "99", "1"])
def test_an_answer_without_its_number_is_that_of_the_oldest_request(number: str) -> None:
    one = talk()
    one.hear_reader(ask("OPTIONS", number=5) + ask("GET_PARAMETER", number=6))

    assert b"CSeq: 5\r\n" in one.hear_camera(answer(200, number)).to_reader


def test_a_challenge_is_answered_by_the_relay_and_later_requests_are_signed_at_once() -> None:
    one = talk()
    one.hear_reader(ask("DESCRIBE"))

    passed = one.hear_camera(answer(401, 1, CHALLENGE))
    setup = one.hear_reader(ask("SETUP", number=2)).to_camera

    assert passed.to_reader == b""
    assert b"CSeq: 2\r\n" in passed.to_camera
    assert signed_nonce(passed.to_camera) == signed_nonce(setup) == "n1"
    assert b"secret" not in passed.to_camera + setup


def test_the_counter_of_a_nonce_rises_and_begins_anew_with_another_nonce() -> None:
    one = talk()
    one.hear_reader(ask("DESCRIBE"))
    with_qop = CHALLENGE + ', qop="auth"'

    first = one.hear_camera(answer(401, 1, with_qop)).to_camera
    second = one.hear_reader(ask("SETUP")).to_camera
    stale = with_qop.replace("n1", "n2") + ", stale=true"
    third = one.hear_camera(answer(401, 3, stale)).to_camera

    assert [re.findall(rb"nc=(\d+)", said) for said in (first, second, third)] == [
        [b"00000001"],
        [b"00000002"],
        [b"00000001"],
    ]


def test_a_nonce_for_one_request_is_replaced_although_nobody_calls_it_stale() -> None:
    one = talk()
    one.hear_reader(ask("DESCRIBE"))
    one.hear_camera(answer(401, 1, CHALLENGE))
    one.hear_camera(answer(200, 2))
    one.hear_reader(ask("SETUP"))

    again = one.hear_camera(answer(401, 3, CHALLENGE.replace("n1", "n2"))).to_camera

    assert signed_nonce(again) == "n2"


@pytest.mark.parametrize("stale", ["", ', stale="false"'])
def test_a_wrong_password_is_refused_and_not_tried_for_ever(stale: str) -> None:
    one = talk()
    one.hear_reader(ask("DESCRIBE"))
    one.hear_camera(answer(401, 1, CHALLENGE))

    with pytest.raises(CameraRefused) as refused:
        one.hear_camera(answer(401, 2, CHALLENGE.replace("n1", "n2") + stale))

    assert (refused.value.status, refused.value.asks_for, refused.value.lacks_account) == (401, "", False)


def test_a_camera_that_calls_every_nonce_stale_is_refused() -> None:
    one = talk()
    one.hear_reader(ask("DESCRIBE"))
    tries = 0

    with pytest.raises(CameraRefused):
        while one.hear_camera(answer(401, tries + 1, f"{CHALLENGE}, stale=true")).to_camera:
            tries += 1

    assert tries == 2


def test_a_camera_that_asks_for_an_account_and_gets_none_is_refused() -> None:
    one = talk(None)
    one.hear_reader(ask("DESCRIBE"))

    with pytest.raises(CameraRefused) as refused:
        one.hear_camera(answer(401, 1, CHALLENGE))

    assert refused.value.lacks_account


def test_a_way_to_sign_in_that_nobody_knows_is_named() -> None:
    one = talk()
    one.hear_reader(ask("DESCRIBE"))

    with pytest.raises(CameraRefused) as refused:
        one.hear_camera(answer(401, 1, 'WWW-Authenticate: Digest realm="a", nonce="n", algorithm=SHA-3'))

    assert refused.value.asks_for == "Digest SHA-3"


@pytest.mark.parametrize("status", [400, 403, 404, 406, 451, 453, 454, 457, 461, 500, 501, 503, 551, 999])
@pytest.mark.parametrize("method", ["DESCRIBE", "PLAY"])
def test_a_refusal_is_known_by_its_status(method: str, status: int) -> None:
    one = talk()
    one.hear_reader(ask(method))

    with pytest.raises(CameraRefused) as refused:
        one.hear_camera(answer(status, 1))

    assert refused.value.status == status


@pytest.mark.parametrize("status", [400, 404, 405, 454, 501, 551])
def test_a_camera_that_does_not_know_options_is_read_all_the_same(status: int) -> None:
    one = talk()
    one.hear_reader(ask("OPTIONS"))

    assert one.hear_camera(answer(status, 1)).to_reader.startswith(b"RTSP/1.0 200 OK\r\n")


def test_a_camera_that_is_still_thinking_is_waited_for() -> None:
    one = talk()
    one.hear_reader(ask("DESCRIBE", number=3))

    assert one.hear_camera(answer(100, 1)).to_reader == b""
    assert b"CSeq: 3\r\n" in one.hear_camera(answer(200, 1)).to_reader


def test_it_is_never_sent_on() -> None:
    one = talk()
    one.hear_reader(ask("DESCRIBE"))

    with pytest.raises(SentOn):
        one.hear_camera(answer(302, 1, "Location: rtsp://garden/"))


@pytest.mark.parametrize(
    ("base", "passes"),
    [
        ("rtsp://10.0.0.7/gym/", True),
        ("RTSPS://10.0.0.7/gym", True),
        ("/gym/", False),
        ("*", False),
        ("", False),
        ("10.0.0.7", False),
        ("http://10.0.0.7/", False),
        ("rtsp:///gym", False),
    ],
)
def test_a_content_base_that_is_no_address_is_left_out(base: str, passes: bool) -> None:
    one = talk()
    one.hear_reader(ask("DESCRIBE"))

    read = one.hear_camera(answer(200, 1, f"Content-Base: {base}", body="v=0\r\n")).to_reader

    assert (b"Content-Base" in read) == passes


TCP = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"


@pytest.mark.parametrize(
    ("said", "channels"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=00001234", "2-3"),
        ("RTP/AVP;unicast;interleaved=0-1", "0-1"),
        ("RTP/AVP/TCP;interleaved=4", "4-4"),
        ("RTP/AVP/TCP", "0-1"),
        ("", "0-1"),
    ],
)
def test_ways_to_say_that_pictures_come_within_the_connection_are_one(said: str, channels: str) -> None:
    one = talk()
    one.hear_reader(ask("SETUP", "/gym", 1, TCP))

    read = one.hear_camera(answer(200, 1, *([f"Transport: {said}"] if said else []))).to_reader

    assert f"Transport: RTP/AVP/TCP;unicast;interleaved={channels}\r\n".encode() in read


@pytest.mark.parametrize("said", ["RTP/AVP;unicast;client_port=5000-5001", "RTP/AVP;multicast;port=1-2"])
def test_another_way_than_was_asked_for_is_refused(said: str) -> None:
    one = talk()
    one.hear_reader(ask("SETUP", "/gym", 1, TCP))

    with pytest.raises(CameraRefused) as refused:
        one.hear_camera(answer(200, 1, f"Transport: {said}"))

    assert refused.value.status == 461


def test_a_camera_of_datagrams_alone_is_asked_for_those_and_ffmpeg_does_not_notice() -> None:
    one = RtspConversation(VIEWER, RelayedNames(RELAY, CAMERA), lambda: (6000, 6001))
    one.hear_reader(ask("SETUP", "/gym", 1, TCP))

    asked = one.hear_camera(answer(461, 1)).to_camera
    read = one.hear_camera(answer(200, 2, "Transport: RTP/AVP;unicast;client_port=6000-6001;server_port=7000-7001"))
    reported = one.hear_reader(b"$\x01\x00\x08" + b"\x80\xc9\x00\x01abcd")

    assert b"Transport: RTP/AVP;unicast;client_port=6000-6001\r\n" in asked
    assert b"interleaved" not in asked
    assert b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" in read.to_reader
    assert one.server_ports == (7000, 7001)
    assert (reported.to_camera, reported.reports) == (b"", [b"\x80\xc9\x00\x01abcd"])


def test_a_camera_that_sends_neither_way_is_refused() -> None:
    one = RtspConversation(VIEWER, RelayedNames(RELAY, CAMERA), lambda: (6000, 6001))
    one.hear_reader(ask("SETUP", "/gym", 1, TCP))
    one.hear_camera(answer(461, 1))

    with pytest.raises(CameraRefused) as refused:
        one.hear_camera(answer(461, 2))

    assert refused.value.status == 461


def test_what_a_camera_asks_and_its_frames_pass_both_ways() -> None:
    one = talk()
    asked = b"SET_PARAMETER rtsp://10.0.0.7/gym RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 0\r\n\r\n"
    answered = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"

    assert one.hear_camera(asked + FRAME).to_reader == asked + FRAME
    assert one.hear_reader(answered).to_camera == answered


def test_requests_are_read_in_pieces_of_any_size() -> None:
    said = (
        ask("DESCRIBE") + b"$\x01\x00\x04abcd" + b"SET_PARAMETER a RTSP/1.0\r\nCSeq: 2\r\nContent-Length: 3\r\n\r\nabc"
    )
    reader = RequestReader()

    pieces = [one for at in range(len(said)) for one in reader.feed(said[at : at + 1])]

    assert pieces == RequestReader().feed(said)
    assert len(pieces) == 3
