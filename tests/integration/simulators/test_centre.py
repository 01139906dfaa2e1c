"""Does the simulated centre live, and does it do what the stage asks? A process of its own, a broker, cameras."""

import asyncio
import json
import os
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest

import simulators
from devices.contract.kinds import KindOfDevice
from devices.contract.messages import Ack, AckStatus, AlarmKind, parse_message, serialize_message
from devices.contract.topics import Kind, build_topic, parse_topic
from hub.mqtt.model import Principal
from simulators.plan import read_plan
from simulators.rtsp import control, server
from simulators.rtsp.camera import Camera, Fault
from simulators.rtsp.server import Cameras
from simulators.stage.model import SimulatedState
from tests.integration.mqtt.fakes import Bench, running_broker, until

pytestmark = pytest.mark.long

CENTRE = Path(simulators.__file__).with_name("centre.yaml")
PLAN = read_plan(CENTRE)
ALARM = "a-01jdbhqm2ys2v0w8f7z6k5n4m3"


@dataclass(frozen=True, slots=True)
class Centre:
    """A simulated centre that runs in its own process."""

    bench: Bench
    cameras: Cameras
    client: httpx.AsyncClient

    async def state(self) -> SimulatedState:
        return SimulatedState.model_validate_json((await self.client.get("/state")).content)

    async def ask(self, path: str, **asked: object) -> httpx.Response:
        return await self.client.post(path, json=asked)

    async def light(self, device_id: str) -> str:
        return (await self.state()).buttons[device_id].light

    async def light_becomes(self, device_id: str, light: str) -> None:
        async with asyncio.timeout(20):
            while await self.light(device_id) != light:
                await asyncio.sleep(0.05)


def principal(device_id: str) -> Principal:
    return Principal(
        device_id,
        tuple(
            build_topic(PLAN.centre, kind, device_id)
            for kind in (Kind.ALARM, Kind.TELE, Kind.VISIT, Kind.STATUS, Kind.DONE)
        ),
        tuple(build_topic(PLAN.centre, kind, device_id) for kind in (Kind.ACK, Kind.CUE, Kind.CMD)),
        "1",
    )


def secret(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    return path


@asynccontextmanager
async def living(folder: Path, *more: str) -> AsyncIterator[Centre]:
    cameras = Cameras(
        [Camera(one.id, one.room or "", ZoneInfo("Asia/Shanghai")) for one in PLAN.of_kind(KindOfDevice.CAMERA)]
    )
    async with (
        running_broker() as bench,
        server.serve_rtsp(cameras) as rtsp,
        control.serve_control(cameras) as port,
    ):
        bench.rows.principals.update({device_id: principal(device_id) for device_id in PLAN.devices})
        passwords = secret(folder / "passwords.json", {device_id: f"{device_id}-secret" for device_id in PLAN.devices})
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "simulators.centre",
            "--centre", str(CENTRE), "--credentials", str(passwords), "--data-dir", str(folder / "devices"),
            "--hub", f"mqtt://127.0.0.1:{bench.broker.port}", "--rtsp", f"rtsp://127.0.0.1:{rtsp}",
            "--cameras-control", f"http://127.0.0.1:{port}", *more,
            stdout=asyncio.subprocess.PIPE, env=dict(os.environ),
        )  # fmt: skip
        assert process.stdout is not None
        try:
            async with asyncio.timeout(30):
                said = json.loads(await process.stdout.readline())
            address = f"http://127.0.0.1:{said['control']}"
            async with httpx.AsyncClient(base_url=address, timeout=10, trust_env=False) as client:
                yield Centre(bench, cameras, client)
        finally:
            if process.returncode is None:
                process.terminate()
            assert await process.wait() == 0


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[Centre]:
    async with living(tmp_path) as running:
        yield running


async def test_every_device_comes_online_and_everybody_is_somewhere(centre: Centre) -> None:
    devices = {device.id for device in PLAN.devices.values() if device.kind != "observer"}
    await until(lambda: all(centre.bench.broker.is_connected(device_id) for device_id in devices))

    state = await centre.state()

    assert set(state.buttons) == {device.id for device in PLAN.of_kind(KindOfDevice.BUTTON, KindOfDevice.PULL_CORD)}
    assert set(state.seniors) == set(PLAN.seniors)
    assert {button.light for button in state.buttons.values()} == {"dark"}


async def test_a_click_on_the_stage_is_a_press_of_the_device(centre: Centre) -> None:
    answer = await centre.ask("/devices/b-01/press")
    inbound = await centre.bench.alarm.next()
    press = parse_message(Kind.ALARM, inbound.payload)
    assert await centre.light("b-01") == "blinking"

    ack = Ack(id=press.id, status=AckStatus.COMMITTED, alarm=ALARM)
    await centre.bench.broker.publish(build_topic(PLAN.centre, Kind.ACK, "b-01"), serialize_message(ack))
    await centre.light_becomes("b-01", "steady")

    assert (press.kind, press.id) == (AlarmKind.PRESS, answer.json()["id"])
    assert inbound.publisher == "b-01"


