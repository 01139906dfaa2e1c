"""How is a hub started that a prover can strike? `./anling run` on a folder and ports of its own, a file imported."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

import httpx

from simulators.prove.processes import list_family, send_signal
from simulators.prove.waiting import wait_for

ProverBroker = Literal["builtin", "mosquitto"]

ROOT: Final = Path(__file__).resolve().parents[2]
LOOPBACK: Final = "127.0.0.1"
PARTS: Final = ("alarm-path", "telemetry", "pages", "media", "postgres")
"""Processes that the supervisor keeps, by the names of their pid files."""
_START_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 40.0


@dataclass(frozen=True, slots=True)
class Tree:
    """The sources that run: this tree with this Python, or a copy with a Python of its own (`prove judge`)."""

    root: Path = ROOT
    python: str = sys.executable


class HubEnded(Exception):
    """`./anling run` ended although nobody ended it; the message holds what it printed last."""


@dataclass
class ProvenHub:
    """One hub: its data folder, its settings, and its processes."""

    folder: Path
    broker: ProverBroker
    settings: Mapping[str, str]
    tree: Tree = field(default_factory=Tree)
    http_port: int = 0
    mqtt_port: int = 0
    process: subprocess.Popen[bytes] | None = None
    invitations: dict[str, str] = field(default_factory=dict)
    """The token of the link that the import printed for each new account."""

    def __post_init__(self) -> None:
        self.http_port = self.http_port or take_free_port()
        self.mqtt_port = self.mqtt_port or take_free_port()
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def data_dir(self) -> Path:
        """The hub's data folder."""
        return self.folder / "data"

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://localhost:{self.http_port}"

    @property
    def clock_file(self) -> Path:
        """`ANLING_CLOCK_FILE`: seconds passed and seconds by which the wall clock is set apart."""
        return self.folder / "clock"

    @property
    def printed(self) -> str:
        """What stands on the terminal since the last start."""
        return (self.folder / "printed").read_text("utf-8", "replace")

    def set_clock(self, passed: float, wall: float) -> None:
        """Wind every process by `passed` seconds, and set the wall clock alone by `wall` seconds."""
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(f"{passed} {wall}", "ascii")
        fresh.replace(self.clock_file)

    def start(self) -> None:
        """`./anling run`, until it says that it runs. Raises HubEnded, or NotWithin."""
        self.begin()
        wait_for(self._says_it_runs, _START_SECONDS, "the hub runs")

    def begin(self) -> None:
        """`./anling run`, without waiting for it."""
        if not self.clock_file.exists():
            self.set_clock(0, 0)
        with (self.folder / "printed").open("wb") as printed:
            self.process = subprocess.Popen(
                [self.tree.python, "-P", "-m", "hub.cli", "run", *self._broker_option()],
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                env=self.environment(),
                cwd=self.folder,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ctrl-C, and when that is not enough a kill: its children end with it."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    def kill_all(self) -> None:
        """End every process of this hub now."""
        if self.process is not None:
            send_signal(list_family(self.process.pid), signal.SIGKILL)
            self.process.wait(10)

    def import_file(self, text: str) -> None:
        """`./anling import`, and wait until devices can connect. Raises RuntimeError with what it printed."""
        file = self.folder / "centre.yaml"
        file.write_text(text, "utf-8")
        imported = self.command("import", str(file))
        if imported.returncode:
            raise RuntimeError(f"the import was refused: {imported.stderr}")
        self.invitations |= dict(re.findall(r"^ +(\S+): \S+/#i/(\S+)$", imported.stdout, re.MULTILINE))
        wait_for(self.listens, 60, "the broker listens for the devices of the imported centre")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`./anling ARGUMENTS` beside the running hub."""
        return subprocess.run(
            [self.tree.python, "-P", "-m", "hub.cli", *arguments],
            env=self.environment(),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        """What `./anling` is told: this folder, these ports, these settings, and nothing of the caller's hub."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANLING_")}
        return {
            **inherited,
            "COLUMNS": "200",  # so that an address is on one line
            "ANLING_DATA_DIR": str(self.data_dir),
            "ANLING_HTTP_PORT": str(self.http_port),
            "ANLING_MQTT_PORT": str(self.mqtt_port),
            "ANLING_CLOCK_FILE": str(self.clock_file),
            **self.settings,
        }

    def listens(self) -> bool:
        """Whether devices can connect."""
        socket.create_connection((LOOPBACK, self.mqtt_port), timeout=5).close()
        return True

    def is_ready(self) -> bool:
        """Whether `/readyz` says that the hub works."""
        return self._read_status() == httpx.codes.OK

    def answers_http(self) -> bool:
        """Whether the pages answer anything, ready or not."""
        return self._read_status() != 0

    def pid_of(self, part: str) -> int:
        """The pid of one of PARTS, `mosquitto` or `supervisor`. Raises OSError before it runs."""
        if part == "supervisor":
            assert self.process is not None
            return self.process.pid
        at = self.data_dir / "database" if part == "postgres" else self.data_dir
        kept = json.loads((at / "processes" / f"{part}.pid").read_text("utf-8"))
        return int(kept["pid"])

    def password_of(self, device_id: str) -> str:
        """The MQTT password that the import made for a device; its user name is its id."""
        kept = json.loads((self.data_dir / "secrets" / "devices.json").read_text("utf-8"))
        return str(kept[device_id])

    def database_url(self) -> str:
        """The hub's own PostgreSQL as its owner. Raises OSError while there is none."""
        folder = self.data_dir / "database"
        lines = (folder / "cluster" / "postmaster.pid").read_text("utf-8").splitlines()
        password = (folder / "superuser-password").read_text("ascii").strip()
        at = lines[4] if len(lines) > 4 and lines[4] else str(folder / "socket")
        return f"postgresql://anling:{password}@/anling?host={quote(at, safe='')}&port=5432"

    def _broker_option(self) -> tuple[str, ...]:
        return ("--broker", "mosquitto") if self.broker == "mosquitto" else ()

    def _read_status(self) -> int:
        """The status of `/readyz`; 0 without an answer."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=3, trust_env=False).status_code
        except httpx.HTTPError:
            return 0

    def _says_it_runs(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise HubEnded(f"`./anling run` ended with {self.process.returncode}:\n{self.printed[-2000:]}")
        return "Ctrl-C stops it" in self.printed


def take_free_port() -> int:
    """A port of this machine that nobody has now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
