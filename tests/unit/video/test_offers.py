"""What of a viewer's offer is answered, and in which order?"""

import pytest

from hub.video.media.offers import take_video

SESSION = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
TRANSPORT = ["a=ice-ufrag:abcd", "a=ice-pwd:0123456789012345678901", "a=fingerprint:sha-256 AA", "a=setup:actpass"]
SOUND = ["m=audio 9 UDP/TLS/RTP/SAVPF 111 0", *TRANSPORT, "a=mid:0", "a=recvonly"]
VIDEO = ["m=video 9 UDP/TLS/RTP/SAVPF 96", *TRANSPORT, "a=mid:1", "a=rtpmap:96 H264/90000"]
BUNDLED = ["m=video 0 UDP/TLS/RTP/SAVPF 96", "a=bundle-only", "a=mid:1", "a=rtpmap:96 H264/90000"]
DATA = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:2"]
REFUSED_SOUND = [
    "m=audio 0 UDP/TLS/RTP/SAVPF 111 0",
    "c=IN IP4 0.0.0.0",
    "a=mid:0",
    "a=inactive",
    *TRANSPORT,
    "a=end-of-candidates",
]
REFUSED_DATA = [
    "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    "c=IN IP4 0.0.0.0",
    "a=mid:2",
    "a=inactive",
    *TRANSPORT,
    "a=end-of-candidates",
]


def sdp(*parts: list[str]) -> str:
    return "".join(f"{line}\r\n" for part in parts for line in part)


@pytest.mark.parametrize(
    ("media", "answered"),
    [
        ([VIDEO], [VIDEO]),
        ([SOUND, VIDEO], [REFUSED_SOUND, VIDEO]),
        ([VIDEO, SOUND], [VIDEO, REFUSED_SOUND]),
        ([SOUND, VIDEO, DATA], [REFUSED_SOUND, VIDEO, REFUSED_DATA]),
        ([DATA, SOUND, VIDEO], [REFUSED_DATA, REFUSED_SOUND, VIDEO]),
    ],
)
def test_all_but_the_picture_is_refused_in_its_place(media: list[list[str]], answered: list[list[str]]) -> None:
    offer = take_video(sdp(SESSION, *media))

    assert offer is not None
    assert offer.sdp == sdp(SESSION, VIDEO)
    assert offer.complete_answer(sdp(SESSION, VIDEO)) == sdp(SESSION, *answered)


def test_a_picture_that_leaves_its_transport_to_the_sound_has_it_alone() -> None:
    offer = take_video(sdp([*SESSION, "a=group:BUNDLE 0 1"], SOUND, BUNDLED))

    assert offer is not None
    lines = offer.sdp.splitlines()
    assert "a=group:BUNDLE 1" in lines
    assert "m=video 9 UDP/TLS/RTP/SAVPF 96" in lines
    assert set(TRANSPORT) <= set(lines)
    assert "a=bundle-only" not in lines


@pytest.mark.parametrize("media", [[], [SOUND], [VIDEO, VIDEO], [DATA]])
def test_without_exactly_one_picture_there_is_nothing_to_answer(media: list[list[str]]) -> None:
    assert take_video(sdp(SESSION, *media)) is None
