"""What are the containers told, and how do they hang together? docker-compose.yml is parsed; no engine runs it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import typer
import yaml

from hub.cli import app
from hub.settings import BadSettings, Settings, read_settings
from tests.contract.compose import (
    COMPOSE,
    OURS,
    ROOT,
    SERVICES,
    all_instructions,
    interpolated,
    stages,
)

# What the containers are told.


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists_with_its_options(name: str) -> None:
    program, command, *words = OURS[name].command
    commands = typer.main.get_command(app)
    assert isinstance(commands, typer.core.TyperGroup)

    assert program == "anling"
    options = {option for parameter in commands.commands[command].params for option in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options


def test_the_image_s_own_command_exists() -> None:
    (command,) = all_instructions("CMD")

    assert yaml.safe_load(command.rest) == OURS["alarm-path"].command


def test_every_variable_is_a_setting() -> None:
    settings = {f"ANLING_{name.upper()}" for name in Settings.model_fields}
    for_compose = {"ANLING_REGISTRY", *(secret["environment"] for secret in COMPOSE.secrets.values())}
    told = {name for service in OURS.values() for name in service.environment}
    in_image = {word.partition("=")[0] for env in all_instructions("ENV") for word in env.words if "ANLING_" in word}

    assert told <= settings
    assert in_image <= settings
    assert set(interpolated()) <= settings | for_compose


def told_to(name: str, tmp_path: Path) -> dict[str, str]:
    """What a container's program finds in its environment, when its person filled in what is asked for."""
    (tmp_path / "secret").write_text("0123456789abcdef\n")
    filled = {"ANLING_PUBLIC_URL": "https://anling.example", "ANLING_MEDIA_HOSTS": "192.0.2.7", "ANLING_SMTP_URL": ""}

    def fill(value: str) -> str:
        whole = re.sub(r"\$\{([A-Z_]+)[^}]*\}", lambda match: filled[match[1]], value)
        return str(tmp_path / "secret") if whole.startswith("/run/secrets/") else whole

    return {variable: fill(value) for variable, value in OURS[name].environment.items()}


