"""What is to run, and where: what a person asked for, and what this machine made of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.embedded import lan, mosquitto, ports, simulation
from hub.embedded.lan import LOOPBACK
from hub.embedded.simulation import Simulation
from hub.kit.db import Login
from hub.settings import TELEMETRY_SOCKET, in_url
from hub.video.model import LONGEST_SOCKET_PATH


class CannotStart(Exception):
    """The machine does not give what a start needs; one line says what and what to do."""


@dataclass(frozen=True, slots=True)
class StartPlan:
    """What is to run, and where."""

    data_dir: Path
    http_host: str
    http_port: int
    mqtt_host: str
    mqtt_port: int
    https: bool
    database_url: str | None
    own_broker: bool
    media_hosts: tuple[str, ...]
    demo: bool
    clock_file: Path | None = None
    public_url: str | None = None
    lan: bool = False
    media_socket: Path | None = None
    """Where hub and media process meet; in the data folder when it is not said."""
    mosquitto: Path | None = None
    """The program that serves the devices, instead of the built-in broker."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where this start listens, and at which address the local network reaches it (None: not at all)."""

    http: int
    mqtt: int
    simulation: Simulation | None
    on_lan: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are, once the plan has met this machine."""

    data_dir: Path
    http_host: str
    http_port: int
    mqtt_host: str
    mqtt_port: int
    https: bool
    databases: Mapping[Login, str]
    """The conninfo string of each login."""
    media_hosts: tuple[str, ...]
    media_socket: Path
    simulation: Simulation | None
    own_broker: bool = True
    public_url: str | None = None
    lan: bool = False
    broker_files: mosquitto.Files | None = None
    http_fds: tuple[int, ...] = ()
    """The sockets on which the supervisor listens for the pages."""

    @property
    def url(self) -> str:
        """How people reach the pages."""
        return self.public_url or self.local_url

    @property
    def local_url(self) -> str:
        """How a browser of this machine reaches the pages."""
        return self._url_at("localhost" if self._asked_at == LOOPBACK else self._asked_at)

    @property
    def asked_url(self) -> str:
        """Where this start itself asks: the very address that is listened on, which a name may not lead to."""
        return self._url_at(self._asked_at)

    @property
    def mqtt_url(self) -> str:
        """How a program of this machine reaches the broker of ours."""
        return f"mqtt://{in_url(ports.reached_at(self.mqtt_host))}:{self.mqtt_port}"

    @property
    def _asked_at(self) -> str:
        return ports.reached_at(self.http_host)

    def _url_at(self, host: str) -> str:
        return f"{'https' if self.https else 'http'}://{in_url(host)}:{self.http_port}"


def _media_socket(plan: StartPlan) -> Path:
    return plan.media_socket or plan.data_dir.resolve() / "media.sock"


def refuse_media_socket(plan: StartPlan) -> None:
    """Before anything is made: the media process would find out after the database."""
    socket = _media_socket(plan)
    wrong = None
    longest = socket.with_name(TELEMETRY_SOCKET) if plan.own_broker else socket
    if max(len(os.fsencode(one)) for one in (socket, longest)) > LONGEST_SOCKET_PATH:
        wrong = f"a socket's path has at most {LONGEST_SOCKET_PATH} bytes: set it to a shorter one"
    elif plan.media_socket and not os.access(socket.parent, os.W_OK | os.X_OK):
        wrong = "should be in a folder that this account can write"
    if wrong:
        raise CannotStart(f"ANLING_MEDIA_SOCKET={str(socket)!r}: {wrong}")


def take_ports(plan: StartPlan) -> Ports:
    """Find the ports: in the demo others when they are taken, otherwise exactly those.

    Raises PortTaken, and NoNetwork when there is none to be reached from.
    """
    ports.begin()
    take = ports.take_near if plan.demo else ports.take
    return Ports(
        http=take(plan.http_host, plan.http_port, "ANLING_HTTP_PORT"),
        mqtt=take(plan.mqtt_host, plan.mqtt_port, "ANLING_MQTT_PORT") if plan.own_broker else plan.mqtt_port,
        simulation=simulation.take_ports() if plan.demo else None,
        on_lan=lan.chosen(plan.media_hosts) if plan.lan else None,
    )


def place_of(plan: StartPlan, taken: Ports, databases: Mapping[Login, str], http_fds: tuple[int, ...]) -> Place:
    return Place(
        data_dir=plan.data_dir.resolve(),
        http_host=plan.http_host,
        http_port=taken.http,
        mqtt_host=plan.mqtt_host,
        mqtt_port=taken.mqtt,
        https=plan.https,
        databases=databases,
        media_hosts=(taken.on_lan, LOOPBACK) if taken.on_lan else plan.media_hosts,
        media_socket=_media_socket(plan),
        simulation=taken.simulation,
        own_broker=plan.own_broker,
        public_url=f"http://{in_url(taken.on_lan)}:{taken.http}" if taken.on_lan else plan.public_url,
        lan=plan.lan,
        http_fds=http_fds,
        broker_files=mosquitto.files_of(plan.data_dir, plan.mqtt_host, taken.mqtt) if plan.mosquitto else None,
    )
