"""Can a camera write anything that makes FFmpeg read more than was judged?"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.rtsp.filter import MOST_BODY, MOST_HEAD, MOST_SKIPPED, NotRtsp, RtspFilter, SentOn

OK = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 0\r\n\r\n"
FRAME = b"$\x00\x00\x0c" + b"\x80$picture..."
assert len(FRAME) == 4 + 12


def passed(sent: bytes, *, at_a_time: int | None = None) -> bytes:
    """What FFmpeg may read of it."""
    rtsp_filter, step = RtspFilter(), at_a_time or max(len(sent), 1)
    return b"".join(rtsp_filter.feed(sent[at : at + step]) for at in range(0, len(sent), step))


def test_frames_pass_as_they_come_and_in_parts() -> None:
    rtsp_filter = RtspFilter()

    assert rtsp_filter.feed(FRAME + FRAME[:7]) == FRAME + FRAME[:7]
    assert rtsp_filter.feed(FRAME[7:] + FRAME[:2]) == FRAME[7:]
    assert rtsp_filter.feed(FRAME[2:]) == FRAME


def test_the_head_of_a_frame_waits_until_it_is_known_for_one() -> None:
    rtsp_filter = RtspFilter()

    assert [rtsp_filter.feed(FRAME[at : at + 1]) for at in range(6)] == [b"", b"", b"", b"", FRAME[:5], FRAME[5:6]]


@pytest.mark.parametrize("length", range(8))
def test_a_frame_too_short_for_any_packet_is_dropped(length: int) -> None:
    """FFmpeg takes four bytes of it, and reads what is left as a message."""
    short = b"$\x00" + length.to_bytes(2, "big") + b"\nRTSP/ "[:length]

    assert passed(FRAME + short + OK) == FRAME + OK
    assert passed(FRAME + short + OK, at_a_time=1) == FRAME + OK


def test_a_message_is_written_anew_in_one_form() -> None:
    described = (
        b"RTSP/1.1  200   Fine\n"
        b"cseq:2\r\n"
        b"SESSION \t:  12345678;timeout=60  \r\n"
        b"Server: WMServer/9\r\n"
        b"RealChallenge1: 9e26d33f2984236010ef6253fb1887f7\r\n"
        b'WWW-Authenticate: Digest realm="a",\r\n\t nonce="b"\r\n'
        b'WWW-Authenticate: Basic realm="a"\r\n'
        b"$Odd: 1\r\n"
        b"no header at all\r\n"
        b"content-length: 3\r\n"
        b"Content-Length: 3\r\n"
        b"\n"
        b"v=0"
    )

    assert passed(described) == (
        b"RTSP/1.0 200 Fine\r\n"
        b"CSeq: 2\r\n"
        b"Session: 12345678;timeout=60\r\n"
        b'WWW-Authenticate: Digest realm="a", nonce="b"\r\n'
        b'WWW-Authenticate: Basic realm="a"\r\n'
        b"Content-Length: 3\r\n"
        b"\r\n"
        b"v=0"
    )


def test_a_request_of_the_camera_passes_and_empty_lines_between_messages_do_not() -> None:
    asked = b"OPTIONS rtsp://10.0.0.7/gym RTSP/1.0\r\nCSeq: 1\r\n\r\n\r\n\n"

    assert passed(asked + FRAME) == (
        b"OPTIONS rtsp://10.0.0.7/gym RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 0\r\n\r\n" + FRAME
    )


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 399])
def test_a_camera_that_sends_us_on_is_refused_in_words_for_people(status: int) -> None:
    sent = b"RTSP/1.0 %d Moved\r\nCSeq: 2\r\nLocation: rtsp://garden/\r\n\r\n" % status

    with pytest.raises(SentOn, match=r"^the camera sends us on to another address: give the address that sends") as why:
        passed(OK + sent)

    assert "garden" not in str(why.value)


@pytest.mark.parametrize(
    "start", [b"RTSP/1.0 200 OK", b"RTSP/1.0 404 Not Found", b"REDIRECT rtsp://10.0.0.7/ RTSP/1.0"]
)
@pytest.mark.parametrize("name", [b"Location", b"LOCATION ", b"location\t"])
def test_another_address_never_passes(start: bytes, name: bytes) -> None:
    sent = start + b"\r\nCSeq: 2\r\n" + name + b": rtsp://garden/\r\n\r\n"

    assert passed(sent) == start + b"\r\nCSeq: 2\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b" RTSP/1.0 302 Moved\r\n\r\n", id="a space before the status line"),
        pytest.param(b"RTSP/1.0 0302 Moved\r\n\r\n", id="a status of four digits"),
        pytest.param(b"RTSP/1.0 +302 Moved\r\n\r\n", id="a sign"),
        pytest.param(b"RTSP/1.0\t302 Moved\r\n\r\n", id="a tab"),
        pytest.param(b"RTSP/ 302 Moved\r\n\r\n", id="no version"),
        pytest.param(b"RTSP/2.0 302 Moved\r\n\r\n", id="another version"),
        pytest.param(b"RTSP/302 302 RTSP/1.0\r\n\r\n", id="a status line that looks like a request"),
        pytest.param(b"HTTP/1.1 302 Found\r\n\r\n", id="HTTP"),
        pytest.param(b"\x00RTSP/1.0 302 Moved\r\n\r\n", id="a control character before"),
        pytest.param(b"RTSP/1.0 200 OK\r\nCSeq: 1\x00\r\n\r\n", id="a control character within"),
        pytest.param(b"RTSP/1.0 200 OK\r\nCSeq: 1\rLocation: rtsp://garden/\r\n\r\n", id="a bare CR"),
        pytest.param(b"RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", id="two lengths"),
        pytest.param(b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", id="a length below zero"),
        pytest.param(b"RTSP/1.0 200 OK\r\nContent-Length: 0x1\r\n\r\n", id="a length that is no number"),
        pytest.param(b"RTSP/1.0 200 OK\r\nContent-Length:\r\n\r\n", id="an empty length"),
        pytest.param(b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % (MOST_BODY + 1), id="too long a body"),
        pytest.param(b"RTSP/1.0 200 OK\r\nServer: " + MOST_HEAD * b"a" + b"\r\n\r\n", id="too long a head"),
        pytest.param(MOST_HEAD * b"A", id="a head without an end"),
        pytest.param(b"\x80\x60", id="neither a frame nor a message"),
    ],
)
def test_what_is_not_rtsp_is_refused_whole_and_in_pieces(sent: bytes) -> None:
    for at_a_time in (None, 1 if len(sent) < 1000 else 1000):
        with pytest.raises(NotRtsp) as why:
            passed(sent, at_a_time=at_a_time)

        assert "garden" not in str(why.value)


def test_a_body_may_hold_anything_and_is_not_read_as_messages() -> None:
    body = b"$\nRTSP/1.0 302 Moved\r\nLocation: rtsp://garden/\r\n\r\n"
    sent = b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    assert passed(sent + FRAME, at_a_time=1) == sent + FRAME


@pytest.mark.parametrize(
    "stray",
    [
        bytes.fromhex("0000000a5f13"),
        b"\x00",
        b"$",
        b"$\x00",
        b"$\x00\xff\xff\x00",
        b"$$$$$$",
        b"$\x00\x00\x04\x80abc",
        b"RTSP",
        b"RTSP/2.0 200 OK\r\n\r\n",
        b"PLAY",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"A" * 60_000,
        FRAME[4:] * 3,
        b"\xff" * 65_536,
    ],
)
def test_stray_bytes_between_frames_are_skipped_up_to_the_next(stray: bytes) -> None:
    sent = OK + FRAME + stray + FRAME + OK + stray + FRAME

    assert passed(sent) == OK + FRAME + FRAME + OK + FRAME
    assert passed(sent, at_a_time=1 if len(stray) < 1000 else 997) == OK + FRAME + FRAME + OK + FRAME


def test_a_camera_that_sends_nothing_but_stray_bytes_is_refused() -> None:
    with pytest.raises(NotRtsp):
        passed(OK + b"\x00" * (MOST_SKIPPED + 1), at_a_time=1000)


# What cameras say, and what one might try with FFmpeg, in any order.
PIECES = st.sampled_from([
    *(b"RTSP/1.0 200 OK", b"RTSP/1.0 302 Moved", b" ", b"\t", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\x00", b":", b"0"),
    *(b"Location: rtsp://garden/", b"Content-Length: 4", b"Content-Length: 0", b"CSeq: 2", b"OPTIONS * RTSP/1.0"),
    *(b"$", b"$\x00\x00\x00", b"$\x00\x00\x04", b"$\x00\x00\x0a", b"RTSP/", b"302", OK, FRAME),
])  # fmt: skip
SAID = st.lists(PIECES, max_size=30).map(b"".join) | st.binary(max_size=200)


def whether_refused(rtsp_filter: RtspFilter, chunks: list[bytes]) -> tuple[bytes, type[Exception] | None]:
    written = b""
    for chunk in chunks:
        try:
            written += rtsp_filter.feed(chunk)
        except (SentOn, NotRtsp) as refusal:
            return written, type(refusal)
    return written, None


@given(SAID, st.lists(st.integers(0, 400), max_size=8))
def test_how_it_is_split_changes_nothing(said: bytes, places: list[int]) -> None:
    ends = sorted({min(place, len(said)) for place in places} | {0, len(said)})
    _, refused_whole = whether_refused(RtspFilter(), [said])

    chunks = [said[begin:end] for begin, end in pairwise(ends)]
    written, refused = whether_refused(RtspFilter(), chunks)
    one_by_one, refused_one_by_one = whether_refused(RtspFilter(), [said[at : at + 1] for at in range(len(said))])

    assert refused == refused_one_by_one == refused_whole
    assert one_by_one.startswith(written)
    assert refused or one_by_one == written == RtspFilter().feed(said)


@given(SAID)
def test_ffmpeg_never_reads_that_it_is_sent_on(said: bytes) -> None:
    written, _ = whether_refused(RtspFilter(), [said[at : at + 1] for at in range(len(said))])

    for status, lines in read_as_ffmpeg_does(written):
        assert not 300 <= status < 400
        assert not any(line.lower().startswith(b"location:") for line in lines)


@given(SAID)
def test_what_was_written_is_read_again_as_itself(said: bytes) -> None:
    written, _ = whether_refused(RtspFilter(), [said[at : at + 1] for at in range(len(said))])

    assert passed(written) == written


def test_the_reader_of_these_tests_is_as_lenient_as_ffmpeg() -> None:
    assert read_as_ffmpeg_does(b" RTSP/9 302x\nLoca\rtion: a\n\n") == [(302, [b"Location: a"])]
    assert read_as_ffmpeg_does(b"$\x00\x00\x02\n\nRTSP/1.0 302 \n\n")[-1] == (302, [])


def read_as_ffmpeg_does(content: bytes) -> list[tuple[int, list[bytes]]]:
    """Statuses (0: none) and header lines as libavformat/rtsp.c reads them, a frame's rest as text when it is short."""
    found: list[tuple[int, list[bytes]]] = []
    lines: list[bytes] = []
    line, at = b"", 0
    while at < len(content):
        one = content[at : at + 1]
        at += 1
        if one == b"$" and not line:
            size = int.from_bytes(content[at + 1 : at + 3], "big")
            at += 3 + (size if size >= 8 else 0)
        elif one == b"\n" and line:
            lines.append(line.partition(b"\x00")[0])
            line = b""
        elif one == b"\n":
            if lines:
                found.append((_status(lines[0]), lines[1:]))
                lengths = [said for said in lines[1:] if said.lower().startswith(b"content-length:")]
                at += max(0, _number(lengths[-1].partition(b":")[2])) if lengths else 0
            lines = []
        elif one != b"\r":
            line += one
    return found


def _status(line: bytes) -> int:
    words = line.split()
    return _number(words[1]) if len(words) > 1 and words[0].startswith(b"RTSP/") else 0


def _number(text: bytes) -> int:
    digits = ""
    for one in text.decode("latin-1").strip():
        if not one.isascii() or not one.isdigit():
            break
        digits += one
    return int(digits or 0)
