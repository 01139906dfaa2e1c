"""Where a webhook may go, and in how many ways an address can be written where it may not."""

import pytest

from hub.kit.named_hosts import NamedHost, parse_named_host, read_named_hosts
from hub.notifications.destinations import Forbidden, Outbound

HERE = Outbound(named=(NamedHost("127.0.0.1", 8090), NamedHost("phones.lan")), own_ports=frozenset({8080, 1883}))


def refusal_of(host: str, port: int, address: str) -> str:
    """The code with which a connection is refused; empty when it may be opened."""
    try:
        HERE.check_address(host, port, address, own=())
    except Forbidden as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("169.254.169.254", "169.254.0.9", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "fe80::1", "fe80::1%eth0"),
        *("64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
        *("0.0.0.0", "0.1.2.3", "::", "255.255.255.255", "224.0.0.1", "ff02::1", "::ffff:0.0.0.0"),
    ],
)
def test_nothing_goes_to_this_machine_its_link_or_its_clouds_metadata(address: str) -> None:
    assert refusal_of("hooks.example", 443, address) == "forbidden-address"


@pytest.mark.parametrize("address", ["8.8.8.8", "192.168.1.9", "10.1.2.3", "2001:db8::1", "fd12::1", "::ffff:8.8.8.8"])
def test_other_addresses_are_reached(address: str) -> None:
    assert refusal_of("hooks.example", 443, address) == ""


def test_this_machine_is_reached_only_under_the_name_and_port_that_a_setting_has() -> None:
    HERE.check_address("127.0.0.1", 8090, "127.0.0.1", own={"127.0.0.1"})
    HERE.check_address("phones.lan", 9, "127.0.0.1", own={"127.0.0.1"})
    for host, port in (("127.0.0.1", 8091), ("localhost", 8090)):
        with pytest.raises(Forbidden, match="forbidden-address"):
            HERE.check_address(host, port, "127.0.0.1", own={"127.0.0.1"})


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.20", "::ffff:127.0.0.1"])
def test_the_hubs_own_doors_are_never_reached_even_under_a_named_host(address: str) -> None:
    with pytest.raises(Forbidden, match="own-port"):
        HERE.check_address("phones.lan", 1883, address, own={address})
    HERE.check_address("phones.lan", 1883, "192.168.1.21", own=())


def test_a_named_host_on_the_link_is_refused_all_the_same() -> None:
    with pytest.raises(Forbidden):
        Outbound(named=(NamedHost("169.254.169.254"),)).check_address("169.254.169.254", 80, "169.254.169.254", own=())


def test_plain_http_is_for_named_hosts() -> None:
    HERE.check_url("https", "hooks.example", 443)
    HERE.check_url("http", "Phones.LAN.", 80)
    for host, port in (("hooks.example", 80), ("127.0.0.1", 80), ("phones.lan.example", 80)):
        with pytest.raises(Forbidden, match="not-https"):
            HERE.check_url("http", host, port)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("192.168.1.9:8090", NamedHost("192.168.1.9", 8090)),
        ("phones.example.lan", NamedHost("phones.example.lan")),
        ("[::1]:8090", NamedHost("::1", 8090)),
        ("::1", NamedHost("::1")),
        (" Phones.LAN. ", NamedHost("phones.lan")),
    ],
)
def test_a_host_is_read_with_or_without_a_port(text: str, named: NamedHost) -> None:
    assert parse_named_host(text) == named


@pytest.mark.parametrize(
    "text", ["http://phones.lan", "phones.lan:0", "phones.lan:x", "*", "user@host", ":80", "a:70000"]
)
def test_what_is_no_host_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="should be hosts with commas between them, such as"):
        read_named_hosts(text)
