"""Is a camera's address taken apart as FFmpeg takes it apart, and is nothing of it changed?"""

import pytest

from devices.rtsp.address import NotAnAddress, parse_address


@pytest.mark.parametrize(
    ("url", "host", "port", "is_tls"),
    [
        ("rtsp://10.0.0.7/gym", "10.0.0.7", 554, False),
        ("rtsp://cam-gym.centre:8554/gym", "cam-gym.centre", 8554, False),
        ("rtsps://cam-gym.centre", "cam-gym.centre", 322, True),
        ("rtsps://cam-gym.centre:8322?channel=1", "cam-gym.centre", 8322, True),
        ("rtsp://[fe80::7]/gym", "fe80::7", 554, False),
        ("rtsp://viewer:secret@[fe80::7%eth0]:8554/gym", "fe80::7%eth0", 8554, False),
        ("rtsp://viewer:p@ss@10.0.0.7/gym", "10.0.0.7", 554, False),
        ("rtsp://10.0.0.7/@10.0.0.8/", "10.0.0.7", 554, False),
    ],
)
def test_an_address_names_one_host_and_one_port(url: str, host: str, port: int, is_tls: bool) -> None:
    found = parse_address(url)

    assert (found.host, found.port, found.is_tls) == (host, port, is_tls)


@pytest.mark.parametrize(
    ("url", "reached_at"),
    [
        ("rtsp://10.0.0.7", "rtsp://127.0.0.1:40000"),
        ("rtsps://viewer@[::1]:8322/", "rtsp://127.0.0.1:40000/"),
        (
            "rtsp://vie%77er:p%40s%2Fs%25@10.0.0.7:8554/Streaming/Channels/101?transport=x&c=%E6%91%84#1",
            "rtsp://127.0.0.1:40000/Streaming/Channels/101?transport=x&c=%E6%91%84#1",
        ),
        ("rtsp://viewer:p@ss@10.0.0.7/gym", "rtsp://127.0.0.1:40000/gym"),
    ],
)
def test_path_and_query_stay_as_they_were_written_and_no_account_is_told(url: str, reached_at: str) -> None:
    assert parse_address(url).reached_at(40000) == reached_at


@pytest.mark.parametrize(
    "url",
    [
        "", "gym", "http://10.0.0.7/", "rtsp://", "rtsp:///gym", "rtsp://viewer:secret@/gym", "rtsp://10.0.0.7:/gym",
        "rtsp://10.0.0.7:0/", "rtsp://10.0.0.7:65536/", "rtsp://10.0.0.7:8554x/", "rtsp://[::1/gym", "rtsp://::1/gym",
        "rtsp://10.0.0.7:٥٥٤/", "file:///etc/passwd#rtsp://10.0.0.7/",
    ],
)  # fmt: skip
def test_what_names_no_host_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(NotAnAddress) as refused:
        parse_address(url)

    assert "secret" not in str(refused.value)


def test_a_password_does_not_get_into_a_log() -> None:
    assert "secret" not in repr(parse_address("rtsp://viewer:secret@10.0.0.7/gym"))
