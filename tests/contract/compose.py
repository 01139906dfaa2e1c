"""Dockerfile and docker-compose.yml, parsed for the tests that hold them to the tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = "${ANLING_REGISTRY:-docker.io}/"
SOMEBODY = "10001:10001"
OWN_IMAGE = "anling:0.1.0"


class Secret(BaseModel):
    source: str
    uid: str
    gid: str
    mode: str


class Service(BaseModel):
    """One service, with what the tests look at."""

    model_config = ConfigDict(extra="allow")

    image: str
    build: dict[str, object] | None = None
    command: list[str] = []
    environment: dict[str, str] = {}
    secrets: list[Secret] = []
    volumes: list[str] = []
    networks: list[str] = []
    ports: list[str] = []
    network_mode: str | None = None
    user: str | None = None
    restart: str | None = None
    cap_drop: list[str] = []
    security_opt: list[str] = []
    depends_on: dict[str, dict[str, str]] | list[str] = []
    healthcheck: dict[str, object] | None = None

    @property
    def mounts(self) -> dict[str, str]:
        """Where each volume or file is mounted: place to source."""
        return {volume.split(":")[1]: volume.split(":")[0] for volume in self.volumes}


class Compose(BaseModel):
    services: dict[str, Service]
    networks: dict[str, dict[str, object]]
    volumes: dict[str, dict[str, object]]
    secrets: dict[str, dict[str, str]]
    name: str = Field(min_length=1)


TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE = Compose.model_validate(yaml.safe_load(TEXT))
SERVICES = COMPOSE.services
HUB = ("alarm-path", "telemetry", "pages", "media")
OURS = {name: service for name, service in SERVICES.items() if service.build is not None}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line of a Dockerfile, its continuations joined."""

    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        return self.rest.split()


def stages() -> list[list[Instruction]]:
    """The instructions of each stage of the Dockerfile, its FROM first."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    found: list[list[Instruction]] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(word, rest.strip()))
    return found


def all_instructions(word: str) -> list[Instruction]:
    return [instruction for stage in stages() for instruction in stage if instruction.word == word]


def interpolated() -> dict[str, str]:
    """Each ${VARIABLE} of the file, with what follows its name: `:-default`, `:?why` or nothing."""
    return dict(re.findall(r"\$\{([A-Z_]+)([^}]*)\}", TEXT))