async def test_while_the_line_is_cut_a_press_blinks_and_arrives_later(centre: Centre) -> None:
    await until(lambda: centre.bench.broker.is_connected("b-01"))
    await centre.ask("/line/cut", on=True)
    await until(lambda: not centre.bench.broker.is_connected("b-01"))

    pressed = (await centre.ask("/devices/b-01/press")).json()["id"]
    assert await centre.light("b-01") == "blinking"
    assert (await centre.state()).line_cut
    await centre.ask("/line/cut", on=False)

    assert parse_message(Kind.ALARM, (await centre.bench.alarm.next()).payload).id == pressed


async def test_a_hot_room_is_hot_and_a_dark_camera_dark(centre: Centre) -> None:
    await centre.ask("/rooms/gym/hot", on=True)
    await centre.ask("/cameras/cam-music/dark", on=True)

    state = await centre.state()
    assert (state.hot, state.dark) == (["gym"], ["cam-music"])
    assert centre.cameras.by_id["cam-music"].fault is Fault.BLACK
    async with asyncio.timeout(40):
        while True:
            inbound = await centre.bench.telemetry.got.get()
            parsed = parse_topic(inbound.topic)
            if parsed is not None and (parsed.device, parsed.kind) == ("t-gym", Kind.TELE):
                tele = parse_message(Kind.TELE, inbound.payload)
                if {one.name: one.value for one in tele.readings}["temperature"] > 26:
                    break

    await centre.ask("/cameras/cam-music/dark", on=False)
    assert centre.cameras.by_id["cam-music"].fault is None


async def test_somebody_who_is_sent_to_a_room_shows_her_card_there(centre: Centre) -> None:
    await centre.ask("/seniors/s-06/go", room="music")

    await card_of(centre, "s-06", "music", known=set())


async def test_somebody_who_is_back_at_once_shows_her_card_until_the_reader_takes_it(centre: Centre) -> None:
    known: set[str] = set()
    for room in ("music", "gym") * 3:
        await centre.ask("/seniors/s-06/go", room=room)

        await card_of(centre, "s-06", room, known)


async def card_of(centre: Centre, senior: str, room: str, known: set[str]) -> None:
    """Wait until the broker gets this senior's card from the reader of a room, in a message that is not yet known."""
    async with asyncio.timeout(20):
        while True:
            inbound = await centre.bench.telemetry.got.get()
            if inbound.topic == build_topic(PLAN.centre, Kind.VISIT, f"r-{room}"):
                visit = parse_message(Kind.VISIT, inbound.payload)
                if visit.token == PLAN.seniors[senior].card_token and visit.id not in known:
                    assert visit.room == room
                    known.add(visit.id)
                    return


async def test_what_makes_no_sense_is_refused(centre: Centre) -> None:
    assert (await centre.ask("/devices/t-gym/press")).status_code == 404
    assert (await centre.ask("/rooms/attic/hot", on=True)).status_code == 404
    assert (await centre.ask("/rooms/gym/hot", on="yes")).status_code == 422
    assert (await centre.client.post("/line/cut", content=b'{"on":true}')).status_code == 415
    assert (await centre.client.get("/state", headers={"host": "evil.example"})).status_code == 400


async def test_untouched_the_scenario_happens(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        "schema: anling.scenario/1\nsteps:\n  - {at: 1, press: b-07}\n  - {at: 1, hot: gym, lasts: 60}\n"
    )
    async with living(tmp_path, "--scenario", str(scenario)) as centre:
        inbound = await centre.bench.alarm.next()
        assert (await centre.state()).hot == ["gym"]

        await centre.ask("/devices/b-01/press")
        async with asyncio.timeout(10):
            while (await centre.state()).hot:
                await asyncio.sleep(0.05)

    assert inbound.publisher == "b-07"


async def test_a_damaged_outbox_of_one_device_keeps_no_other_from_living(tmp_path: Path) -> None:
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "b-01.outbox").write_text("no database")
    async with living(tmp_path) as centre:
        pressed = (await centre.ask("/devices/b-01/press")).json()["id"]

        assert parse_message(Kind.ALARM, (await centre.bench.alarm.next()).payload).id == pressed


async def test_a_file_of_passwords_that_others_can_read_is_refused_in_one_line(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords.json"
    passwords.write_text("{}")
    passwords.chmod(0o644)

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators.centre", "--centre", str(CENTRE), "--credentials", str(passwords),
        "--rtsp", "rtsp://127.0.0.1:1", "--cameras-control", "http://127.0.0.1:1", "--data-dir", str(tmp_path),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()

    assert process.returncode == 1
    assert said.decode().count("\n") == 1
    assert "chmod 600" in said.decode()
