"""What the installation decides: the `ANLING_` variables. What the centre decides is rows."""

import os
import ssl
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote, unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from hub.kit.mistakes.error_messages import suggest_name
from hub.kit.mistakes.reading import explain_variables
from hub.kit.named_hosts import read_named_hosts
from hub.kit.urls import (
    check_listening_address,
    check_networks,
    check_postgres_url,
    format_url_host,
    read_addresses,
    read_mailserver,
    read_origin,
    url_validator,
)

TELEMETRY_SOCKET: Final = "tele.sock"
"""Where built-in broker and telemetry meet, in the folder in which hub and media process do."""
PREFIX: Final = "ANLING_"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not listened on


def _split_words(value: object) -> object:
    return tuple(part for part in value.split(",") if part) if isinstance(value, str) else value


class BrokerChoice(StrEnum):
    """Who serves the devices, when no broker is named."""

    BUILT_IN = "built-in"
    MOSQUITTO = "mosquitto"


class Settings(BaseSettings):
    """Read once, by the process that starts; raises BadSettings for anything it cannot use."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, env_ignore_empty=True)

    data_dir: Path = Path(".anling")
    http_host: Annotated[str, AfterValidator(check_listening_address)] = "127.0.0.1"
    http_port: int = Field(8080, ge=1, le=65535)
    mqtt_host: Annotated[str, AfterValidator(check_listening_address)] = "127.0.0.1"
    mqtt_port: int = Field(1883, ge=1, le=65535)
    database_url: Annotated[str | None, AfterValidator(check_postgres_url)] = None
    database_password_file: Path | None = None
    broker: BrokerChoice = BrokerChoice.BUILT_IN
    mqtt_url: Annotated[str | None, url_validator("mqtt", "mqtts")] = None
    mqtt_password_file: Path | None = None
    public_url: Annotated[str | None, AfterValidator(read_origin)] = None
    proxy_hosts: Annotated[str, AfterValidator(check_networks)] = "127.0.0.1"
    """Whose word is taken for where a request came from: addresses and networks, with commas between them."""
    proxy_protocol: Annotated[str | None, AfterValidator(check_networks)] = None
    """Whose connections, to pages and broker, begin with a PROXY header (version 2): addresses and networks."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    media_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_addresses)] = ("127.0.0.1",)
    media_socket: Path | None = None
    webhook_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(read_named_hosts)] = ()
    """Hosts, with or without a port, to which webhooks go without HTTPS or on this machine."""
    smtp_url: Annotated[SecretStr | None, BeforeValidator(read_mailserver)] = None
    clock_file: Path | None = None
    spool_dir: Path | None = None
    """Where presses are kept while the database cannot commit; best on another disk than the database's."""
    rules_dir: Path | None = None
    backup_dir: Path | None = None
    """Where backups are written: a folder on another disk or of another machine."""

    # Set by whoever starts a process of ours, with the conninfo strings of its logins (hub/kit/db.py); not for people.
    alarms_database: SecretStr | None = None
    telemetry_database: SecretStr | None = None
    pages_read_database: SecretStr | None = None
    pages_write_database: SecretStr | None = None

    # Set by the command that starts a simulated centre, for the processes it starts; not for people.
    simulation: str | None = None
    """The name of a package's entry points: its centre is served and its pages are mounted, which are told the URLs."""
    simulation_urls: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_words)] = ()
    lan: bool = False

    # Set by the supervisor for the pages; not for people.
    http_fds: Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split_words)] = ()
    """Sockets that listen already, by their file descriptors; without any the pages listen themselves."""

    @property
    def is_local(self) -> bool:
        """Only this machine can reach the pages."""
        return self.http_host in _LOOPBACK

    @property
    def media_socket_path(self) -> Path:
        """Where the hub and the media process meet."""
        return self.media_socket or self.data_dir / "media.sock"

    @property
    def telemetry_socket_path(self) -> Path:
        """Where the built-in broker and telemetry meet: beside the media process."""
        return self.media_socket_path.with_name(TELEMETRY_SOCKET)

    @property
    def spool_folder(self) -> Path:
        """Where the spool is: outside the database's folder."""
        return self.spool_dir or self.data_dir / "spool"

    @property
    def kept_rules(self) -> Path:
        """The centre's own rules as they were good last."""
        return self.data_dir / "rules-in-force.json"

    @property
    def origin(self) -> str:
        """How people reach the pages: scheme, host and port."""
        if self.public_url:
            return self.public_url
        scheme = "https" if self.tls_cert else "http"
        # The name may mean 127.0.0.1 alone (a file of hosts says so), where nobody listens for IPv6.
        host = "localhost" if self.is_local and self.http_host != "::1" else format_url_host(self.http_host)
        return f"{scheme}://{host}:{self.http_port}"


