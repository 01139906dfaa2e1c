"""What does a package bring that simulates a centre, and what is it told of the hub that is started with it?

It has an entry point in the group `anling.simulations` whose name becomes a command: `./anling NAME`. No other command
starts it, however it is installed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

SIMULATIONS: Final = "anling.simulations"
"""The group of the entry points; each is a `Simulation`."""


@dataclass(frozen=True, slots=True)
class StartedHub:
    """The hub that is started with a simulated centre. `urls`: how people reach its pages, then how this machine does.

    `device_passwords` and `webhook_secret` are files that only this account can read.
    """

    data_dir: Path
    urls: tuple[str, str]
    mqtt_url: str
    mqtt_version: str
    device_passwords: Path
    webhook_secret: Path


@dataclass(frozen=True, slots=True)
class SimulatedProgram:
    """A process of a simulated centre: `python -m` with `arguments`. It is ready when `ready_url` answers."""

    name: str
    arguments: tuple[str, ...]
    ready_url: str


@dataclass(frozen=True, slots=True)
class SimulatedPrograms:
    """The processes that start with the hub, because it reaches out to them, and those that start when it is ready."""

    with_hub: tuple[SimulatedProgram, ...]
    after_hub: tuple[SimulatedProgram, ...]


@dataclass(frozen=True, slots=True)
class SimulatedCentre:
    """One start of a simulated centre, on its ports.

    `centre_file` is the text of a whole centre's file. Its staff sign in with `password`; `invited` is the account that
    gets a link which may be used again. `smtp_url`, `webhook_hosts` and `rules_dir` are settings of a hub in this
    centre. `urls` are given to the pages that the package mounts. `addresses` are shown at the terminal: what, and
    where.
    """

    organisation: str
    centre_file: str
    password: str
    invited: str
    smtp_url: str
    webhook_hosts: tuple[str, ...]
    rules_dir: Path
    urls: tuple[str, ...]
    addresses: tuple[tuple[str, str], ...]
    programs: Callable[[StartedHub], SimulatedPrograms]


TakePort: TypeAlias = Callable[[int], int]
"""Gives a free port of this machine's loopback near the one that is wanted."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a package can start beside a hub.

    `summary` explains the command. `data_dir` is the folder that it works in unless another one is set. `pages` are
    shown at the terminal as `addresses` are, with their paths. `steps` are what the terminal says while the centre is
    imported (`import_step`) and while each of the programs starts, by its name.
    """

    summary: str
    data_dir: Path
    pages: tuple[tuple[str, str], ...]
    import_step: str
    steps: Mapping[str, str]
    place: Callable[[TakePort], SimulatedCentre]
