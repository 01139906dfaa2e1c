"""What processes inherit: no variable that leads to the database's administrator, and none of libpq's."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from hub.embedded import environment, mosquitto
from hub.embedded.children import processes_of
from hub.embedded.place import Place
from hub.embedded.supervised import Child
from hub.kit.db import Database, Login, forget_libpq_environment
from hub.mqtt.mosquitto import Listening, hub_account
from hub.settings import Settings
from simulators.stage.installation import place_centre
from tests.fakes.command import environment_of
from tests.fakes.logins import PASSWORDS, url_as
from tests.journeys.test_a_real_centre import centre_file

OF_SOMEBODY_ELSE = {
    "PGOPTIONS": "-c search_path=elsewhere",
    "PGSERVICE": "elsewhere",
    "PGHOST": "elsewhere.example",
    "PGPORT": "1",
    "PGUSER": "elsewhere",
    "PGPASSWORD": "elsewhere",
    "PGDATABASE": "elsewhere",
    "PGDATESTYLE": "German",
    "PGTZ": "America/New_York",
    "PGCLIENTENCODING": "LATIN1",
    "PGSSLMODE": "verify-full",
    "PGREQUIREAUTH": "none",
    "PGCHANNELBINDING": "require",
}
"""What a shell may export for another database."""
SECRETS = {
    "ANLING_DATABASE_URL": "postgresql://admin:administrators-secret@db.example/anling",
    "ANLING_DATABASE_PASSWORD_FILE": "/run/secrets/administrators-secret",
    "ANLING_SMTP_URL": "smtp://anling:mail-secret@mail.example",
    "ANLING_MQTT_PASSWORD_FILE": "/run/secrets/broker",
    "AWS_SECRET_ACCESS_KEY": "cloud-secret",
}


ADMINISTRATORS = ("ANLING_DATABASE_URL", "ANLING_DATABASE_PASSWORD_FILE")
"""They lead to the account that makes logins: set-up's alone."""
OWN_LOGINS = {
    "alarm-path": {Login.ALARMS},
    "telemetry": {Login.TELEMETRY},
    "pages": {Login.PAGES_READ, Login.PAGES_WRITE},
}


@pytest.fixture
def full_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**OF_SOMEBODY_ELSE, **SECRETS, "ANLING_CLOCK_FILE": "/tmp/clock"}.items():
        monkeypatch.setenv(name, value)


def children(folder: Path) -> dict[str, Child]:
    """Everything that a demo on a Mosquitto starts."""
    simulated = place_centre(lambda port: port)
    files = mosquitto.Files(folder, Listening("127.0.0.1", 6), hub_account("anling.hub", "x"))
    settings = Settings().model_copy(update={"data_dir": folder, "media_socket": folder / "media.sock"})
    place = Place(settings, {login: f"password={login}-secret" for login in Login}, simulated)
    own = [
        *(child for group in processes_of(place) for child in group),
        mosquitto.child_of(Path("/usr/sbin/mosquitto"), files),
    ]
    return {child.name: child for child in own}


@pytest.mark.usefixtures("full_shell")
def test_no_process_but_the_hub_s_is_told_a_secret_and_none_is_told_the_administrator_s(tmp_path: Path) -> None:
    told = {name: dict(child.environment) for name, child in children(tmp_path).items()}

    assert set(told) == {*OWN_LOGINS, "media", "cameras", "phones", "centre", "mosquitto"}
    with_secrets = {name for name, variables in told.items() if any("secret" in value for value in variables.values())}
    assert with_secrets == set(OWN_LOGINS)
    assert "administrators-secret" not in str(told)
    for variables in told.values():
        assert not variables.keys() & (OF_SOMEBODY_ELSE.keys() | {"AWS_SECRET_ACCESS_KEY", *ADMINISTRATORS})
    assert {variable for variable in told["media"] if variable.startswith("ANLING_")} == set()
    assert {variable for variable in told["centre"] if variable.startswith("ANLING_")} == {"ANLING_CLOCK_FILE"}


