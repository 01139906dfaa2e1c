"""Which container knows which secret, and what is open to whom? docker-compose.yml is parsed; no engine runs it."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path

from tests.contract.compose import (
    COMPOSE,
    HUB,
    OURS,
    ROOT,
    SERVICES,
    interpolated,
)

# Secrets.


def test_no_password_stands_in_the_file_and_none_has_a_default() -> None:
    told = [each for service in SERVICES.values() for each in service.environment.items()]
    in_files = [
        (Path(value), {secret.source for secret in service.secrets})
        for service in SERVICES.values()
        for variable, value in service.environment.items()
        if variable.endswith("_FILE")
    ]

    assert COMPOSE.secrets
    for secret in COMPOSE.secrets.values():
        assert set(secret) == {"environment"}
        assert secret["environment"] not in interpolated()
    assert told
    for variable, value in told:
        assert not re.search("PASSWORD|SECRET|TOKEN", variable) or variable.endswith("_FILE")
        assert not re.search(r"://[^/@]*:[^/@]*@", value)
    assert in_files
    for file, sources in in_files:
        assert file.parent == Path("/run/secrets")
        assert file.name in sources


def test_each_secret_is_for_the_account_that_reads_it_alone() -> None:
    postgres = "70:70"  # of the database's image
    secrets = [
        (name, secret.mode, f"{secret.uid}:{secret.gid}", service.user or postgres)
        for name, service in SERVICES.items()
        for secret in service.secrets
    ]

    assert secrets
    assert [secret for secret in secrets if secret[1] != "0400" or secret[2] != secret[3]] == []
    assert SERVICES["media"].secrets == []
    assert SERVICES["mosquitto"].secrets == []


def test_the_database_s_superuser_is_known_to_set_up_and_to_the_database_alone() -> None:
    knowing = {
        name
        for name, service in SERVICES.items()
        if any(secret.source == "database_password" for secret in service.secrets)
    }

    assert knowing == {"database", "set-up"}
    assert not [name for name in HUB if "ANLING_DATABASE_PASSWORD_FILE" in SERVICES[name].environment]
    data = "/var/lib/anling/data"
    for name in ("alarm-path", "telemetry", "pages"):
        assert SERVICES["set-up"].mounts[data] == SERVICES[name].mounts[data], "where the logins' passwords are"


def test_no_container_of_ours_is_told_a_variable_of_libpq_s() -> None:
    assert [name for service in OURS.values() for name in service.environment if name.startswith("PG")] == []


def test_the_passwords_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = shutil.copy(ROOT / "deploy/make-secrets.sh", tmp_path / "deploy")

    first = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    made = (tmp_path / ".env").read_text("ascii")
    second = subprocess.run(["sh", script], capture_output=True, text=True, check=False)

    assert (first.returncode, second.returncode) == (0, 1)
    assert (tmp_path / ".env").read_text("ascii") == made
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    values = dict(re.findall(r"^(ANLING_\w+)=(.*)$", made, flags=re.MULTILINE))
    passwords = [values[secret["environment"]] for secret in COMPOSE.secrets.values()]
    assert all(re.fullmatch("[0-9a-f]{40}", password) for password in passwords)
    assert len(set(passwords)) == len(passwords)
    assert {name for name, rest in interpolated().items() if rest.startswith(":?")} <= set(values)
    assert "/.env" in [f"/{line}" for line in (ROOT / ".gitignore").read_text("utf-8").split()]


# What is open to whom.


def test_only_pages_and_devices_may_connect_and_on_this_machine_alone_unless_configured_otherwise() -> None:
    published = {name: service.ports for name, service in SERVICES.items() if service.ports}

    assert published == {
        "pages": ["${ANLING_HTTP_HOST:-127.0.0.1}:${ANLING_HTTP_PORT:-8080}:8080"],
        "mosquitto": ["${ANLING_MQTT_HOST:-127.0.0.1}:${ANLING_MQTT_PORT:-1883}:1883"],
    }


def test_database_and_the_hub_s_own_listener_are_inside() -> None:
    assert COMPOSE.networks["inside"] == {"internal": True}
    assert SERVICES["database"].networks == ["inside"]
    assert {"--port=1883", "--hub-port=1884"} <= set(SERVICES["broker-files"].command)
    for name in ("alarm-path", "telemetry"):
        assert SERVICES[name].environment["ANLING_MQTT_URL"].endswith("@mosquitto:1884")
        assert "inside" in set(SERVICES[name].networks) & set(SERVICES["mosquitto"].networks)


def test_the_word_of_the_proxy_is_taken_and_nobody_else_s() -> None:
    (network,) = {"outside"} & set(SERVICES["pages"].networks)
    trusted = SERVICES["pages"].environment["ANLING_PROXY_HOSTS"]

    (config,) = COMPOSE.networks[network]["ipam"]["config"]  # type: ignore[index]
    assert config["gateway"] == trusted, "one address: what else is on that network is no proxy"
    assert ip_address(trusted) in ip_network(config["subnet"])
    # The alarm path reaches the phones of people from there, and accepts no connection.
    assert [name for name, service in SERVICES.items() if network in service.networks] == ["alarm-path", "pages"]
    assert SERVICES["alarm-path"].ports == []
