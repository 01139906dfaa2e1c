"""Which arguments does a device program take: who it is, and where its hub is?"""

import argparse
import asyncio
import os
import secrets
import signal
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from devices.contract.times import DeviceClock, clock_of
from devices.contract.topics import is_id
from devices.link import BrokerEndpoint, Identity


class WrongArguments(Exception):
    """One line: which argument, its value, what it should be."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What one device program was given."""

    broker: BrokerEndpoint
    identity: Identity
    data_dir: Path
    clock: DeviceClock

    @property
    def outbox_path(self) -> Path:
        """Where this device keeps what the hub has not answered."""
        return self.data_dir / f"{self.identity.device}.outbox"


def boot_id() -> str:
    """The 16 random hexadecimal characters with which the ids of this boot begin."""
    return secrets.token_hex(8)


def build_parser(name: str, description: str) -> argparse.ArgumentParser:
    """The arguments that all devices share."""
    arguments = argparse.ArgumentParser(prog=f"python -m {name}", description=description)
    environment = os.environ.get
    arguments.add_argument(
        "--hub", default=environment("ANLING_MQTT_URL", "mqtt://127.0.0.1:1883"), help="mqtt://HOST:PORT"
    )
    arguments.add_argument("--mqtt", choices=["3.1.1", "5"], default="3.1.1", help="the version of MQTT")
    arguments.add_argument("--centre", default=environment("ANLING_CENTRE"), help="the centre's id")
    arguments.add_argument("--device", default=environment("ANLING_DEVICE"), help="this device's id, its user name")
    arguments.add_argument(
        "--password-file",
        type=Path,
        default=environment("ANLING_DEVICE_PASSWORD_FILE"),
        help="a file of mode 0600; or ANLING_DEVICE_PASSWORD in the environment",
    )
    arguments.add_argument("--data-dir", type=Path, default=Path(environment("ANLING_DEVICE_DIR", ".")))
    return arguments


def read_installation(arguments: argparse.Namespace) -> Installation:
    """Check what was given. Raises WrongArguments."""
    for name in ("centre", "device"):
        if not is_id(getattr(arguments, name) or ""):
            raise WrongArguments(f"--{name} {getattr(arguments, name)!r}: should be 1 to 32 of a-z, 0-9 and -")
    identity = Identity(arguments.centre, arguments.device, _read_password(arguments.password_file))
    try:
        arguments.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WrongArguments(f"--data-dir {str(arguments.data_dir)!r}: {error.strerror}") from error
    return Installation(parse_broker_url(arguments.hub, arguments.mqtt), identity, arguments.data_dir, clock_of())


def parse_broker_url(url: str, version: str = "3.1.1") -> BrokerEndpoint:
    """The broker that an address names. Raises WrongArguments."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme != "mqtt" or not parts.hostname or port == 0:
        raise WrongArguments(f"--hub {url!r}: should be mqtt://HOST:PORT")
    return BrokerEndpoint(parts.hostname, port or 1883, "5" if version == "5" else "3.1.1")


def read_secret(path: Path) -> str:
    """What a secret file holds. Raises WrongArguments when it cannot be read, or can be read by others."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise WrongArguments(f"{path} can be read by others: chmod 600 {path}")
        return path.read_text().strip()
    except OSError as error:
        raise WrongArguments(f"{path}: {error.strerror}") from error


async def read_input_lines() -> AsyncIterator[str]:
    """What is typed at the device, or comes from a pipe or a file, line by line; when that ends, one line says so."""
    read = await _line_reader()
    while line := await read():
        yield line.decode(errors="replace").strip()
    sys.stderr.write("nothing more can be typed here: standard input has ended\n")


async def _line_reader() -> Callable[[], Awaitable[bytes]]:
    """Reads the next line of standard input; nothing when there is none any more."""
    stdin: TextIO | None = sys.stdin  # None in a process that was started without
    if stdin is None:
        return _read_nothing
    mode = os.fstat(stdin.fileno()).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stdin.isatty()):
        # asyncio waits for no file and not for /dev/null, and neither keeps a thread waiting.
        return partial(asyncio.to_thread, stdin.buffer.readline)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), stdin)
    return lines.readline


async def _read_nothing() -> bytes:
    return b""


def _read_password(path: Path | None) -> str | None:
    return read_secret(Path(path)) if path is not None else os.environ.get("ANLING_DEVICE_PASSWORD")


def run_device(
    arguments: argparse.ArgumentParser, start: Callable[[argparse.Namespace, Installation], Coroutine[None, None, None]]
) -> None:
    """Run a device until SIGINT or SIGTERM; wrong arguments end it with one line."""
    given = arguments.parse_args()
    try:
        asyncio.run(_run_until_signal(start(given, read_installation(given))))
    except WrongArguments as wrong:
        sys.exit(str(wrong))


async def _run_until_signal(device: Coroutine[None, None, None]) -> None:
    running = asyncio.current_task()
    assert running is not None, "asyncio.run made it"
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    with suppress(asyncio.CancelledError):
        await device
