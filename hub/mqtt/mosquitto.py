"""How must a Mosquitto be set up so that it keeps what the hub has not read? Its configuration, passwords and ACL.

A Mosquitto with its own defaults acknowledged 2,000 presses and delivered 1,000: it drops what does not fit into a
queue of 1,000. Devices behind it should speak MQTT 5: to a 3.1.1 client it acknowledges even what the ACL forbids. A 5
client that publishes what is forbidden gets a code, and with `max_queued_messages 0` (2.0.11) its connection is closed.
"""

from __future__ import annotations

import os
import secrets
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import pbkdf2_hmac
from pathlib import Path
from typing import Final

from devices.contract.topics import Kind
from hub.mqtt.client import ALARM_FILTERS, REPORT_FILTERS, STATE_FILTERS

HUB_PUBLISHES: Final = tuple(f"anling/v1/+/{kind}/+" for kind in (Kind.ACK, Kind.CUE, Kind.CMD))
ITERATIONS: Final = 101
"""Mosquitto's own default. Enough for passwords of 128 random bits; these files are not for human passwords."""
QUEUED_BYTES: Final = 256 * 1024 * 1024
LARGEST_MESSAGE_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class MosquittoAccount:
    """One user of the broker: its password (only its hash is written) and its topics."""

    username: str
    password: str = field(repr=False)
    may_publish: tuple[str, ...]
    may_subscribe: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HubListener:
    """Where the broker listens for the hub alone.

    With a listener for the hub, devices are known by their user names at theirs, whatever client id they say: no device
    can take the hub's sessions, or another device's, by saying their client id (MQTT 5, 3.1.4-3).
    """

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the broker listens for devices, and as whom it runs when it is started by root."""

    host: str
    port: int
    run_as: str = "mosquitto"
    hub_listener: HubListener | None = None


def hub_account(username: str, password: str) -> MosquittoAccount:
    """The hub itself: it hears every device and answers every device."""
    return MosquittoAccount(username, password, HUB_PUBLISHES, (*ALARM_FILTERS, *STATE_FILTERS, *REPORT_FILTERS))


def password_entry(username: str, password: str, salt: bytes | None = None) -> str:
    """A line of a password file as `mosquitto_passwd` of Mosquitto 2 writes it: PBKDF2 with SHA-512, `$7$`."""
    salt = secrets.token_bytes(12) if salt is None else salt
    hashed = pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"{username}:$7${ITERATIONS}${b64encode(salt).decode()}${b64encode(hashed).decode()}"


def format_acl(accounts: Iterable[MosquittoAccount]) -> str:
    """Who may use which topics. What is not named is forbidden."""
    return "\n".join(_rules_of(account) for account in accounts)


def format_configuration(folder: Path, listening: Listening) -> str:
    """What `mosquitto -c` reads; the other two files and the database are in `folder`.

    `max_queued_messages 0` is no limit in messages, `max_queued_bytes` is the limit that counts; `max_inflight_messages
    0` lets the hub's own receive maximum decide. What is queued is on disk after at most 60 s.
    """
    return "\n".join(
        (
            *_format_listeners(listening),
            f"user {listening.run_as}",
            "allow_anonymous false",
            f"password_file {folder / 'passwords'}",
            f"acl_file {folder / 'acl'}",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_interval 60",
            "max_inflight_messages 0",
            "max_queued_messages 0",
            f"max_queued_bytes {QUEUED_BYTES}",
            f"message_size_limit {LARGEST_MESSAGE_BYTES}",
            "persistent_client_expiration 14d",
            "set_tcp_nodelay true",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "log_type notice",
            "",
        )
    )


def write_broker_files(folder: Path, listening: Listening, accounts: Iterable[MosquittoAccount]) -> Path:
    """Write the three files, readable by their owner alone; returns the configuration's path.

    A Mosquitto that runs reads passwords and ACL again on SIGHUP. It, too, has to run as their owner.
    """
    accounts = tuple(accounts)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    entries = [password_entry(account.username, account.password) for account in accounts]
    _replace_file(folder / "passwords", "\n".join((*entries, "")))
    _replace_file(folder / "acl", format_acl(accounts))
    return _replace_file(folder / "mosquitto.conf", format_configuration(folder, listening))


def _format_listeners(listening: Listening) -> tuple[str, ...]:
    devices = f"listener {listening.port} {listening.host}"
    if listening.hub_listener is None:
        return (devices,)
    return (
        devices,
        "use_username_as_clientid true",
        f"listener {listening.hub_listener.port} {listening.hub_listener.host}",
    )


def _rules_of(account: MosquittoAccount) -> str:
    return "\n".join(
        (
            f"user {account.username}",
            *(f"topic write {allowed}" for allowed in account.may_publish),
            *(f"topic read {allowed}" for allowed in account.may_subscribe),
            "",
        )
    )


def _replace_file(path: Path, content: str) -> Path:
    """Replace a file atomically: whoever reads meanwhile reads the old or the new one, never a half."""
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as writing:
        writing.write(content)
    unfinished.rename(path)
    return path
