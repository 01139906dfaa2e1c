"""A viewer's addresses are tried as they are: the media process asks nobody what a name means."""

import pytest
from aiortc.sdp import SessionDescription

from hub.video.media.peers import remove_named_candidates

OFFER = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"


@pytest.mark.parametrize("name", ["a1b2.local", "A1B2.LOCAL", "evil.example", "127.1"])
@pytest.mark.parametrize("gap", [" ", "  ", "\t", "\u2003"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\x0b", "\x1c", "\x85", "\u2028"])
def test_a_candidate_that_is_a_name_is_passed_over_however_it_is_written(name: str, gap: str, end: str) -> None:
    named, numbered = (gap.join(f"a=candidate:1 1 udp 1 {host} 9 typ host".split(" ")) for host in (name, "192.0.2.7"))

    tried = (
        SessionDescription.parse(remove_named_candidates(OFFER + end + named + end + numbered + end))
        .media[0]
        .ice_candidates
    )

    assert [candidate.ip for candidate in tried] == ["192.0.2.7"]


@pytest.mark.parametrize("address", ["192.0.2.7", "127.0.0.1", "2001:db8::7"])
def test_a_candidate_that_is_an_address_is_tried(address: str) -> None:
    line = f"a=candidate:1 1 udp 1 {address} 9 typ host"

    assert remove_named_candidates(OFFER + line) == OFFER + line + "\r\n"


def test_more_candidates_may_always_follow() -> None:
    assert remove_named_candidates(OFFER + "a=end-of-candidates\r\n") == OFFER