@pytest.mark.parametrize("name", OURS)
def test_what_each_container_is_told_is_accepted(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [variable for variable in os.environ if variable.startswith("ANLING_")]:
        monkeypatch.delenv(variable)
    for variable, value in told_to(name, tmp_path).items():
        monkeypatch.setenv(variable, value)

    settings = read_settings()

    secrets = {value for value in (settings.database_url, settings.mqtt_url) if "0123456789abcdef" in (value or "")}
    of_the_broker = {"mqtt://anling.hub:0123456789abcdef@mosquitto:1884"}
    assert (
        secrets
        == {
            "set-up": {"postgresql://anling:0123456789abcdef@database:5432/anling"},
            "broker-files": of_the_broker,
            "alarm-path": of_the_broker,
            "telemetry": of_the_broker,
            "pages": set(),
            "media": set(),
        }[name]
    )


def test_without_a_public_address_the_pages_would_refuse_so_compose_asks_for_it_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in told_to("pages", tmp_path).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("ANLING_PUBLIC_URL")

    with pytest.raises(BadSettings, match="ANLING_PUBLIC_URL"):
        read_settings()
    assert interpolated()["ANLING_PUBLIC_URL"].startswith(":?")
    assert interpolated()["ANLING_MEDIA_HOSTS"].startswith(":?")


# How they hang together.


def test_pictures_go_from_this_machine_s_own_addresses() -> None:
    assert SERVICES["media"].network_mode == "host"
    assert SERVICES["media"].environment["ANLING_MEDIA_HOSTS"].startswith("${ANLING_MEDIA_HOSTS:?")


def test_pages_and_media_process_meet_at_one_socket_and_media_sees_no_secret() -> None:
    hub, media = SERVICES["pages"], SERVICES["media"]
    (place,) = {service.environment["ANLING_MEDIA_SOCKET"] for service in (hub, media)}

    folder = str(Path(place).parent)
    assert hub.mounts[folder] == media.mounts[folder] == "media-socket"
    assert list(media.mounts) == [folder]


def test_mosquitto_reads_what_the_keeper_of_its_files_writes() -> None:
    keeper, broker = SERVICES["broker-files"], SERVICES["mosquitto"]
    folder = keeper.command[2]

    assert broker.command == ["/bin/sh", "/anling/run.sh", folder]
    assert keeper.mounts[folder] == broker.mounts[folder] == "broker"
    assert keeper.user == broker.user
    assert "--watch" in keeper.command
    assert (ROOT / broker.mounts["/anling/run.sh"]).is_file()
    # The passwords of devices, where an import in the hub's container writes them.
    data = "/var/lib/anling/data"
    assert {keeper.mounts[data]} == {SERVICES[name].mounts[data] for name in ("alarm-path", "telemetry", "pages")}
    assert f"ANLING_DATA_DIR={data}" in " ".join(env.rest for env in all_instructions("ENV"))


def test_every_folder_of_a_volume_belongs_to_our_account_in_the_image() -> None:
    made = next(run.words for run in stages()[-1] if run.word == "RUN")
    installed = set(made[made.index("install") :])

    assert {"--owner", "--group", "10001", "0700"} <= installed
    assert {place for service in OURS.values() for place in service.mounts} <= installed


def test_the_database_is_the_one_that_the_hub_asks_for_and_safe() -> None:
    database = SERVICES["database"].environment
    at = f"database:5432/{database['POSTGRES_DB']}"
    superuser = f"postgresql://{database['POSTGRES_USER']}@{at}"

    assert SERVICES["set-up"].environment["ANLING_DATABASE_URL"] == superuser
    for name in ("broker-files", "alarm-path", "telemetry", "pages"):
        assert SERVICES[name].environment["ANLING_DATABASE_URL"] == f"postgresql://{at}"
    assert "--data-checksums" in database["POSTGRES_INITDB_ARGS"]
    # As in a database of our own, and nothing else: it could turn off fsync.
    assert SERVICES["database"].command == ["postgres", "-c", "deadlock_timeout=200ms"]
    assert database["TIMESCALEDB_TELEMETRY"] == "off"
    assert "readings_on_timescale()" in (ROOT / "hub/migrations/0015_telemetry.sql").read_text("utf-8")


def test_every_service_comes_back_and_says_whether_it_works() -> None:
    assert {service.restart for name, service in SERVICES.items() if name != "set-up"} == {"unless-stopped"}
    assert SERVICES["set-up"].restart == "on-failure", "it ends when it is done"
    # These answer nobody: who cannot go on, or stands still, ends and comes back, and the pages say so meanwhile.
    silent = {name for name, service in SERVICES.items() if service.healthcheck is None}
    assert silent == {"broker-files", "set-up", "alarm-path", "telemetry"}


def test_who_waits_for_another_waits_for_one_that_says_so() -> None:
    waited_for = [
        (other, wanted)
        for service in SERVICES.values()
        if isinstance(service.depends_on, dict)
        for other, wanted in service.depends_on.items()
    ]

    assert waited_for
    for other, wanted in waited_for:
        ends = other == "set-up"
        assert wanted == {"condition": "service_completed_successfully" if ends else "service_healthy"}
        assert ends or SERVICES[other].healthcheck is not None
    assert {other for service in SERVICES.values() for other in service.depends_on} <= set(SERVICES)


def test_every_volume_and_network_is_declared_and_used() -> None:
    used = {source for service in SERVICES.values() for source in service.mounts.values() if not source.startswith(".")}

    assert used == set(COMPOSE.volumes)
    assert {network for service in SERVICES.values() for network in service.networks} == set(COMPOSE.networks)
    assert {secret.source for service in SERVICES.values() for secret in service.secrets} == set(COMPOSE.secrets)
