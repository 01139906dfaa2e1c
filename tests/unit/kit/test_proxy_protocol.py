"""What is a PROXY header, and what is none?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kit.proxy_protocol import (
    LOCAL_HEADER,
    MAX_HEADER_BYTES,
    SIGNATURE,
    BadProxyHeader,
    ProxyHeader,
    ProxyHeaderReader,
    bytes_of_header_missing,
    is_in,
    read_networks,
    read_proxy_header,
)
from tests.fakes.proxy import proxy_header

ADDRESSES = st.ip_addresses().map(str)


def header(command: int, family: int, said: bytes, length: int | None = None) -> bytes:
    return SIGNATURE + bytes([command, family]) + (len(said) if length is None else length).to_bytes(2, "big") + said


@pytest.mark.parametrize(
    ("received", "address"),
    [
        (proxy_header("203.0.113.7"), "203.0.113.7"),
        (proxy_header("2001:db8::7"), "2001:db8::7"),
        (proxy_header("203.0.113.7", behind=b"\x04\x00\x02ab"), "203.0.113.7"),
        (header(0x21, 0x21, bytes(10) + b"\xff\xff" + bytes([10, 0, 0, 9]) + bytes(20)), "10.0.0.9"),
        (LOCAL_HEADER, None),
        (header(0x20, 0x11, bytes(12)), None),
        (header(0x21, 0x00, b""), None),
        (header(0x21, 0x31, bytes(216)), None),
    ],
)
def test_a_header_says_whose_connection_it_is(received: bytes, address: str | None) -> None:
    assert read_proxy_header(received + b"\x10 and what follows") == ProxyHeader(address, len(received))


@pytest.mark.parametrize(
    "received",
    [
        b"\x10",
        b"GET / HTTP/1.1\r\n",
        b"PROXY TCP4 203.0.113.7 10.0.0.1 1 2\r\n",
        SIGNATURE[:11] + b"\r",
        header(0x11, 0x11, bytes(12)),
        header(0x22, 0x11, bytes(12)),
        header(0x31, 0x11, bytes(12)),
        header(0x21, 0x12, bytes(12)),
        header(0x21, 0x22, bytes(36)),
        header(0x21, 0x41, bytes(12)),
        header(0x21, 0x11, bytes(11)),
        header(0x21, 0x21, bytes(35)),
        header(0x21, 0x31, bytes(215)),
        header(0x21, 0x11, b"", length=0xFFFF),
        header(0x20, 0x00, b"", length=MAX_HEADER_BYTES),
    ],
)
def test_what_is_no_header_is_refused_without_waiting_for_more(received: bytes) -> None:
    with pytest.raises(BadProxyHeader):
        read_proxy_header(received)


@given(ADDRESSES, st.binary(max_size=64), st.binary(max_size=64))
def test_until_a_header_is_whole_nothing_is_said(address: str, behind: bytes, follows: bytes) -> None:
    whole = proxy_header(address, behind=behind)

    assert all(read_proxy_header(whole[:end]) is None for end in range(len(whole)))
    found = read_proxy_header(whole + follows)
    assert found is not None
    assert found.size == len(whole)


@given(ADDRESSES, st.binary(max_size=200), st.lists(st.integers(1, 40), max_size=20))
def test_in_whatever_pieces_it_comes_the_same_is_read(address: str, follows: bytes, sizes: list[int]) -> None:
    rest, reader, read = proxy_header(address) + follows, ProxyHeaderReader(), None
    for size in [*sizes, len(rest)]:
        piece, rest = rest[:size], rest[size:]
        read = reader.add(piece) if read is None else (read[0], read[1] + piece)

    assert read is not None
    assert read[1] == follows


@given(ADDRESSES, st.binary(max_size=40))
def test_who_reads_as_much_as_is_missing_reads_nothing_of_the_client(address: str, follows: bytes) -> None:
    stream, received = proxy_header(address) + follows, b""
    while (found := read_proxy_header(received)) is None:
        received = stream[: len(received) + bytes_of_header_missing(received)]

    assert received == stream[: found.size]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_header_none_yet_or_refused(received: bytes) -> None:
    for start in (b"", SIGNATURE, SIGNATURE + b"\x21\x11"):
        try:
            found = read_proxy_header(start + received)
        except BadProxyHeader:
            continue
        assert found is None or found.size <= len(start + received)


def test_the_trusted_end_is_known_by_its_address() -> None:
    networks = read_networks("10.0.0.2, fd00::/8,192.0.2.0/24")

    assert [is_in(one, networks) for one in ("10.0.0.2", "::ffff:10.0.0.2", "fd00::1%eth0", "192.0.2.200")] == [
        True
    ] * 4
    assert [is_in(one, networks) for one in ("10.0.0.3", "fe00::1", "", "/run/a.sock")] == [False] * 4
