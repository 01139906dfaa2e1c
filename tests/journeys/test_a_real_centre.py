"""How does a real centre begin? `./anling run` on an empty folder, its file imported, an administrator signed in."""

import functools
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import paho.mqtt.publish as mqtt
import psycopg
import pytest
from pydantic import TypeAdapter

from hub.rules.api import RulesInForce
from hub.web.sign_in import Me
from tests.fakes.command import environment_of, read_output, start_command, stop_command
from tests.fakes.demo import PAGE
from tests.fakes.logins import superuser_of
from tests.fakes.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "兰州黄河铁桥 1909"
OWN_RULES = """
schema: anling.rules/1
rules:
  - id: room-cold
    priority: P2
    on: {reading: temperature, per: room.id}
    when: 'v < 14.0'
    for: 10m
    summary: {zh-CN: '{room.name} 室温 {v} °C', en: '{room.name} is at {v} °C'}
"""
BROKEN_RULES = OWN_RULES.replace("v < 14.0", "v < ")


def centre_file() -> str:
    """A real centre's file, made as its first lines say: a copy of the example without its demo part."""
    text = (ROOT / "simulators" / "centre.yaml").read_text("utf-8")
    own, _, _ = text.partition("\n# What only the demo wants")
    # A port on which nobody is: the messages to these phones stay where they are.
    return own.replace("{rtsp}", "rtsp://127.0.0.1:9").replace("{phones}", "http://127.0.0.1:9")


@dataclass(frozen=True, slots=True)
class RealCentre:
    """A hub that runs without anything simulated: what it printed when it was empty, and what the import printed."""

    environment: Mapping[str, str]
    data_dir: Path
    file: Path
    rules_dir: Path
    printed: str
    import_printed: str
    opened: ExitStack

    @property
    def url(self) -> str:
        return f"http://localhost:{self.environment['ANLING_HTTP_PORT']}"

    def browser(self) -> httpx.Client:
        """A browser in which nobody is signed in."""
        client = httpx.Client(base_url=self.url, headers=PAGE, timeout=10, trust_env=False)
        return self.opened.enter_context(client)

    def link_of(self, account_id: str) -> str:
        """The token of the link that the import printed for somebody."""
        found = re.search(rf"^ +{account_id}: \S+/#i/(\S+)$", self.import_printed, re.MULTILINE)
        assert found is not None, self.import_printed
        return found[1]

    def pid_of(self, process: str) -> int:
        return int(json.loads((self.data_dir / "processes" / f"{process}.pid").read_text("utf-8"))["pid"])

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(superuser_of(self.data_dir)) as conn:
            return conn.execute(statement.encode(), values).fetchall()


