"""The demo finds a port of its own; a real hub listens where it was told, or says why not."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.embedded.ports import PortTaken, forget_given_ports, is_free, reached_at, take_port, take_port_near
from tests.fakes.sockets import loopback_addresses


@contextmanager
def listening(address: str = "127.0.0.1") -> Iterator[int]:
    """A stranger's server on a port of its own."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as server:
        server.bind((address, 0))
        server.listen(1)
        yield server.getsockname()[1]


@pytest.fixture(autouse=True)
def a_start() -> None:
    forget_given_ports()


def test_a_free_port_is_taken_as_it_is(free_port: int) -> None:
    assert take_port("127.0.0.1", free_port, "ANLING_HTTP_PORT") == free_port
    forget_given_ports()
    assert take_port_near("127.0.0.1", free_port, "ANLING_HTTP_PORT") == free_port


def test_an_occupied_port_is_named_with_its_variable() -> None:
    with listening() as port, pytest.raises(PortTaken, match=f"^ANLING_HTTP_PORT={port}: something else listens"):
        take_port("127.0.0.1", port, "ANLING_HTTP_PORT")


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_not_called_an_occupied_port(host: str, free_port: int) -> None:
    for taking in (take_port, take_port_near):
        with pytest.raises(PortTaken, match=f"^ANLING_HTTP_HOST='{host}': no address of this machine"):
            taking(host, free_port, "ANLING_HTTP_PORT")


def test_a_port_that_this_account_may_not_use_is_not_called_occupied() -> None:
    question = (
        "import os; from hub.embedded.ports import take_port; os.getuid() or os.setuid(65534); "
        "take_port('127.0.0.1', 443, 'ANLING_HTTP_PORT')"
    )

    asked = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, timeout=20, check=False)

    forbidden = "ANLING_HTTP_PORT=443: this account may not use ports below 1024" in asked.stderr
    assert forbidden == _has_reserved_ports(), asked.stderr


def test_the_demo_takes_a_free_one_near_by() -> None:
    with listening() as port:
        found = take_port_near("127.0.0.1", port, "ANLING_HTTP_PORT")

        assert port < found <= port + 50
        assert is_free("127.0.0.1", found)


def test_two_parts_of_one_demo_take_different_ports(free_port: int) -> None:
    pages = take_port_near("127.0.0.1", free_port, "ANLING_HTTP_PORT")

    assert take_port_near("127.0.0.1", free_port, "ANLING_MQTT_PORT") > pages


def test_what_was_taken_as_wanted_is_given_to_no_other_part(free_port: int) -> None:
    take_port("127.0.0.1", free_port, "ANLING_HTTP_PORT")

    assert take_port_near("127.0.0.1", free_port, "the hub's own port at Mosquitto") > free_port


def test_two_demos_that_start_at_once_take_different_ports(free_port: int) -> None:
    ours = take_port_near("127.0.0.1", free_port, "ANLING_HTTP_PORT")
    near = f"take_port_near('127.0.0.1', {free_port}, 'ANLING_HTTP_PORT')"
    question = f"from hub.embedded.ports import take_port_near; print({near})"

    theirs = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, timeout=20, check=True)

    assert int(theirs.stdout) > ours
    forget_given_ports()
    assert take_port_near("127.0.0.1", free_port, "ANLING_HTTP_PORT") == ours, "our own claim does not keep us out"


def test_a_server_on_every_address_occupies_ours_too() -> None:
    with listening("0.0.0.0") as port:
        assert not is_free("127.0.0.1", port)


@pytest.mark.parametrize("address", loopback_addresses())
def test_a_server_that_localhost_would_reach_first_occupies_ours_too(address: str) -> None:
    with listening(address) as port:
        assert not is_free("127.0.0.1", port)


@pytest.mark.parametrize(
    ("listens_on", "reached"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("::1", "::1"), ("fd00::7", "fd00::7")],
)
def test_this_machine_asks_a_server_at_the_address_on_which_it_listens(listens_on: str, reached: str) -> None:
    assert reached_at(listens_on) == reached


def _has_reserved_ports() -> bool:
    setting = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
    return setting.exists() and int(setting.read_text()) > 443
