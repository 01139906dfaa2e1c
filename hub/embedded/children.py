"""Which processes does a start of Anling have, beside the database, and when is each ready?"""

import asyncio
import ssl
import sys
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict
from pydantic import TypeAdapter, ValidationError

from extension.simulation import SimulatedCentre, StartedHub
from hub.embedded import environment, logins, mosquitto, secret_files, simulation
from hub.embedded.place import Place
from hub.embedded.supervised import Child
from hub.kit.db import Login
from hub.kit.ids import OrganisationId
from hub.kit.proxy_protocol import LOCAL_HEADER, is_in, read_networks

ALARM_PATH_LOGINS: Final = (Login.ALARMS,)
TELEMETRY_LOGINS: Final = (Login.TELEMETRY,)
PAGES_LOGINS: Final = (Login.PAGES_READ, Login.PAGES_WRITE)
"""Whom each process is at the database: it is told these, and no others."""
_ASKED_SECONDS: Final = 2.0
_OTHER_SERVERS: Final = frozenset({"mqtt_url", "mqtt_password_file", "smtp_url"})
"""Settings that may hold a password of somebody else's server."""
PAGES_PULSE_SECONDS: Final = 5.0
"""Pages that have not moved for so long are replaced; who knocks meanwhile waits and is answered by the new ones."""
MEDIA_PULSE_SECONDS: Final = 5.0
"""Nobody sees anything while the media process stands still, and viewers' pages ask the new one by themselves."""
PULSE_SECONDS: Final = 10.0
"""Of the other two: to kill one that is only slow would help nobody."""


@dataclass(frozen=True, slots=True)
class _Readiness:
    """What `GET /readyz` answers."""

    parts: dict[str, bool]


_READINESS = TypeAdapter(_Readiness)


def processes_of(place: Place) -> tuple[tuple[Child, ...], ...]:
    """Every process beside the database: groups that start one after the other, all of a group at once."""
    own = (_media_child(place), _alarm_path_child(place), _telemetry_child(place), _pages_child(place))
    if place.simulated is None:
        return (own,)
    programs = place.simulated.programs(_started_hub(place, place.simulated))
    return (
        (*(simulation.child_of(place.settings, one) for one in programs.with_hub), *own),
        tuple(simulation.child_of(place.settings, one) for one in programs.after_hub),
    )


def _started_hub(place: Place, simulated: SimulatedCentre) -> StartedHub:
    data_dir = place.settings.data_dir
    return StartedHub(
        data_dir=data_dir,
        urls=(place.url, place.local_url),
        mqtt_url=place.mqtt_url,
        mqtt_version="5" if place.broker_files else "3.1.1",
        device_passwords=secret_files.devices_file(data_dir),
        webhook_secret=secret_files.webhook_file(data_dir, OrganisationId(simulated.organisation)),
    )


def _media_child(place: Place) -> Child:
    arguments = ("--socket", str(place.settings.media_socket_path), "--hosts", ",".join(place.settings.media_hosts))

    async def listens() -> bool:
        return await _is_listening(place.settings.media_socket_path)

    program, told = (
        _python_program("hub.video.media", *arguments),
        {**environment.common_environment(), "PYTHONUNBUFFERED": "1"},
    )
    return Child(
        "media",
        program,
        environment=told,
        ready=listens,
        pulse_within=MEDIA_PULSE_SECONDS,
        without=_database_folders(place),
    )


def _database_folders(place: Place) -> tuple[Path, ...]:
    """The folders that lead to the database: its own, its passwords', and its socket's where that is elsewhere."""
    hosts = {str(conninfo_to_dict(conninfo).get("host", "")) for conninfo in place.databases.values()}
    sockets = (Path(host) for host in sorted(hosts) if host.startswith("/"))
    return (place.settings.data_dir / "database", place.settings.data_dir / "secrets", *sockets)


def _alarm_path_child(place: Place) -> Child:
    return Child(
        "alarm-path",
        _python_program("hub.processes.alarm_path"),
        environment=_hub_environment(place, ALARM_PATH_LOGINS, {"mqtt_url", "mqtt_password_file", "smtp_url"}),
        pulse_within=PULSE_SECONDS,
    )


def _telemetry_child(place: Place) -> Child:
    return Child(
        "telemetry",
        _python_program("hub.processes.telemetry"),
        environment=_hub_environment(place, TELEMETRY_LOGINS, {"mqtt_url", "mqtt_password_file"}),
        pulse_within=PULSE_SECONDS,
    )


def _pages_child(place: Place) -> Child:
    """Ready when every part of the hub is: they are asked through the pages."""
    return Child(
        "pages",
        _python_program("hub.processes.pages"),
        environment=_hub_environment(place, PAGES_LOGINS, http_fds=place.settings.http_fds),
        ready=partial(is_hub_ready, place),
        pulse_within=PAGES_PULSE_SECONDS,
        inherits=place.settings.http_fds,
    )


def _python_program(*module: str) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", *module)


def _hub_environment(
    place: Place, own: Collection[Login], servers: Collection[str] = (), http_fds: tuple[int, ...] = ()
) -> dict[str, str]:
    """What a process of the hub is told: the settings of this start, with its own logins and sockets alone.

    `servers`: which of the settings that may hold a password of another server it is told, because it goes there.
    """
    told = logins.told_to(place.settings, place.databases, *own).model_copy(update={"http_fds": http_fds})
    if place.simulated is not None:
        told = simulation.settings_in(told, place.simulated)
    if place.broker_files is not None:
        told = mosquitto.found_by(told, place.broker_files)
    told = told.model_copy(update=dict.fromkeys(_OTHER_SERVERS - set(servers)))
    return {**environment.hub_environment(told), "PYTHONUNBUFFERED": "1"}


async def is_hub_ready(place: Place) -> bool:
    """Whether the hub works, as far as that is ours: for a broker of somebody else's it goes on waiting by itself."""
    try:
        readiness = _READINESS.validate_json(await ask_own_pages(place, "/readyz"))
    except (OSError, EOFError, TimeoutError, ValidationError):
        return False
    return all(works for part, works in readiness.parts.items() if part != "broker" or place.is_broker_ours)


async def _is_listening(path: Path) -> bool:
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_unix_connection(path)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def ask_own_pages(place: Place, path: str) -> bytes:
    """The body that the pages of this start answer with. Raises OSError, EOFError or TimeoutError.

    Where this very machine is the trusted end of the PROXY protocol, it speaks for itself with a header of its own.
    """
    tls = None
    if place.settings.tls_cert is not None:
        # This machine asks itself: the certificate is made for the name that others use.
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    async with asyncio.timeout(_ASKED_SECONDS):
        reader, writer = await asyncio.open_connection(place.asked_at, place.settings.http_port)
        try:
            if is_in(writer.get_extra_info("sockname")[0], read_networks(place.settings.proxy_protocol or "")):
                writer.write(LOCAL_HEADER)
            if tls is not None:
                await writer.start_tls(tls)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("ascii"))
            return (await reader.read()).partition(b"\r\n\r\n")[2]
        finally:
            writer.transport.abort()
