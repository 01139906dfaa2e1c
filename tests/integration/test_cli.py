"""A start that cannot be: one line for each thing that is wrong, nothing started, nothing left."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hub.embedded import child
from hub.kit.db import Login
from tests.fakes.certificate import make_certificate
from tests.unit.importing.test_file import SMALL

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]


def run(command: str, data_dir: Path, **environment: str) -> tuple[int, list[str]]:
    """Call `./anling COMMAND`, set up already; gives its exit status and the lines it wrote to standard error."""
    return call("hub.cli", *command.split(), ANLING_DATA_DIR=str(data_dir), **environment)


def call(*module: str, **environment: str) -> tuple[int, list[str]]:
    """`python -m MODULE …` with these settings alone; the same."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANLING_")}
    answer = subprocess.run(
        # Root would be allowed to write everywhere.
        child.wrap_command((sys.executable, "-m", *module), parent=os.getpid(), unprivileged=True),
        cwd=ROOT,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return answer.returncode, answer.stderr.splitlines()


def test_each_wrong_setting_is_one_line(tmp_path: Path) -> None:
    status, told = run("run", tmp_path / "data", ANLING_HTTP_PORT="eighty", ANLING_MQTT_URL="http://broker")

    assert status == 2
    assert len(told) == 2
    assert told[0].startswith("ANLING_HTTP_PORT='eighty': ")
    assert told[1].startswith("ANLING_MQTT_URL='http://broker': ")
    assert not (tmp_path / "data").exists()


def test_a_misspelt_setting_is_one_line_and_no_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    status, told = run("run", tmp_path / "file" / "data", ANLING_HTPP_PORT="9000")

    assert status == 1, "as it is without it"
    assert told[0] == "ANLING_HTPP_PORT is no setting of the hub and changes nothing: did you mean ANLING_HTTP_PORT?"
    assert told[1].startswith("ANLING_DATA_DIR=")


def test_beyond_this_machine_without_https_is_refused_in_one_line(tmp_path: Path) -> None:
    status, told = run("run", tmp_path / "data", ANLING_HTTP_HOST="0.0.0.0")

    assert status == 2
    assert len(told) == 1
    assert "ANLING_TLS_CERT" in told[0]


@pytest.mark.parametrize("address", ["http://192.168.1.20:8080", "https://anling.example.org"])
def test_the_demo_for_the_local_network_says_what_names_its_address(tmp_path: Path, address: str) -> None:
    status, told = run("demo --lan", tmp_path / "data", ANLING_PUBLIC_URL=address)

    assert status == 1
    found = "--lan finds this machine's address itself: leave it out; ANLING_MEDIA_HOSTS names another one"
    assert told == [f"ANLING_PUBLIC_URL='{address}': {found}"]
    assert not (tmp_path / "data").exists()


def test_the_demo_for_the_local_network_speaks_plain_http(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)

    status, told = run("demo --lan", tmp_path / "data", ANLING_TLS_CERT=str(cert), ANLING_TLS_KEY=str(key))

    assert status == 1
    assert told == ["ANLING_TLS_CERT and ANLING_TLS_KEY: --lan speaks plain HTTP: leave them out"]


@pytest.mark.parametrize("command", ["run", "pages", "administrator"])
def test_nothing_of_a_simulated_centre_is_mounted_because_of_the_environment(tmp_path: Path, command: str) -> None:
    status, told = run(command, tmp_path / "data", ANLING_SIMULATION="demo")

    assert status == 2
    assert told == ["ANLING_SIMULATION='demo': only its own command sets it: unset it"]
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("declared", ["bad = brought:BOOM", "bad = brought:NUMBER", "run = brought:NUMBER"])
def test_a_simulation_that_is_installed_and_broken_stops_no_start_of_a_real_hub(tmp_path: Path, declared: str) -> None:
    about = tmp_path / "installed" / "brought-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Name: brought\nVersion: 1\n", "utf-8")
    (about / "entry_points.txt").write_text(f"[anling.simulations]\n{declared}\n", "utf-8")
    (tmp_path / "installed" / "brought.py").write_text(
        "NUMBER = 7\ndef __getattr__(name):\n    raise RuntimeError(name)\n", "utf-8"
    )
    tmp_path.chmod(0o755)

    status, told = call("hub.cli", "run", "--help", PYTHONPATH=f"{tmp_path / 'installed'}")

    assert status == 0
    assert "raised, the others go on" in told[0]