class BadSettings(Exception):
    """Settings that cannot be used: one line each, with the variable, the value and what it should be."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def read_settings(**options: str | bool | BrokerChoice | None) -> Settings:
    """The settings of this process: its environment, and over it the options of a command. Raises BadSettings.

    An option that is None or False was not given.
    """
    try:
        settings = Settings.model_validate({name: value for name, value in options.items() if value})
    except ValidationError as error:
        raise BadSettings(explain_variables(error, Settings, _show_variable).lines) from error
    if problems := _find_contradictions(settings):
        raise BadSettings(problems)
    return _add_passwords(settings)


_OF_OTHERS = frozenset(
    {
        *("CENTRE", "DEVICE", "DEVICE_DIR", "DEVICE_PASSWORD", "DEVICE_PASSWORD_FILE"),
        *("CAMERA_PASSWORD", "CAMERA_USER", "RTSP_URL", "PAGES_BUILT", "REGISTRY", "BROKER_PASSWORD", "PULSE_FD"),
        *("TEST_DATABASE_URL", "TEST_TEMPLATE", "TEST_COVERAGE", "TEST_CHOSEN"),
    }
)
"""What reference devices, the build, the tests and docker-compose.yml read."""
_NOT_FOR_PEOPLE = frozenset(
    {
        *("SIMULATION", "SIMULATION_URLS", "LAN", "HTTP_FDS"),
        *("ALARMS_DATABASE", "TELEMETRY_DATABASE", "PAGES_READ_DATABASE", "PAGES_WRITE_DATABASE"),
    }
)


def find_unknown_settings(variables: Iterable[str]) -> list[str]:
    """A line for each of these variables that looks like a setting and is none, with the one that may be meant."""
    fields = {name.upper() for name in Settings.model_fields}
    given = [name for name in variables if name.upper().startswith(PREFIX)]
    lines = []
    for name in sorted(given):
        own = name.upper().removeprefix(PREFIX)
        if own not in fields | _OF_OTHERS:
            meant = suggest_name(own, fields - _NOT_FOR_PEOPLE)
            hint = f"did you mean {PREFIX}{meant}?" if meant else "README.md names all of them"
            lines.append(f"{name} is no setting of the hub and changes nothing: {hint}")
    return lines


def find_blocking_settings(settings: Settings) -> list[str]:
    """What a person who starts the hub corrects first, a line each; a simulated centre has ports and rules of its own.

    With the rules that it kept a hub still answers a press: a folder that is gone after a power cut stops no start.
    """
    problems = []
    if settings.mqtt_url is None and settings.http_port == settings.mqtt_port and _share_an_address(settings):
        problems.append(
            f"ANLING_MQTT_PORT={settings.mqtt_port}: is ANLING_HTTP_PORT, too, and pages and devices need one each: "
            "set one of them to another"
        )
    if settings.rules_dir is not None and not _can_be_listed(settings.rules_dir) and not settings.kept_rules.exists():
        problems.append(f"ANLING_RULES_DIR={str(settings.rules_dir)!r}: should be a folder that this account can read")
    return problems


def _share_an_address(settings: Settings) -> bool:
    hosts = {settings.http_host, settings.mqtt_host}
    return len(hosts) == 1 or hosts <= _LOOPBACK or bool(hosts & _EVERYWHERE)


def _can_be_listed(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)


def _add_passwords(settings: Settings) -> Settings:
    """The two URLs with the passwords that files of their own hold."""
    given = {
        "database_url": (settings.database_url, settings.database_password_file),
        "mqtt_url": (settings.mqtt_url, settings.mqtt_password_file),
    }
    whole = {name: _add_password(url, file) for name, (url, file) in given.items() if url and file}
    return settings.model_copy(update=whole)


def _add_password(url: str, file: Path) -> str:
    """The URL with the password in `file` as its user's; one that it has already is replaced."""
    parts = urlsplit(url)
    user = quote(unquote(parts.username or ""), safe="")
    password = quote(file.read_text("utf-8").strip(), safe="")
    return parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()


