"""What does a start run beside the hub where an installed package simulates the centre?"""

import ssl
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import httpx
from pydantic import SecretStr

from extension.simulation import SIMULATIONS, SimulatedCentre, SimulatedProgram, Simulation
from hub.embedded import environment, importing, ports, secret_files
from hub.embedded.lan import LOOPBACK
from hub.embedded.supervised import Child
from hub.kit.bulkhead import Defect, call_in_bulkhead
from hub.kit.installed import list_installed, load_installed
from hub.settings import Settings

OWN_STEPS: Final = 1
"""What a start says of a simulated centre beside its programs: that it is imported."""


def load_simulations() -> dict[str, Simulation]:
    """Those that are installed, by the name of the command that starts each.

    One that raises is logged and has no command: what is installed beside a real centre's hub stops no start of it.
    """
    found: dict[str, Simulation] = {}
    for name in list_installed(SIMULATIONS):
        loaded = call_in_bulkhead(f"the simulation {name}", partial(load_installed, SIMULATIONS, Simulation, only=name))
        found |= {} if isinstance(loaded, Defect) else loaded
    return found


def simulation_of(settings: Settings) -> Simulation | None:
    """The simulation that these settings are for; None for the hub of a real centre."""
    return None if settings.simulation is None else load_simulations()[settings.simulation]


def place_centre(simulation: Simulation) -> SimulatedCentre:
    """The simulated centre, on ports of this machine that are free. Raises PortTaken."""
    return simulation.place(lambda port: ports.take_port_near(LOOPBACK, port, "a port of the simulated centre"))


async def import_centre(url: str, settings: Settings, centre: SimulatedCentre, now: datetime) -> None:
    """Bring the centre into the database, with where its cameras and phones are this time; keeps everything."""
    imported = await importing.import_simulated(url, settings.data_dir, centre, now)
    for account_id, token in imported.invitations.items():
        secret_files.write_secret(_invitation_file(settings), f"{account_id} {token}\n")


def read_invitation(settings: Settings) -> tuple[str, str]:
    """The account that is invited to this simulated centre, and the token of its link."""
    account_id, token = _invitation_file(settings).read_text("ascii").split()
    return account_id, token


def _invitation_file(settings: Settings) -> Path:
    return secret_files.folder_of(settings.data_dir) / f"{settings.simulation}-invitation"


def settings_in(settings: Settings, centre: SimulatedCentre) -> Settings:
    """The settings of a hub in this simulated centre."""
    return settings.model_copy(
        update={
            "simulation_urls": centre.urls,
            "smtp_url": SecretStr(centre.smtp_url),
            "webhook_hosts": centre.webhook_hosts,
            "rules_dir": centre.rules_dir,
        }
    )


_TRUSTS_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For questions over plain HTTP, asked ten times a second: else httpx reads all certificates of the system for each."""


def child_of(settings: Settings, program: SimulatedProgram) -> Child:
    """A program of the simulated centre as a process to keep running."""

    async def answers() -> bool:
        try:
            async with httpx.AsyncClient(verify=_TRUSTS_NOBODY, timeout=2.0, trust_env=False) as client:
                return (await client.get(program.ready_url)).is_success
        except httpx.TransportError:
            return False

    told = environment.simulator_environment(settings)
    command = (sys.executable, "-P", "-m", *program.arguments)
    return Child(program.name, command, environment=told, ready=answers)
