"""What is to run, and where: what a person asked for, and what this machine made of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from extension.simulation import SimulatedCentre
from hub.embedded import lan, mosquitto, ports, simulation
from hub.embedded.lan import LOOPBACK
from hub.kit.db import Login
from hub.kit.urls import format_url_host
from hub.settings import BrokerChoice, Settings
from hub.video.model import LONGEST_SOCKET_PATH


class CannotStart(Exception):
    """The machine does not give what a start needs; one line says what and what to do."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where this start listens, and at which address the local network reaches it (None: not at all)."""

    http: int
    mqtt: int
    simulated: SimulatedCentre | None
    on_lan: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are, once the settings have met this machine: `settings` has the ports and addresses of this start.

    `databases`: the conninfo string of each login.
    """

    settings: Settings
    databases: Mapping[Login, str]
    simulated: SimulatedCentre | None
    broker_files: mosquitto.Files | None = None

    @property
    def is_broker_ours(self) -> bool:
        """Whether devices come to a broker that this start has begun."""
        return self.settings.mqtt_url is None

    @property
    def url(self) -> str:
        """How people reach the pages."""
        return self.settings.public_url or self.local_url

    @property
    def local_url(self) -> str:
        """How a browser of this machine reaches the pages."""
        return self._url_at("localhost" if self.asked_at == LOOPBACK else self.asked_at)

    @property
    def mqtt_url(self) -> str:
        """How a program of this machine reaches the broker of ours."""
        return f"mqtt://{format_url_host(ports.reached_at(self.settings.mqtt_host))}:{self.settings.mqtt_port}"

    @property
    def asked_at(self) -> str:
        """Where this start itself asks: the very address that is listened on, which a name may not lead to."""
        return ports.reached_at(self.settings.http_host)

    def _url_at(self, host: str) -> str:
        scheme = "http" if self.settings.tls_cert is None else "https"
        return f"{scheme}://{format_url_host(host)}:{self.settings.http_port}"


def refuse_media_socket(settings: Settings) -> None:
    """Before anything is made: the media process would find out after the database."""
    socket = settings.media_socket_path
    wrong = None
    longest = settings.telemetry_socket_path if settings.mqtt_url is None else socket
    if max(len(os.fsencode(one)) for one in (socket, longest)) > LONGEST_SOCKET_PATH:
        wrong = f"a socket's path has at most {LONGEST_SOCKET_PATH} bytes: set it to a shorter one"
    elif settings.media_socket and not os.access(socket.parent, os.W_OK | os.X_OK):
        wrong = "should be in a folder that this account can write"
    if wrong:
        raise CannotStart(f"ANLING_MEDIA_SOCKET={str(socket)!r}: {wrong}")


def take_ports(settings: Settings) -> Ports:
    """Find the ports: beside a simulated centre others when they are taken, otherwise exactly those.

    Raises PortTaken, and NoNetwork when there is none to be reached from.
    """
    ports.forget_given_ports()
    simulating = simulation.simulation_of(settings)
    take = ports.take_port if simulating is None else ports.take_port_near
    is_broker_ours = settings.mqtt_url is None
    return Ports(
        http=take(settings.http_host, settings.http_port, "ANLING_HTTP_PORT"),
        mqtt=take(settings.mqtt_host, settings.mqtt_port, "ANLING_MQTT_PORT") if is_broker_ours else settings.mqtt_port,
        simulated=None if simulating is None else simulation.place_centre(simulating),
        on_lan=lan.choose_address(settings.media_hosts) if settings.lan else None,
    )


def place_of(settings: Settings, taken: Ports, databases: Mapping[Login, str], http_fds: tuple[int, ...]) -> Place:
    """Where things are with these ports, and the sockets on which the supervisor listens for the pages."""
    on_lan = {
        "public_url": f"http://{format_url_host(taken.on_lan or '')}:{taken.http}",
        "media_hosts": (taken.on_lan, LOOPBACK),
    }
    met = settings.model_copy(
        update={
            "http_port": taken.http,
            "mqtt_port": taken.mqtt,
            "http_fds": http_fds,
            "media_socket": settings.media_socket_path,
            **(on_lan if taken.on_lan else {}),
        }
    )
    files = (
        mosquitto.files_of(met.data_dir, met.mqtt_host, met.mqtt_port) if met.broker is BrokerChoice.MOSQUITTO else None
    )
    return Place(met, databases, taken.simulated, files)