@pytest.mark.usefixtures("full_shell")
def test_only_who_goes_to_another_server_is_told_its_password(tmp_path: Path) -> None:
    told = {name: child.environment for name, child in children(tmp_path).items()}

    assert {name for name in told if "ANLING_SMTP_URL" in told[name]} == {"alarm-path"}
    assert {name for name in told if "ANLING_MQTT_PASSWORD_FILE" in told[name]} == {"alarm-path", "telemetry"}


@pytest.mark.usefixtures("full_shell")
def test_each_process_of_the_hub_is_told_its_own_logins_and_no_other_s(tmp_path: Path) -> None:
    told = {name: child.environment for name, child in children(tmp_path).items()}

    for name, own in OWN_LOGINS.items():
        assert {login for login in Login if login.variable in told[name]} == own, name


@pytest.mark.usefixtures("full_shell")
def test_a_program_of_the_system_is_told_where_things_are_and_nothing_else() -> None:
    assert environment.common_environment().keys() <= {
        *("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "PYTHONUNBUFFERED"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR"),
        *(name for name in os.environ if name.startswith("LC_")),
    }


def test_a_session_of_ours_takes_nothing_from_libpq_s_variables_or_a_passfile(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".pgpass").write_text(f"*:*:*:*:{PASSWORDS[Login.ALARMS]}\n")
    (tmp_path / ".pgpass").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    words = url_as(database_url, Login.ALARMS).split()
    without_password = " ".join(word for word in words if not word.startswith(("password", "passfile")))
    with monkeypatch.context() as patched:
        for name in [*OF_SOMEBODY_ELSE, "PGPASSFILE"]:
            patched.setenv(name, OF_SOMEBODY_ELSE.get(name, str(tmp_path / ".pgpass")))
        forget_libpq_environment()

        assert not os.environ.keys() & OF_SOMEBODY_ELSE.keys()
        with psycopg.connect(url_as(database_url, Login.ALARMS)) as conn:
            assert conn.execute("SHOW search_path").fetchone() == ('"$user", public',)
        assert not used_a_password(without_password)


def used_a_password(conninfo: str) -> bool:
    """Whether libpq found one by itself."""
    try:
        with psycopg.connect(conninfo) as conn:
            return bool(conn.pgconn.used_password)
    except psycopg.OperationalError:
        return False


async def test_a_session_is_the_same_whatever_the_database_and_the_role_say(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        for setting in ("DateStyle = 'German'", "IntervalStyle = 'iso_8601'", "TimeZone = 'America/New_York'"):
            conn.execute(f"ALTER DATABASE {conn.info.dbname} SET {setting}".encode())
        conn.execute(f"ALTER DATABASE {conn.info.dbname} SET search_path = elsewhere".encode())
        conn.execute(f"ALTER DATABASE {conn.info.dbname} SET client_encoding = 'LATIN1'".encode())

    async with (
        Database.open(url_as(database_url, Login.PAGES_READ), size=1, name="test pinned") as database,
        database.transaction() as conn,
    ):
        found = [
            (await (await conn.execute(f"SHOW {name}".encode())).fetchone() or ("",))[0]
            for name in ("DateStyle", "IntervalStyle", "TimeZone", "search_path", "client_encoding")
        ]

    assert found == ["ISO, YMD", "postgres", "UTC", "public, pg_temp", "UTF8"]


def test_a_shell_that_is_set_up_for_another_database_imports_a_centre_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "centre.yaml"
    file.write_text(centre_file(), "utf-8")
    (tmp_path / ".pgpass").write_text("*:*:*:*:wrong\n")
    (tmp_path / ".pgpass").chmod(0o600)
    variables = {**environment_of(tmp_path / "data"), **OF_SOMEBODY_ELSE, "HOME": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-P", "-m", "hub.cli", "import", str(file)],
        env=variables, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
