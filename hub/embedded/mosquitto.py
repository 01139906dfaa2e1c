"""How does a Mosquitto serve this installation's devices? Its files come from the fleet's rows and stay in step."""

import asyncio
import logging
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import psycopg

from hub.embedded import ports, secret_files
from hub.embedded.supervised import Child
from hub.fleet.accounts import list_broker_accounts
from hub.kit.changes import Changes
from hub.kit.db import Database
from hub.mqtt import mosquitto
from hub.mqtt.mosquitto import HubListener, Listening, MosquittoAccount
from hub.settings import BrokerChoice, Settings

log = logging.getLogger(__name__)

HUB_USERNAME: Final = "anling.hub"
"""No device can have this name: ids have no dot."""
INSTALL: Final = "sudo apt install mosquitto (macOS: brew install mosquitto)"
_OLDEST: Final = 2
_GATHER_SECONDS: Final = 0.2
_TRY_AGAIN_SECONDS: Final = 2.0


class NoMosquitto(Exception):
    """There is none that can be started; the message says how to install it."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where the files of a Mosquitto are, and what they are to say."""

    folder: Path
    listening: Listening
    hub: MosquittoAccount


def find_program(elsewhere: Sequence[str] = ("/usr/local/sbin", "/usr/sbin", "/opt/homebrew/sbin")) -> Path:
    """The Mosquitto of this machine, on the PATH or `elsewhere`. Raises NoMosquitto."""
    program = shutil.which("mosquitto", path=os.pathsep.join((os.environ.get("PATH", os.defpath), *elsewhere)))
    if program is None:
        raise NoMosquitto(
            f"Mosquitto is not installed: {INSTALL}, or leave --broker out: the hub has a broker built in"
        )
    # `-h` ends with 3 in some versions; the first line names the version all the same.
    said = subprocess.run([program, "-h"], capture_output=True, text=True, timeout=10, check=False).stdout
    version = re.search(r"mosquitto version (\d+)\.", said)
    if version is None or int(version[1]) < _OLDEST:
        raise NoMosquitto(f"{program} is older than Mosquitto {_OLDEST}.0: {INSTALL}")
    return Path(program)


def files_of(data_dir: Path, host: str, port: int) -> Files:
    """The files of the Mosquitto that is started beside the hub: devices at `port`, the hub at a free one of its own.

    Raises PortTaken when none is free.
    """
    hub_port = ports.take_port_near("127.0.0.1", port + 1, "the hub's own port at Mosquitto")
    listening = Listening(host, port, run_as="root", hub_listener=HubListener("127.0.0.1", hub_port))
    return Files(data_dir / "broker", listening, hub_account(data_dir, None))


def hub_account(data_dir: Path, url: str | None) -> MosquittoAccount:
    """The hub's own account: the one in the broker's `url`; without one, a password of its own, made when missing."""
    parts = urlsplit(url or "")
    if parts.username and parts.password:
        return mosquitto.hub_account(unquote(parts.username), unquote(parts.password))
    file = password_file(data_dir)
    if not file.exists():
        secret_files.write_secret(file, f"{secrets.token_hex(20)}\n")
    return mosquitto.hub_account(HUB_USERNAME, file.read_text("ascii").strip())


def password_file(data_dir: Path) -> Path:
    """Where the hub's own password is kept."""
    return secret_files.folder_of(data_dir) / "broker-hub"


def found_by(settings: Settings, files: Files) -> Settings:
    """The settings of a hub that finds this Mosquitto."""
    listener = files.listening.hub_listener
    assert listener is not None
    url = f"mqtt://{HUB_USERNAME}@{listener.host}:{listener.port}"
    return settings.model_copy(
        update={
            "broker": BrokerChoice.BUILT_IN,
            "mqtt_url": url,
            "mqtt_password_file": password_file(settings.data_dir),
        }
    )


def child_of(program: Path, files: Files) -> Child:
    """Mosquitto as a child of the supervisor. When root starts it, it runs without root's powers, as postgres does."""
    listening = files.listening

    async def listens() -> bool:
        hub = listening.hub_listener is None or await _is_listening(
            listening.hub_listener.host, listening.hub_listener.port
        )
        return hub and await _is_listening(listening.host, listening.port)

    return Child(
        "mosquitto",
        (str(program), "-c", str(files.folder / "mosquitto.conf")),
        ready=listens,
        ready_within=20.0,
        unprivileged=True,
    )


async def write_files(url: str, data_dir: Path, files: Files) -> None:
    """Write configuration, passwords and ACL from the rows as they are now.

    Raises psycopg.OperationalError when the database does not answer.
    """
    async with Database.open(url, size=1, name="anling broker files") as database:
        wanted = await _load_accounts(database, data_dir, files)
    await asyncio.to_thread(mosquitto.write_broker_files, files.folder, files.listening, wanted)


async def sync_files(url: str, data_dir: Path, files: Files, reload: Callable[[], None]) -> None:
    """Write the files again whenever a device is added, changed or disabled, then `reload`; until cancelled.

    Raises psycopg.OperationalError when the database does not answer at the beginning; later it is waited for.
    """
    changes = Changes(url)
    written: tuple[MosquittoAccount, ...] | None = None
    async with (
        Database.open(url, size=1, name="anling broker files") as database,
        asyncio.TaskGroup() as tasks,
    ):
        with changes.subscribe("device") as changed:
            tasks.create_task(changes.run())
            async for _ in changed:
                await asyncio.sleep(_GATHER_SECONDS)  # an import changes many devices at once
                changed.waiting()
                wanted = await _load_accounts_with_retry(database, data_dir, files)
                if wanted != written:
                    await asyncio.to_thread(mosquitto.write_broker_files, files.folder, files.listening, wanted)
                    reload()
                    written = wanted


async def _load_accounts_with_retry(database: Database, data_dir: Path, files: Files) -> tuple[MosquittoAccount, ...]:
    while True:
        try:
            return await _load_accounts(database, data_dir, files)
        except psycopg.OperationalError as error:
            log.warning("the broker's files wait for the database: %s", type(error).__name__)
            await asyncio.sleep(_TRY_AGAIN_SECONDS)


async def _load_accounts(database: Database, data_dir: Path, files: Files) -> tuple[MosquittoAccount, ...]:
    passwords = await asyncio.to_thread(secret_files.device_passwords, data_dir)
    async with database.transaction() as conn:
        devices = await list_broker_accounts(conn, passwords)
    return (files.hub, *devices)


async def _is_listening(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(ports.reached_at(host), port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
