"""`./anling COMMAND …` as a process of its own: what it is told, what it printed, how it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


def read_output(folder: Path) -> str:
    """What stands on the terminal of the command started in a folder; of a letter that is half written, nothing."""
    return (folder / "printed").read_bytes().decode("utf-8", errors="ignore")


def environment_of(data_dir: Path, **settings: str) -> dict[str, str]:
    """What `./anling` is told in its environment: this folder, free ports, these settings."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANLING_")},
        "COLUMNS": "200",  # so that an address is on one line
        "ANLING_DATA_DIR": str(data_dir),
        "ANLING_HTTP_PORT": str(_free_port()),
        "ANLING_MQTT_PORT": str(_free_port()),
        **settings,
    }


def start_command(folder: Path, command: tuple[str, ...], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """`./anling COMMAND …`, set up already; what it prints goes to `folder`/printed."""
    with (folder / "printed").open("wb") as printed:
        return subprocess.Popen(
            [sys.executable, "-m", "hub.cli", *command],
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )


def stop_command(process: subprocess.Popen[bytes]) -> None:
    """Ctrl-C, and when that is not enough, a kill: its children end with it."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def list_processes() -> Iterator[tuple[int, str]]:
    """Every process of this machine: its pid, and its command line with spaces between the words."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:  # it has ended
            continue
        if words:
            yield int(entry.parent.name), words.decode("utf-8", "replace").replace("\0", " ")


def works_on_folder(pid: int, data_dir: Path) -> bool:
    """Whether a process was told by its environment to work on this folder."""
    try:
        told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"ANLING_DATA_DIR=" + os.fsencode(data_dir) in told


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
