"""Does systemd hear that the supervisor is ready, lives and stops?"""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hub.embedded.service_manager import ServiceManager


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket on which somebody waits, as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(10)
        yield listening


async def test_it_hears_that_the_hub_is_ready_lives_and_stops(systemd: socket.socket) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "60000000"})

    async with manager.notified():
        assert systemd.recv(100) == b"READY=1"
    systemd.settimeout(0)

    assert manager.watchdog_seconds == 60
    assert [said for said in _everything(systemd) if said != b"WATCHDOG=1"] == [b"STOPPING=1"]


def _everything(systemd: socket.socket) -> Iterator[bytes]:
    """What has been said up to now."""
    with suppress(BlockingIOError):
        while True:
            yield systemd.recv(100)


async def test_it_hears_again_and_again_that_the_loop_turns(systemd: socket.socket) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "60000"})
    systemd.settimeout(0)

    heard: list[bytes] = []
    async with manager.notified():
        while heard.count(b"WATCHDOG=1") < 3:
            try:
                heard.append(systemd.recv(100))
            except BlockingIOError:
                await asyncio.sleep(0.01)

    assert heard[0] == b"READY=1"


@pytest.mark.parametrize(
    "environment",
    [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}],
)
async def test_without_systemd_nothing_is_said_and_nothing_fails(environment: dict[str, str]) -> None:
    assert os.getpid() != 1
    manager = ServiceManager(environment)

    async with manager.notified():
        assert manager.watchdog_seconds == 0
