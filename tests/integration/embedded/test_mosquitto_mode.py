"""The hub behind a Mosquitto of this installation: nothing is lost, and authentication follows the rows at once."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from asyncio import create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import httpx
import psycopg
import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from psycopg.conninfo import conninfo_to_dict

from devices.button import Button
from devices.contract.times import DeviceSystemClock
from devices.light import Light
from devices.link import BrokerEndpoint, Identity
from devices.outbox import Outbox
from devices.program import boot_id
from hub.alarms import service as alarms
from hub.embedded import environment as environments
from hub.embedded import logins as kept_logins
from hub.embedded import mosquitto, postgres, secret_files
from hub.embedded.logins import told_to
from hub.embedded.mosquitto import Files, NoMosquitto
from hub.embedded.processes import Processes
from hub.embedded.supervised import Child, NotReady
from hub.fleet.accounts import list_broker_accounts
from hub.kit.clock import SystemClock
from hub.kit.db import Database, Login
from hub.kit.ids import AlarmId, DeviceId
from hub.mqtt.mosquitto import Listening, MosquittoAccount
from hub.mqtt.mosquitto import write_broker_files as write_files
from hub.settings import Settings
from tests.conftest import take_free_port
from tests.fakes import logins
from tests.fakes.house import House, load_house, password_of
from tests.integration.mqtt.fakes import Paho, running, until, within

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[3]
RUN = ROOT / "deploy" / "mosquitto" / "run.sh"
HOUSE = House()
CLOCK = SystemClock()


@dataclass
class Installation:
    """The processes of one centre, as the supervisor keeps them."""

    url: str
    data_dir: Path
    files: Files
    processes: Processes
    database: Database

    @property
    def port(self) -> int:
        return self.files.listening.port

    async def kill(self, name: str) -> None:
        """As soon as it runs."""
        await until(lambda: self.processes.pid_of(name) is not None)
        pid = self.processes.pid_of(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: self.processes.pid_of(name) != pid)

    @asynccontextmanager
    async def button(self, device_id: DeviceId = HOUSE.wang_button) -> AsyncIterator[Button]:
        """A real one, connected."""
        identity = Identity(HOUSE.centre, device_id, password_of(device_id))
        with Outbox(self.data_dir / f"{device_id}.outbox", boot_id()) as outbox:
            button = Button(BrokerEndpoint("127.0.0.1", self.port, "5"), identity, outbox, DeviceSystemClock())
            async with running(button.run):
                await until(lambda: button.link.connected)
                yield button

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url) as conn:
            return conn.execute(query.encode()).fetchall()

    async def accept(self) -> None:
        """周敏 takes the one alarm."""
        ((alarm_id,),) = self.rows("SELECT id FROM alarm")
        async with self.database.transaction() as conn:
            await alarms.accept_alarm(conn, AlarmId(str(alarm_id)), HOUSE.zhou, CLOCK.now())


def children(url: str, data_dir: Path, files: Files) -> tuple[Child, ...]:
    port = take_free_port()
    settings = told_to(Settings(data_dir=data_dir, http_port=port), logins.urls_of(url), *Login)
    environment = environments.hub_environment(mosquitto.found_by(settings, files))

    async def is_ready() -> bool:
        try:
            async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
                return (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success
        except httpx.TransportError:
            return False

    def process(name: str, module: str) -> Child:
        return Child(name, (sys.executable, "-P", "-m", module), environment=environment)

    return (
        process("alarm-path", "hub.processes.alarm_path"),
        process("telemetry", "hub.processes.telemetry"),
        replace(process("pages", "hub.processes.pages"), ready=is_ready),
    )


@asynccontextmanager
async def installed(url: str, data_dir: Path) -> AsyncIterator[Installation]:
    """A Mosquitto for the small centre, as the supervisor runs it."""
    triggers = (HOUSE.wang_button, HOUSE.li_button)
    secret_files.add_devices(data_dir, {device: password_of(device) for device in triggers})
    files = mosquitto.files_of(data_dir, "127.0.0.1", take_free_port())
    await mosquitto.write_files(logins.url_as(url, Login.ALARMS), data_dir, files)
    async with AsyncExitStack() as stack:
        processes = await stack.enter_async_context(Processes.open(data_dir, lambda _: None))
        await processes.start(mosquitto.child_of(mosquitto.find_program(), files))
        database = await stack.enter_async_context(Database.open(logins.url_as(url, Login.ALARMS), size=2, name="test"))
        yield Installation(url, data_dir, files, processes, database)


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[Installation]:
    """The hub, too, as a process of its own."""
    async with postgres.run_postgres(tmp_path / "database") as url:
        await asyncio.to_thread(logins.set_up, url)
        load_house(url, CLOCK.now())
        async with installed(url, tmp_path / "data") as one:
            try:
                for child in children(url, one.data_dir, one.files):
                    await one.processes.start(child)
            except NotReady as error:
                pytest.fail("\n".join((str(error), *error.last_words)))
            yield one


@pytest.fixture
async def broker(tmp_path: Path, database_url: str, house: House) -> AsyncIterator[Installation]:
    """Mosquitto alone, its files in step with the rows."""
    async with installed(database_url, tmp_path / "data") as one:
        in_step = mosquitto.sync_files(
            logins.url_as(database_url, Login.ALARMS), one.data_dir, one.files, lambda: _reload(one.processes)
        )
        async with running(lambda: in_step):
            yield one


def _reload(processes: Processes) -> None:
    if (pid := processes.pid_of("mosquitto")) is not None:
        os.kill(pid, signal.SIGHUP)


@pytest.mark.mosquitto
async def test_a_press_becomes_an_alarm_is_taken_and_the_button_says_who_comes(centre: Installation) -> None:
    async with centre.button() as button:
        await button.press()
        await until(lambda: button.light[0] is Light.STEADY)
        assert centre.rows("SELECT senior_id, kind FROM press") == [(HOUSE.wang, "press")]
        assert centre.rows("SELECT state FROM alarm") == [("open",)]

        await centre.accept()

        await until(lambda: button.light[0] is Light.COMING)
        assert "周敏" in button.light[1]
    for name in ("alarm-path", "telemetry", "mosquitto"):
        command_line = Path(f"/proc/{centre.processes.pid_of(name)}/cmdline").read_text()
        assert centre.files.hub.password not in command_line


@pytest.mark.mosquitto
async def test_presses_around_the_death_of_broker_and_hub_are_all_kept_once_and_answered(centre: Installation) -> None:
    async with centre.button() as button:
        pressed = []
        for number in range(12):
            pressed.append(await button.press())
            if number in {3, 9}:
                await centre.kill("mosquitto")
            if number == 5:
                await centre.kill("alarm-path")
        async with asyncio.timeout(60):
            while button.light[0] is not Light.STEADY:
                await asyncio.sleep(0.02)

        assert sorted(centre.rows("SELECT message_id FROM press")) == sorted((message,) for message in pressed)
        assert centre.rows("SELECT state, times_pressed FROM alarm") == [("open", 12)]
        assert centre.rows("SELECT count(*), count(DISTINCT press_id) FROM alarm_press") == [(12, 12)]
        await centre.accept()
        await until(lambda: button.light[0] is Light.COMING)


@pytest.mark.mosquitto
async def test_a_button_that_is_registered_while_mosquitto_runs_may_connect(broker: Installation) -> None:
    secret_files.add_devices(broker.data_dir, {DeviceId("b-new"): password_of("b-new")})
    broker.rows(
        "INSERT INTO device (id, centre_id, kind, name, name_en, credential_hash) "
        "SELECT 'b-new', centre_id, kind, name, name_en, sha256('b-new-secret') FROM device WHERE id = 'b-wang' "
        "RETURNING id"
    )

    async with broker.button(DeviceId("b-new")) as button:
        assert button.link.connected


@pytest.mark.mosquitto
@pytest.mark.parametrize("taken_away", ["enabled = false", "credential_hash = NULL"])
async def test_a_button_that_is_disabled_or_revoked_is_disconnected_and_its_neighbour_stays(
    broker: Installation, taken_away: str
) -> None:
    async with broker.button() as wang, broker.button(HOUSE.li_button) as li:
        broker.rows(f"UPDATE device SET {taken_away} WHERE id = 'b-wang' RETURNING id")

        await until(lambda: not wang.link.connected and wang.link.refused is not None)
        assert li.link.connected


@pytest.mark.mosquitto
async def test_a_device_that_says_the_hub_s_client_id_does_not_take_its_session(broker: Installation) -> None:
    listener = broker.files.listening.hub_listener
    assert listener is not None
    hub = Paho(listener.port, "hub-alarm", password=broker.files.hub.password, protocol=MQTTProtocolVersion.MQTTv5)
    hub.client.username_pw_set(broker.files.hub.username, broker.files.hub.password)
    thief = Paho(broker.port, "hub-alarm", protocol=MQTTProtocolVersion.MQTTv5)
    thief.client.username_pw_set(HOUSE.wang_button, password_of(HOUSE.wang_button))
    async with hub:
        await within(hub.connects.get())
        async with thief:
            code, _ = await within(thief.connects.get())
            assert not code.is_failure
            # An answer on the hub's connection, after the thief was authenticated.
            await hub.subscribe("anling/v1/+/alarm/+")

    assert (await within(hub.disconnects.get())).getName() == "Normal disconnection"


@pytest.mark.mosquitto
async def test_what_mosquitto_reads_is_for_its_owner_alone(broker: Installation) -> None:
    assert {file.stat().st_mode & 0o777 for file in broker.files.folder.iterdir()} == {0o600}
    assert mosquitto.password_file(broker.data_dir).stat().st_mode & 0o777 == 0o600


@pytest.mark.mosquitto
async def test_the_script_of_the_container_lets_mosquitto_read_again_what_changed(
    tmp_path: Path, free_port: int
) -> None:
    folder, listening = tmp_path / "broker", Listening("127.0.0.1", free_port, run_as="root")
    button = MosquittoAccount("b-01", "b-01-secret", (), ())
    path = f"{os.environ['PATH']}:/usr/sbin"
    process = await create_subprocess_exec("sh", str(RUN), str(folder), env={"PATH": path}, stderr=subprocess.DEVNULL)
    try:
        write_files(folder, listening, [button])
        await until(lambda: _answers(free_port))
        async with Paho(free_port, "b-01", protocol=MQTTProtocolVersion.MQTTv5) as client:
            code, _ = await within(client.connects.get())
            assert not code.is_failure

            write_files(folder, listening, [])

            await within(client.disconnects.get())
    finally:
        process.terminate()
        status = await within(process.wait())
    assert status == 0
    assert not _answers(free_port)


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


async def test_who_is_disabled_or_has_another_password_now_gets_no_account(database: Database, house: House) -> None:
    passwords = {
        house.wang_button: password_of(house.wang_button),
        house.li_button: "an-older-one",
        house.siren: password_of(house.siren),
        house.observer: password_of(house.observer),
        DeviceId("b-gone"): "no longer registered",
    }
    async with database.transaction() as conn:
        await conn.execute("UPDATE device SET enabled = false WHERE id = %s", (house.siren,))
        allowed = {account.username: account for account in await list_broker_accounts(conn, passwords)}

    assert list(allowed) == [house.wang_button, house.observer]
    topics = allowed[house.wang_button].may_publish
    assert f"anling/v1/{house.centre}/alarm/{house.wang_button}" in topics
    assert all(topic.endswith(f"/{house.wang_button}") for topic in topics)
    assert (allowed[house.observer].may_publish, allowed[house.observer].may_subscribe) == ((), ("anling/#",))


def test_a_mosquitto_that_is_missing_is_one_line_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoMosquitto, match=r"^Mosquitto is not installed: sudo apt install mosquitto"):
        mosquitto.find_program(elsewhere=())


def test_a_mosquitto_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "mosquitto"
    old.write_text("#!/bin/sh\necho mosquitto version 1.6.12\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoMosquitto, match=f"^{old} is older than Mosquitto 2.0"):
        mosquitto.find_program(elsewhere=())


@pytest.mark.mosquitto
async def test_files_for_a_mosquitto_of_ones_own_are_written_by_a_command(tmp_path: Path, database_url: str) -> None:
    load_house(database_url, CLOCK.now())
    data_dir, folder = tmp_path / "data", tmp_path / "broker"
    secret_files.add_devices(data_dir, {HOUSE.wang_button: password_of(HOUSE.wang_button)})
    kept_logins.save_passwords(data_dir, logins.PASSWORDS)
    url = f"postgresql:///?{urlencode(conninfo_to_dict(database_url))}"

    status, told = anling("mosquitto-files", str(folder), data_dir=data_dir, ANLING_DATABASE_URL=url)

    assert status == 0, told
    assert f"ANLING_MQTT_PASSWORD_FILE={data_dir}/secrets/broker-hub" in told
    assert "ANLING_MQTT_URL=mqtt://anling.hub@127.0.0.1:1884" in told
    users = [line.partition(":")[0] for line in (folder / "passwords").read_text().splitlines()]
    assert users == ["anling.hub", HOUSE.wang_button]
    assert mosquitto.password_file(data_dir).read_text().strip() not in told


def test_two_brokers_at_once_are_refused(tmp_path: Path) -> None:
    status, told = anling("run", "--broker", "mosquitto", data_dir=tmp_path, ANLING_MQTT_URL="mqtt://elsewhere")

    assert status == 2
    assert told.startswith("ANLING_BROKER=mosquitto (or --broker) starts one, and ANLING_MQTT_URL names another")


def test_the_demo_has_a_broker_of_its_own(tmp_path: Path) -> None:
    status, told = anling("demo", data_dir=tmp_path, ANLING_MQTT_URL="mqtt://elsewhere")

    assert status == 1
    assert told.startswith("ANLING_MQTT_URL names a broker, and the simulated devices come to this one")
    assert list(tmp_path.iterdir()) == []


def anling(*words: str, data_dir: Path, **environment: str) -> tuple[int, str]:
    """Call `./anling`, set up already; gives its exit status and everything it said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANLING_")}
    answer = subprocess.run(
        [sys.executable, "-m", "hub.cli", *words],
        cwd=ROOT,
        env={**kept, "ANLING_DATA_DIR": str(data_dir), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return answer.returncode, answer.stdout
