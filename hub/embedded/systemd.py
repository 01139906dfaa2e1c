"""How does systemd run the hub of one machine? A unit that may do what the hub needs, and nothing else."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

UNIT: Final = "anling.service"
LEAST_PORT_FOR_ALL: Final = 1024
_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))


@dataclass(frozen=True, slots=True)
class HubService:
    """What a unit is made for: the program and what it is told, as whom it runs, and where it keeps its data.

    `environment_file` holds the ANLING_ variables, and may hold passwords. `least_port` is the lowest it listens at.
    """

    program: tuple[str, ...]
    user: str
    data_dir: Path
    environment_file: Path
    least_port: int = LEAST_PORT_FOR_ALL


class NotAUnitsValue(ValueError):
    """A path or a name that cannot stand in a unit."""


def hub_program() -> tuple[str, ...]:
    """The hub as this Python runs it, from a clone's .venv or from where a wheel was installed."""
    return (sys.executable, "-P", "-m", "hub.cli", "run")


def write_hub_unit(service: HubService) -> str:
    """The text of the unit (systemd.service(5), systemd.exec(5)). Raises NotAUnitsValue."""
    for value in (*service.program, service.user, str(service.data_dir), str(service.environment_file)):
        if not value or any(one.isspace() or one in "\"'\\%$" for one in value):
            raise NotAUnitsValue(f"{value!r} cannot stand in a unit: use a path and a name without spaces and signs")
    capability = "CAP_NET_BIND_SERVICE" if service.least_port < LEAST_PORT_FOR_ALL else ""
    return f"""\
# Written by `anling service`; docs/operation.md says how it is installed.
[Unit]
Description=Anling, the hub of an elder day-care centre
Documentation=https://www.freedesktop.org/software/systemd/man/systemd.service.html
# Neither network nor internet has to be there: devices connect when it is, and the hub finds cameras by itself.
After=network.target time-sync.target
# However often it fails, it is started again: a hub that stays down notifies nobody.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
User={service.user}
Group={service.user}
ExecStart={" ".join(service.program)}
WorkingDirectory={service.data_dir}
Environment=ANLING_DATA_DIR={service.data_dir} PYTHONUNBUFFERED=1
EnvironmentFile=-{service.environment_file}
Restart=always
RestartSec=2
# The first start makes a database; a start after a power cut lets PostgreSQL recover.
TimeoutStartSec=15min
# The supervisor stops its children in order, the database last, and kills none before its grace is over.
TimeoutStopSec=90
KillMode=mixed
# The supervisor says each 10 s that its loop turns. Children have their own pulse, which it watches.
WatchdogSec=60
OOMPolicy=continue
OOMScoreAdjust=-500
LimitNOFILE=65536
LimitCORE=0
TasksMax=2048
MemoryMax=85%
UMask=0077

# What it may see and write.
ProtectSystem=strict
ReadWritePaths={service.data_dir}
{_protect_home(service)}
PrivateTmp=yes
PrivateDevices=yes
ProtectProc=invisible
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes

# What it may do.
NoNewPrivileges=yes
CapabilityBoundingSet={capability}
AmbientCapabilities={capability}
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
# The media process has a user and a mount namespace of its own, in which database and passwords are not there.
RestrictNamespaces=user mnt
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service @mount
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def _protect_home(service: HubService) -> str:
    """Homes are hidden, unless the program or the data is in one: then they can be read, and the data written."""
    places = (Path(service.program[0]).parent, service.data_dir, Path(sys.prefix), Path(sys.base_prefix))
    is_at_home = any(place.is_relative_to(home) for place in places for home in _HOMES)
    return f"ProtectHome={'read-only' if is_at_home else 'yes'}"