def _is_text(file: Path) -> bool:
    try:
        file.read_text("utf-8")
    except ValueError:
        return False
    return True


def _can_be_read(file: Path) -> bool:
    return file.is_file() and os.access(file, os.R_OK)


def _show_variable(name: str, value: object) -> str:
    """The variable with its value, unless that may hold a password."""
    with_password = name in {"mqtt_url", "public_url"} and "@" in str(value)
    hidden = name in {"smtp_url", "database_url"} or name.endswith("_database") or with_password
    return f"{PREFIX}{name.upper()}={'(not shown)' if hidden else repr(value)}"


def _find_contradictions(settings: Settings) -> list[str]:
    problems = []
    if settings.broker is not BrokerChoice.BUILT_IN and settings.mqtt_url is not None:
        problems.append(
            "ANLING_BROKER=mosquitto (or --broker) starts one, and ANLING_MQTT_URL names another: leave one out"
        )
    if (settings.tls_cert is None) != (settings.tls_key is None):
        missing = "ANLING_TLS_KEY" if settings.tls_key is None else "ANLING_TLS_CERT"
        problems.append(f"{missing} is not set: a certificate and its key go together, set both or neither")
    problems.extend(_find_tls_problems(settings.tls_cert, settings.tls_key))
    for name, url, file in (
        ("DATABASE", settings.database_url, settings.database_password_file),
        ("MQTT", settings.mqtt_url, settings.mqtt_password_file),
    ):
        variable = f"ANLING_{name}_PASSWORD_FILE"
        if file is not None and url is None:
            problems.append(f"{variable}={str(file)!r}: ANLING_{name}_URL is not set: set both or neither")
        elif file is not None and not _can_be_read(file):
            problems.append(f"{variable}={str(file)!r}: should be a file that this account can read")
        elif file is not None and not _is_text(file):
            problems.append(f"{variable}={str(file)!r}: should be a text file in UTF-8 with the password alone")
    if reached := _find_public_url_problem(settings):
        problems.append(reached)
    return problems


def _find_tls_problems(cert: Path | None, key: Path | None) -> list[str]:
    unread = [
        f"{name}={str(file)!r}: should be a file that this account can read"
        for name, file in (("ANLING_TLS_CERT", cert), ("ANLING_TLS_KEY", key))
        if file is not None and not _can_be_read(file)
    ]
    if unread or cert is None or key is None:
        return unread
    try:
        # Without a password of ours, OpenSSL would ask for one at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: "")
    except (OSError, ValueError) as error:
        why = f" ({error.reason})" if isinstance(error, ssl.SSLError) and error.reason else ""
        pair = f"ANLING_TLS_CERT={str(cert)!r} and ANLING_TLS_KEY={str(key)!r}"
        return [f"{pair}: should be a certificate and its own key, both as PEM and without a passphrase{why}"]
    return []


def _find_public_url_problem(settings: Settings) -> str | None:
    """Why people would not reach the pages, or not safely."""
    if settings.lan:
        return None
    public = urlsplit(settings.public_url or "")
    if public.scheme == "http" and public.hostname not in _LOOPBACK:
        return (
            f"ANLING_PUBLIC_URL={settings.public_url!r}: beyond this machine people's pages need HTTPS: should begin "
            "with https://"
        )
    if not settings.is_local and not settings.origin.startswith("https://"):
        return (
            f"ANLING_HTTP_HOST={settings.http_host!r}: beyond 127.0.0.1 people's pages need HTTPS: set ANLING_TLS_CERT "
            "and ANLING_TLS_KEY, or ANLING_PUBLIC_URL when a proxy in front speaks HTTPS"
        )
    if settings.http_host in _EVERYWHERE and not settings.public_url:
        return (
            f"ANLING_HTTP_HOST={settings.http_host!r}: nobody comes under that name: set ANLING_PUBLIC_URL to how "
            "people reach the pages, such as https://anling.example.org:8080"
        )
    return None
