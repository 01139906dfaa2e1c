"""Is a camera's address taken apart as FFmpeg takes it apart, and is nothing of it changed?"""

import pytest

from devices.rtsp.address import NotAnAddress, find_address_mistake, parse_address


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


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("rtsp://admin:pa#ss@192.0.2.10/Streaming/Channels/102", "write # in a password as %23"),
        ("rtsp://admin:12#34@192.0.2.10/1", "write # in a password as %23"),
        ("rtsp://admin:pa/ss@cam.lan/1", "/ as %2F"),
        ("rtsps://admin:pa?ss@[2001:db8::10]/1", "? as %3F"),
        ("rtsp://2001:db8::10/1", "an IPv6 address in brackets"),
        ("rtsp://[gym]/1", "such as [2001:db8::10]"),
        ("rtsp://192.0.2.10:0/1", "port"),
        ("rtsp://192.0.2.10:65536/1", "port"),
        ("rtsp://192.0.2.10:rtsp/1", "rtsp://user:password@host:port/path"),
        ("rtsp:///1", "rtsp://user:password@host:port/path"),
        ("rtsp://admin:pa ss@192.0.2.10/1", "a space is %20"),
        ("rtsp://192.0.2.10/1\n", "without spaces and line breaks"),
    ],
)
def test_an_address_that_the_reader_would_take_for_another_is_said_to_whoever_wrote_it(url: str, right: str) -> None:
    said = find_address_mistake(url)

    assert said is not None
    assert right in said
    assert not {"pa", "ss", "12#34"} & set(said.replace(" ", ":").split(":"))


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://192.0.2.10",
        "rtsp://admin:pa%23ss@192.0.2.10:554/Streaming/Channels/102?transportmode=unicast",
        "rtsp://admin:p@ss@192.0.2.10/1",
        "rtsps://[2001:db8::10]:322/1#x",
        "rtsp://cam-gym.lan/user=admin&password=@1",
        "rtsp://摄像头.lan:8554/1",
    ],
)
def test_an_address_that_a_camera_can_have_has_no_mistake(url: str) -> None:
    assert find_address_mistake(url) is None
