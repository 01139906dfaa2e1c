"""What the demo starts beside the hub: cameras, the centre's devices and people, the organisation's phones."""

import ssl
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from hub.embedded import environment, importing, ports, secret_files
from hub.embedded.supervised import Child
from hub.kit.ids import OrganisationId
from hub.settings import Settings

SIMULATORS = Path(__file__).parents[2] / "simulators"
CENTRE_FILE = SIMULATORS / "centre.yaml"
RULES = SIMULATORS / "rules"
_ORGANISATION = OrganisationId("longyuan")
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Simulation:
    """Where the parts of the simulated centre listen this time; all on this machine, the phones also for its pages."""

    rtsp_port: int
    rtsp_control_port: int
    phones_port: int
    smtp_port: int
    control_port: int
    host: str = "localhost"

    @property
    def cameras(self) -> str:
        """The address before each camera's path."""
        return f"rtsp://{_LOOPBACK}:{self.rtsp_port}"

    @property
    def camera_control(self) -> str:
        """Where cameras are broken and filled with people."""
        return f"http://{_LOOPBACK}:{self.rtsp_control_port}"

    @property
    def hooks(self) -> str:
        """Where the hub sends what the organisation's people must know."""
        return f"http://{_LOOPBACK}:{self.phones_port}"

    @property
    def phones(self) -> str:
        """The page of the organisation's phones, as a browser reaches it."""
        return f"http://{self.host}:{self.phones_port}"

    @property
    def control(self) -> str:
        """Where the stage presses, heats, covers and cuts."""
        return f"http://{_LOOPBACK}:{self.control_port}"


def take_ports(host: str = "localhost") -> Simulation:
    """Free ports near the usual ones, the same at every start unless somebody else has taken one. Raises PortTaken."""
    return Simulation(
        rtsp_port=_take_loopback_port(8554),
        rtsp_control_port=_take_loopback_port(8654),
        phones_port=_take_loopback_port(8090),
        smtp_port=_take_loopback_port(8025),
        control_port=_take_loopback_port(8190),
        host=host,
    )


def _take_loopback_port(port: int) -> int:
    return ports.take_port_near(_LOOPBACK, port, "a port of the simulated centre")


async def import_centre(url: str, data_dir: Path, simulation: Simulation, now: datetime) -> None:
    """Bring the demo's centre into the database, with where its cameras and phones are this time; keeps everything."""
    addresses = {"rtsp": simulation.cameras, "phones": simulation.hooks}
    text = CENTRE_FILE.read_text("utf-8")
    imported = await importing.import_demo(url, data_dir, text, addresses, now)
    for account_id, token in imported.invitations.items():
        secret_files.write_secret(secret_files.folder_of(data_dir) / "demo-invitation", f"{account_id} {token}\n")


def driven_by(settings: Settings, simulation: Simulation) -> Settings:
    """The settings of a hub in this simulated centre."""
    mailserver = f"smtp://{_LOOPBACK}:{simulation.smtp_port}?from={quote('hub@anling.example')}"
    return settings.model_copy(
        update={
            "stage_url": simulation.control,
            "organisation_url": simulation.phones,
            "smtp_url": SecretStr(mailserver),
            "rules_dir": RULES,
        }
    )


def children_before_hub(settings: Settings, hub_urls: tuple[str, ...], simulation: Simulation) -> tuple[Child, ...]:
    """The cameras and the phones: what the hub reaches out to. `hub_urls`: its own first, then others of the same."""
    phones = (
        *("simulators.organisation", "--centre", str(CENTRE_FILE)),
        *("--secret-file", str(secret_files.webhook_file(settings.data_dir, _ORGANISATION)), "--hub", hub_urls[0]),
        *("--http-port", str(simulation.phones_port), "--smtp-port", str(simulation.smtp_port)),
        *(word for url in hub_urls for word in ("--framed-by", url)),
        *("--framed-by", hub_urls[-1].replace("localhost", _LOOPBACK)),
    )
    cameras = (
        *("simulators.rtsp", "--centre", str(CENTRE_FILE)),
        *("--port", str(simulation.rtsp_port), "--control-port", str(simulation.rtsp_control_port)),
    )
    return (
        _simulator_child(settings, "cameras", cameras, f"{simulation.camera_control}/cameras"),
        _simulator_child(settings, "phones", phones, f"{simulation.hooks}/phones"),
    )


def children_after_hub(
    settings: Settings, mqtt_url: str, mqtt_version: str, simulation: Simulation
) -> tuple[Child, ...]:
    """The centre itself: its devices, and the people who press, walk and open doors."""
    centre = (
        *("simulators.centre", "--centre", str(CENTRE_FILE)),
        *(
            "--credentials",
            str(secret_files.devices_file(settings.data_dir)),
            "--data-dir",
            str(settings.data_dir / "devices"),
        ),
        *("--hub", mqtt_url, "--mqtt", mqtt_version),
        *("--control-port", str(simulation.control_port)),
        *("--rtsp", simulation.cameras, "--cameras-control", simulation.camera_control),
        *("--scenario", str(SIMULATORS / "scenarios" / "first_minutes.yaml")),
    )
    return (_simulator_child(settings, "centre", centre, f"{simulation.control}/state"),)


_TRUSTS_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For questions over plain HTTP, asked ten times a second: else httpx reads all certificates of the system for each."""


def _simulator_child(settings: Settings, name: str, module: tuple[str, ...], ready_url: str) -> Child:
    async def answers() -> bool:
        try:
            async with httpx.AsyncClient(verify=_TRUSTS_NOBODY, timeout=2.0, trust_env=False) as client:
                return (await client.get(ready_url)).is_success
        except httpx.TransportError:
            return False

    told = environment.simulator_environment(settings)
    return Child(name, (sys.executable, "-P", "-m", *module), environment=told, ready=answers)
