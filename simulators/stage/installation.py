"""What does a start of the demo have beside the hub? Cameras, devices and people, the organisation's phones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from extension.simulation import (
    SimulatedCentre,
    SimulatedProgram,
    SimulatedPrograms,
    Simulation,
    StartedHub,
    TakePort,
)
from simulators.stage.centre_file import write_centre_file

SIMULATORS: Final = Path(__file__).parents[1]
CENTRE_FILE: Final = SIMULATORS / "centre.yaml"
RULES: Final = SIMULATORS / "rules"
PASSWORD: Final = "anling-demo"  # noqa: S105 - printed on the demo's own pages
"""The password of every account of the demo; these accounts refuse to work outside it."""
_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class StagePorts:
    """Where the parts of the simulated centre listen this time; all on this machine."""

    cameras: int
    camera_control: int
    phones: int
    smtp: int
    control: int

    @property
    def rtsp_url(self) -> str:
        """The address before each camera's path."""
        return f"rtsp://{_LOOPBACK}:{self.cameras}"

    @property
    def camera_control_url(self) -> str:
        """Where cameras are broken and filled with people."""
        return f"http://{_LOOPBACK}:{self.camera_control}"

    @property
    def hooks_url(self) -> str:
        """Where the hub sends what the organisation's people must know."""
        return f"http://{_LOOPBACK}:{self.phones}"

    @property
    def phones_url(self) -> str:
        """The page of the organisation's phones, as a browser reaches it."""
        return f"http://localhost:{self.phones}"

    @property
    def control_url(self) -> str:
        """Where the stage presses, heats, covers and cuts."""
        return f"http://{_LOOPBACK}:{self.control}"


def place_centre(take_port: TakePort) -> SimulatedCentre:
    """The simulated centre on free ports near the usual ones, the same at every start unless somebody has taken one."""
    ports = StagePorts(
        cameras=take_port(8554),
        camera_control=take_port(8654),
        phones=take_port(8090),
        smtp=take_port(8025),
        control=take_port(8190),
    )
    written = write_centre_file(CENTRE_FILE, {"rtsp": ports.rtsp_url, "phones": ports.hooks_url})
    return SimulatedCentre(
        organisation=written.organisation,
        centre_file=written.text,
        password=PASSWORD,
        invited=written.daughter,
        smtp_url=f"smtp://{_LOOPBACK}:{ports.smtp}?from={quote('hub@anling.example')}",
        webhook_hosts=(f"{_LOOPBACK}:{ports.phones}",),
        rules_dir=RULES,
        urls=(ports.control_url, ports.phones_url),
        addresses=(("the organisation's phones", ports.phones_url),),
        programs=lambda hub: SimulatedPrograms(
            (_describe_cameras(ports), _describe_phones(ports, hub)), (_describe_centre(ports, hub),)
        ),
    )


def _describe_cameras(ports: StagePorts) -> SimulatedProgram:
    arguments = (
        *("simulators.rtsp", "--centre", str(CENTRE_FILE)),
        *("--port", str(ports.cameras), "--control-port", str(ports.camera_control)),
    )
    return SimulatedProgram("cameras", arguments, f"{ports.camera_control_url}/cameras")


def _describe_phones(ports: StagePorts, hub: StartedHub) -> SimulatedProgram:
    framed_by = (*hub.urls, hub.urls[-1].replace("localhost", _LOOPBACK))
    arguments = (
        *("simulators.organisation", "--centre", str(CENTRE_FILE)),
        *("--secret-file", str(hub.webhook_secret), "--hub", hub.urls[0]),
        *("--http-port", str(ports.phones), "--smtp-port", str(ports.smtp)),
        *(word for url in framed_by for word in ("--framed-by", url)),
    )
    return SimulatedProgram("phones", arguments, f"{ports.hooks_url}/phones")


def _describe_centre(ports: StagePorts, hub: StartedHub) -> SimulatedProgram:
    """The centre itself: its devices, and the people who press, walk and open doors."""
    arguments = (
        *("simulators.centre", "--centre", str(CENTRE_FILE)),
        *("--credentials", str(hub.device_passwords), "--data-dir", str(hub.data_dir / "devices")),
        *("--hub", hub.mqtt_url, "--mqtt", hub.mqtt_version),
        *("--control-port", str(ports.control)),
        *("--rtsp", ports.rtsp_url, "--cameras-control", ports.camera_control_url),
        *("--scenario", str(SIMULATORS / "scenarios" / "first_minutes.yaml")),
    )
    return SimulatedProgram("centre", arguments, f"{ports.control_url}/state")


DEMO: Final = Simulation(
    summary="Run a whole simulated centre on this machine, with a stage to drive it.",
    # A folder of its own, so that whoever has tried the demo can begin for real, and the other way round.
    data_dir=Path(".anling-demo"),
    pages=(("the stage", "/demo"),),
    import_step="forty seniors and their centre",
    steps={
        "cameras": "six simulated cameras",
        "phones": "the organisation's phones",
        "centre": "the simulated centre: its devices, and a day in it",
    },
    place=place_centre,
)
