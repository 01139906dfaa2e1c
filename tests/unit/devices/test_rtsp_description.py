"""What of a camera's description is FFmpeg given?"""

import pytest

from devices.rtsp.description import choose_track, video_codecs

SESSION = b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=Media Server\r\na=control:*\r\n"
H264 = b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
SUB = H264.replace(b"track1", b"track8")
JPEG = b"m=video 0 RTP/AVP 26\r\na=control:track9\r\n"
SVAC = b"m=video 0 RTP/AVP 97\r\na=rtpmap:97 SVAC/90000\r\na=control:track3\r\n"
SOUND = b"m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:track2\r\n"
METADATA = b"m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n"


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (H264, H264),
        (JPEG + H264, H264),
        (SVAC + JPEG + H264, H264),
        (H264 + SUB, H264),
        (SOUND + H264 + METADATA, H264),
        (METADATA + SOUND + H264, H264),
        (H264.replace(b"H264", b"h264"), H264.replace(b"H264", b"h264")),
        (SVAC + SOUND, SVAC),
        (JPEG + SVAC, JPEG + SVAC),
        (SOUND + METADATA, b""),
        (b"", b""),
    ],
)
def test_the_first_track_of_h264_alone_is_read(offered: bytes, chosen: bytes) -> None:
    assert choose_track(SESSION + offered) == SESSION + chosen
    assert choose_track((SESSION + offered).replace(b"\r\n", b"\n")) == SESSION + chosen


@pytest.mark.parametrize(
    ("offered", "named"),
    [
        (JPEG + SVAC + SOUND, ("JPEG", "SVAC")),
        (H264.replace(b"H264", b"X-HikVision-1.2"), ("X-HikVision-1.2",)),
        (H264.replace(b"H264", b"<script>"), ()),
        (H264.replace(b"H264", b"a" * 40), ()),
        (SOUND, ()),
        (b"\xff\xfe\x00m=video\n\n\r\r\n", ()),
    ],
)
def test_codecs_are_named_and_nonsense_is_not(offered: bytes, named: tuple[str, ...]) -> None:
    assert video_codecs(SESSION + offered) == named