def test_where_the_simulators_are_not_installed_there_is_no_such_command() -> None:
    without = "import sys; sys.modules['simulators'] = None; from hub.cli import app; app()"

    asked, listed = (
        subprocess.run(
            [sys.executable, "-c", without, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        for arguments in (["demo"], ["--help"])
    )

    assert (asked.returncode, listed.returncode) == (2, 0)
    assert "No such command 'demo'" in asked.stderr
    assert "demo" not in listed.stdout
    assert "administrator" in listed.stdout


def test_one_port_for_pages_and_devices_is_refused_in_one_line(tmp_path: Path) -> None:
    status, told = run("run", tmp_path / "data", ANLING_HTTP_PORT="1883")

    assert status == 2
    assert len(told) == 1
    assert told[0].startswith("ANLING_MQTT_PORT=1883: ")


def test_an_occupied_port_stops_a_real_hub_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen(1)
        port = stranger.getsockname()[1]

        status, told = run("run", tmp_path / "data", ANLING_HTTP_PORT=str(port))

    assert status == 1
    assert len(told) == 1
    assert told[0].startswith(f"ANLING_HTTP_PORT={port}: something else listens on that port")
    assert not (tmp_path / "data" / "database").exists(), "nothing is half done"


@pytest.mark.parametrize("command", ["run", "administrator", "import CENTRE", "mosquitto-files broker"])
def test_a_data_folder_that_cannot_be_is_one_line(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "centre.yaml").write_text(SMALL, "utf-8")

    status, told = run(command.replace("CENTRE", f"{tmp_path}/centre.yaml"), tmp_path / "file" / "data")

    assert status == 1
    assert told == [
        f"ANLING_DATA_DIR='{tmp_path}/file/data': should be a folder that this account can write (Not a directory)"
    ]


@pytest.mark.parametrize("command", ["run", "administrator", "mosquitto-files broker"])
def test_a_data_folder_that_may_not_be_written_is_one_line(tmp_path: Path, command: str) -> None:
    (tmp_path / "data").mkdir(mode=0o555)

    status, told = run(command, tmp_path / "data")

    assert status == 1
    assert told == [
        f"ANLING_DATA_DIR='{tmp_path}/data': should be a folder that this account can write (Permission denied)"
    ]


def test_a_folder_of_broker_files_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    status, told = run(f"mosquitto-files {tmp_path}/file/broker", tmp_path / "data")

    assert status == 1
    assert told == [f"{tmp_path}/file/broker: should be a folder that this account can write (Not a directory)"]
    assert list((tmp_path / "data").iterdir()) == [], "before anything is made"


@pytest.mark.parametrize(("encoding", "column"), [("gbk", 26), ("utf-16", 1)])
def test_a_centre_s_file_in_another_encoding_says_how_to_save_it(tmp_path: Path, encoding: str, column: int) -> None:
    (tmp_path / "centre.yaml").write_text("organisation: {name: 陇原社工}\n", encoding)

    status, told = run(f"import {tmp_path}/centre.yaml", tmp_path / "data")

    assert status == 1
    assert told == [f"{tmp_path}/centre.yaml: line 1, column {column}: the file is not UTF-8; save it as UTF-8"]


def test_a_wrong_file_is_refused_before_a_database_is_made(tmp_path: Path) -> None:
    (tmp_path / "centre.yaml").write_text("schema: anling.centre/2\n", "utf-8")

    status, told = run(f"import {tmp_path}/centre.yaml", tmp_path / "data")

    assert status == 1
    assert told[-1].startswith(f"{tmp_path}/centre.yaml: line 1, column 9: schema: ")
    assert not (tmp_path / "data").exists()


def test_a_centre_s_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    status, told = run(f"import {tmp_path}/centre.yaml", tmp_path / "data")

    assert (status, told) == (1, [f"{tmp_path}/centre.yaml cannot be read: No such file or directory"])


@pytest.mark.parametrize("command", ["administrator", "mosquitto-files broker"])
def test_a_data_folder_is_made_for_this_account_alone(tmp_path: Path, command: str) -> None:
    status, told = run(command.replace("broker", f"{tmp_path}/broker"), tmp_path / "new" / "data")

    assert (status, told) == (0, [])
    assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700


def test_a_media_socket_that_cannot_be_is_one_line_before_anything_is_made(tmp_path: Path) -> None:
    for socket_path, should in (
        (tmp_path / "no" / "media.sock", "should be in a folder that this account can write"),
        (tmp_path / ("x" * 104), "a socket's path has at most 104 bytes: set it to a shorter one"),
    ):
        status, told = run("run", tmp_path / "data", ANLING_MEDIA_SOCKET=str(socket_path))

        assert (status, told) == (1, [f"ANLING_MEDIA_SOCKET='{socket_path}': {should}"])
        assert not (tmp_path / "data" / "database").exists()


def test_a_data_folder_whose_path_is_too_long_for_a_socket_names_the_way_out(tmp_path: Path) -> None:
    data_dir = tmp_path / ("a-folder-with-a-rather-long-name" * 3)

    status, told = run("run", data_dir)

    assert status == 1
    assert told == [
        f"ANLING_MEDIA_SOCKET='{data_dir}/media.sock': a socket's path has at most 104 bytes: set it to a shorter one"
    ]
    assert not (data_dir / "database").exists()


def test_a_database_that_does_not_answer_is_one_line_without_its_password(tmp_path: Path) -> None:
    status, told = run("run", tmp_path / "data", ANLING_DATABASE_URL="postgresql://hub:secret@127.0.0.1:1/anling")

    assert status == 1
    assert len(told) == 1
    assert told[0].startswith("the database does not answer: ")
    assert "secret" not in told[0]


@pytest.mark.parametrize("process", ["alarm_path", "telemetry", "pages"])
def test_each_process_says_in_one_line_that_the_database_is_down(tmp_path: Path, process: str) -> None:
    nowhere = {login.variable: f"postgresql://{login}:secret@127.0.0.1:1/anling" for login in Login}

    status, told = call(f"hub.processes.{process}", ANLING_DATA_DIR=str(tmp_path), **nowhere)

    assert status == 1
    assert len(told) == 1
    assert told[0].startswith("the database does not answer: ")
    assert "secret" not in told[0]


@pytest.mark.parametrize(("path", "why"), [("no/media.sock", "No such file or directory"), ("", "is already in use")])
def test_the_media_process_says_in_one_line_that_it_cannot_listen(tmp_path: Path, path: str, why: str) -> None:
    socket_path = tmp_path / path

    status, told = call("hub.video.media", "--socket", str(socket_path))

    assert status == 1
    assert len(told) == 1
    assert told[0].startswith(f"media: cannot listen at {socket_path}: ")
    assert told[0].endswith(why)
