"""Are Dockerfile and docker-compose.yml right? They are parsed here and held to the tree; no engine runs them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest
import typer
import yaml
from pydantic import BaseModel, ConfigDict, Field

from hub.cli import app
from hub.settings import BadSettings, Settings, read_settings

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


# Images.


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in OURS])
def test_every_image_of_others_comes_from_the_named_registry_with_a_version(name: str) -> None:
    image = SERVICES[name].image

    assert image.startswith(REGISTRY)
    assert re.fullmatch(r"[a-z-]+/[a-z-]+:\d+\.\d+\.\d+(-pg\d+)?", image.removeprefix(REGISTRY))


def test_the_card_s_own_services_are_there_and_no_others() -> None:
    assert set(SERVICES) == {"database", "set-up", "mosquitto", "broker-files", *HUB}
    assert "/timescale/timescaledb:" in SERVICES["database"].image
    assert "/eclipse-mosquitto:" in SERVICES["mosquitto"].image


def test_our_image_is_built_here_from_the_same_registry_and_never_pulled() -> None:
    assert set(OURS) == {"set-up", "broker-files", *HUB}
    for service in OURS.values():
        assert service.image == OWN_IMAGE
        assert (service.model_extra or {})["pull_policy"] == "build"
        assert service.build == {"context": ".", "args": {"ANLING_REGISTRY": REGISTRY.removesuffix("/")}}


def test_every_stage_begins_with_an_image_of_the_named_registry() -> None:
    bases = [stage[0].words[0] for stage in stages()]

    assert len(bases) == 3
    assert all(re.fullmatch(r"\$\{ANLING_REGISTRY\}/library/(node|python):\d[\w.]*-slim", base) for base in bases)


# What the image is made of.


def test_every_copied_file_is_in_the_tree_and_let_through_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    let_through = {line.removeprefix("!") for line in ignored if line.startswith("!")}

    assert ignored[0] == "*"
    ours = [copy for copy in all_instructions("COPY") if not any(word.startswith("--from=") for word in copy.words)]
    copied = {word for copy in ours for word in copy.words[:-1] if not word.startswith("--")}
    assert copied
    assert {source for source in copied if not (ROOT / source).exists()} == set()
    assert {source.rstrip("/").split("/")[0] for source in copied} <= let_through


def test_what_one_stage_takes_from_another_is_made_there() -> None:
    named = {stage[0].words[2] for stage in stages() if "AS" in stage[0].words}
    taken = {
        word.removeprefix("--from=") for copy in all_instructions("COPY") for word in copy.words if "--from=" in word
    }

    assert taken == named == {"web", "build"}
    assert "resolve(import.meta.dirname, '../hub/static')" in (ROOT / "dashboard/vite.config.ts").read_text("utf-8")


def test_only_packages_with_the_locks_hashes_are_installed() -> None:
    commands = [command for run in all_instructions("RUN") for command in run.rest.split("&&")]
    installs = [shlex.split(command) for command in commands if "install " in command and "pip" in command]

    assert len(installs) == 3
    for words in installs[:2]:
        assert "--require-hashes" in words
        assert (ROOT / words[words.index("-r") + 1]).exists()
    # Itself: everything it needs is installed, and nothing is fetched to build it.
    assert {"--no-deps", "--no-build-isolation", "."} <= set(installs[2])
    assert any(shlex.split(command)[:2] == ["npm", "ci"] for command in commands)
    assert all_instructions("ADD") == []
    assert not any(word in command for command in commands for word in ("curl", "wget", "apt-get"))


def test_it_does_not_run_as_root() -> None:
    final = stages()[-1]
    users = [instruction.rest for instruction in final if instruction.word == "USER"]

    assert users == [SOMEBODY]
    assert [instruction.word for instruction in final].index("USER") > max(
        number for number, instruction in enumerate(final) if instruction.word == "RUN"
    )
    for service in (*OURS.values(), SERVICES["mosquitto"]):
        assert service.user == SOMEBODY
        assert service.cap_drop == ["ALL"]
    assert all(service.security_opt == ["no-new-privileges:true"] for service in SERVICES.values())


def test_no_secret_is_in_the_image() -> None:
    told = [instruction.rest for word in ("ARG", "ENV") for instruction in all_instructions(word)]

    assert told
    assert not [one for one in told if re.search("PASSWORD|SECRET|TOKEN|_KEY", one)]


def test_the_wheel_of_what_is_copied_carries_pages_migrations_and_rules(tmp_path: Path) -> None:
    for source in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / source, tmp_path)
    for package in ("hub", "devices", "simulators"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("static", "__pycache__"))
    (tmp_path / "dashboard").mkdir()
    shutil.copy(ROOT / "dashboard/hatch_build.py", tmp_path / "dashboard")
    (tmp_path / "hub/static").mkdir()
    (tmp_path / "hub/static/index.html").write_text("the page")
    variables = re.findall(r"(ANLING_\w+)=1 uv pip", (ROOT / "Dockerfile").read_text("utf-8"))

    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=tmp_path,
        env={**os.environ, **dict.fromkeys(variables, "1"), "PATH": ""},
        check=True,
        capture_output=True,
    )

    (wheel,) = (tmp_path / "dist").glob("*.whl")
    carried = set(ZipFile(wheel).namelist())
    assert "hub/static/index.html" in carried
    for folder, ending in (("hub/migrations", "sql"), ("hub/rules/shipped", "yaml")):
        expected = {str(file.relative_to(ROOT)) for file in (ROOT / folder).glob(f"*.{ending}")}
        assert expected
        assert expected <= carried


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


def test_only_pages_and_devices_are_let_in_and_on_this_machine_alone_unless_told_otherwise() -> None:
    published = {name: service.ports for name, service in SERVICES.items() if service.ports}

    assert published == {
        "pages": ["${ANLING_HTTP_HOST:-127.0.0.1}:${ANLING_HTTP_PORT:-8080}:8080"],
        "mosquitto": ["${ANLING_MQTT_HOST:-127.0.0.1}:${ANLING_MQTT_PORT:-1883}:1883"],
    }


def test_database_and_the_hub_s_own_door_are_inside() -> None:
    assert COMPOSE.networks["inside"] == {"internal": True}
    assert SERVICES["database"].networks == ["inside"]
    assert {"--port=1883", "--hub-port=1884"} <= set(SERVICES["broker-files"].command)
    for name in ("alarm-path", "telemetry"):
        assert SERVICES[name].environment["ANLING_MQTT_URL"].endswith("@mosquitto:1884")
        assert "inside" in set(SERVICES[name].networks) & set(SERVICES["mosquitto"].networks)


def test_the_word_of_the_proxy_is_taken_and_nobody_else_s() -> None:
    (network,) = {"outside"} & set(SERVICES["pages"].networks)
    trusted = SERVICES["pages"].environment["ANLING_PROXY_HOSTS"]

    assert COMPOSE.networks[network] == {"ipam": {"config": [{"subnet": trusted}]}}
    # The alarm path reaches the phones of people from there, and accepts no connection.
    assert [name for name, service in SERVICES.items() if network in service.networks] == ["alarm-path", "pages"]
    assert SERVICES["alarm-path"].ports == []


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