def import_centre(file: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """`./anling import FILE`"""
    return subprocess.run(
        [sys.executable, "-m", "hub.cli", "import", str(file)],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def broker_listens(environment: Mapping[str, str]) -> bool:
    """Whether devices can connect: the hub looks for the first import once a second."""
    address = environment.get("ANLING_MQTT_HOST", "127.0.0.1"), int(environment["ANLING_MQTT_PORT"])
    try:
        socket.create_connection(address, timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture(scope="module")
def real_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCentre]:
    folder = tmp_path_factory.mktemp("real")
    data_dir, file, rules_dir = folder / "data", folder / "centre.yaml", folder / "rules"
    file.write_text(centre_file(), "utf-8")
    rules_dir.mkdir()
    environment = environment_of(
        data_dir, ANLING_RULES_DIR=str(rules_dir), ANLING_MEDIA_SOCKET=str(folder / "media.sock")
    )
    process = start_command(folder, ("run",), environment)
    try:
        wait_until(lambda: "Ctrl-C stops it" in read_output(folder), within=60)
        printed = read_output(folder)
        imported = import_centre(file, environment)
        assert imported.returncode == 0, imported.stderr
        wait_until(
            lambda: broker_listens(environment), what="the broker listens for the devices of the imported centre"
        )
        with ExitStack() as opened:
            yield RealCentre(environment, data_dir, file, rules_dir, printed, imported.stdout, opened)
    finally:
        stop_command(process)


@pytest.fixture(scope="module")
def administrator(real_centre: RealCentre) -> httpx.Client:
    """The browser of the first administrator, who came by the link that was printed."""
    found = re.search(r"^ +http://localhost:\d+/#first/(\S+)$", real_centre.printed, re.MULTILINE)
    assert found is not None, real_centre.printed
    browser = real_centre.browser()
    opened = browser.post(f"/api/first-administrator/{found[1]}", json={"name": "许静", "password": PASSWORD})
    assert opened.status_code == httpx.codes.NO_CONTENT, opened.text
    return browser


def test_an_empty_hub_says_what_it_still_needs(real_centre: RealCentre) -> None:
    assert "\n  ./anling import centre.yaml\n" in real_centre.printed
    assert re.search(r"http://localhost:\d+/#first/\S{32,}", real_centre.printed)
    assert "simulated" not in real_centre.printed
    assert "anling-demo" not in real_centre.printed


def test_the_link_makes_the_first_administrator_and_works_once(
    real_centre: RealCentre, administrator: httpx.Client
) -> None:
    me = Me.model_validate_json(administrator.get("/api/me").content)
    token = re.findall(r"/#first/(\S+)", real_centre.printed)[0]

    again = real_centre.browser().post(f"/api/first-administrator/{token}", json={"name": "别人", "password": PASSWORD})

    assert (me.account.role, me.account.name) == ("administrator", "许静")
    assert again.is_client_error


def test_hub_and_media_process_meet_where_they_were_told(real_centre: RealCentre) -> None:
    assert Path(real_centre.environment["ANLING_MEDIA_SOCKET"]).is_socket()
    assert not (real_centre.data_dir / "media.sock").exists()


def test_the_passwords_of_the_demo_open_nothing(real_centre: RealCentre) -> None:
    browser = real_centre.browser()

    assert browser.post("/api/sign-in", json={"account": "sw-1", "password": "anling-demo"}).status_code == 401
    assert browser.get("/api/demo/accounts").status_code == 404
    assert browser.get("/api/demo/stage").status_code == 404
    assert browser.get("/demo").status_code == 404


def test_each_new_person_has_a_link_to_choose_a_password_with(real_centre: RealCentre) -> None:
    browser, link = real_centre.browser(), f"/api/invitations/{real_centre.link_of('sw-1')}"

    assert browser.post(link, json={"password": PASSWORD}).status_code == httpx.codes.NO_CONTENT

    assert Me.model_validate_json(browser.get("/api/me").content).account.name == "孙丽"
    anew = real_centre.browser().post("/api/sign-in", json={"account": "sw-1", "password": PASSWORD})
    assert anew.status_code == httpx.codes.NO_CONTENT
    assert real_centre.browser().post(link, json={"password": PASSWORD}).status_code == httpx.codes.GONE


def test_a_device_of_the_file_presses_with_the_password_that_was_made_for_it(real_centre: RealCentre) -> None:
    kept = (real_centre.data_dir / "secrets" / "devices.json").read_bytes()
    password = TypeAdapter(dict[str, str]).validate_json(kept)["b-01"]
    press = {"v": 1, "id": f"{uuid4().hex[:16]}-1", "seq": 1, "kind": "press", "age_ms": 0}

    mqtt.single(
        "anling/v1/jiuquan-road/alarm/b-01",
        json.dumps(press),
        qos=1,
        hostname="127.0.0.1",
        port=int(real_centre.environment["ANLING_MQTT_PORT"]),
        auth={"username": "b-01", "password": password},
    )

    # Answered when it is durable: on a machine that is busy that is the spool, a moment before the alarm.
    wait_until(lambda: real_centre.rows("SELECT senior_id, state FROM alarm") == [("s-01", "open")])


def test_the_same_file_again_changes_nothing(real_centre: RealCentre) -> None:
    before = real_centre.rows("SELECT id, credential_hash FROM device ORDER BY id")

    again = import_centre(real_centre.file, real_centre.environment)

    assert again.returncode == 0
    assert "0 new devices" in again.stdout
    assert "/#i/" not in again.stdout, "nobody is invited twice"
    assert real_centre.rows("SELECT id, credential_hash FROM device ORDER BY id") == before


def test_a_file_with_a_mistake_is_refused_with_its_line_and_changes_nothing(
    real_centre: RealCentre, tmp_path: Path
) -> None:
    wrong = tmp_path / "centre.yaml"
    wrong.write_text(
        centre_file().replace("name: 餐厅,", "name: 大餐厅,").replace("kind: siren,", "kind: horn,"), "utf-8"
    )

    refused = import_centre(wrong, real_centre.environment)

    assert refused.returncode == 1
    assert re.fullmatch(
        rf"{re.escape(str(wrong))}: line \d+, column \d+: \S+kind: `horn` is not possible here; write one of .+\n",
        refused.stderr,
    )
    assert real_centre.rows("SELECT name FROM room WHERE id = 'dining'") == [("餐厅",)]


def test_a_rule_file_is_read_when_it_changes_and_a_bad_one_keeps_the_old_set_and_is_noticed(
    real_centre: RealCentre, administrator: httpx.Client
) -> None:
    def in_force() -> RulesInForce:
        return RulesInForce.model_validate_json(administrator.get("/api/rules").content)

    noticed = "SELECT params FROM notice WHERE code = 'rule-files-not-loaded' AND cleared_at IS NULL"
    own = real_centre.rules_dir / "own.yaml"
    own.write_text(OWN_RULES, "utf-8")
    wait_until(lambda: "room-cold" in {rule.id for rule in in_force().rules})
    good = in_force().hash

    own.write_text(BROKEN_RULES, "utf-8")
    wait_until(lambda: in_force().problems)

    [problem] = in_force().problems
    assert (Path(problem.file).name, problem.line) == ("own.yaml", 7)
    assert (problem.column or 0) >= 11
    assert in_force().hash == good
    assert "room-cold" in {rule.id for rule in in_force().rules}
    [(params,)] = wait_until(lambda: real_centre.rows(noticed), within=20)
    told = TypeAdapter(dict[str, object]).validate_python(params)
    assert (told["line"], told["column"]) == (problem.line, problem.column)

    own.write_text(OWN_RULES, "utf-8")
    wait_until(lambda: not in_force().problems)
    wait_until(lambda: not real_centre.rows(noticed), within=20)


def test_a_hub_that_starts_again_while_its_rules_folder_is_gone_goes_on_with_the_rules_it_had(
    real_centre: RealCentre, administrator: httpx.Client
) -> None:
    def in_force() -> RulesInForce:
        return RulesInForce.model_validate_json(administrator.get("/api/rules").content)

    (real_centre.rules_dir / "own.yaml").write_text(OWN_RULES, "utf-8")
    good = wait_until(lambda: [one for one in [in_force()] if "room-cold" in {rule.id for rule in one.rules}])[0]
    away = real_centre.rules_dir.rename(real_centre.rules_dir.with_name("away"))
    wait_until(lambda: in_force().problems)

    for process in ("telemetry", "pages"):
        killed = real_centre.pid_of(process)
        os.kill(killed, signal.SIGKILL)
        wait_until(functools.partial(lambda name, pid: real_centre.pid_of(name) != pid, process, killed), within=30)
    again = wait_until(in_force, within=30)

    assert (again.hash, again.loaded_at > good.loaded_at) == (good.hash, True)
    assert [(problem.file, problem.line) for problem in again.problems] == [(str(real_centre.rules_dir), None)]
    away.rename(real_centre.rules_dir)
    wait_until(lambda: not in_force().problems)
