"""Does a camera's agent say in numbers what is wrong with a real H.264 picture over RTSP?"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from devices.camera import CameraAgent, Pace, ReaderDied
from devices.contract.messages import TeleMessage, parse_message
from devices.contract.times import DeviceSystemClock
from devices.contract.topics import Kind
from simulators.rtsp import server
from simulators.rtsp.authentication import CameraCredentials
from simulators.rtsp.camera import Camera, Fault
from simulators.rtsp.server import Cameras
from tests.fakes.cameras import listen_elsewhere, run_scripted_camera
from tests.integration.devices.hub import admit_devices, built_in, identity
from tests.integration.mqtt.fakes import Bench, running, running_broker, until

pytestmark = pytest.mark.long

QUICK = Pace(look_every=0.5, say_every=1.0, silent_after=2.5)
ACCOUNT = CameraCredentials("viewer", "secret")


@dataclass(frozen=True, slots=True)
class Watched:
    """A camera whose agent runs."""

    camera: Camera
    bench: Bench

    async def said(self, name: str, value: float) -> Mapping[str, float]:
        """The first report in which `name` has this value."""
        async with asyncio.timeout(30):
            while True:
                report = await self.next()
                if report.get(name) == value:
                    return report

    async def next(self) -> Mapping[str, float]:
        return await next_report(self.bench)

    def break_with(self, fault: Fault | None) -> None:
        self.camera.break_with(fault, time.time())


async def next_report(bench: Bench) -> Mapping[str, float]:
    """The next report, by name."""
    while True:
        inbound = await bench.telemetry.got.get()
        if "/tele/" in inbound.topic:
            tele = parse_message(Kind.TELE, inbound.payload)
            assert isinstance(tele, TeleMessage)
            return {reading.name: reading.value for reading in tele.readings}


@asynccontextmanager
async def watched(stream: str = "/sub", occupancy: int = 3, *, offers_sound: bool = False) -> AsyncIterator[Watched]:
    camera = Camera("cam-gym", "gym", ZoneInfo("Asia/Shanghai"), occupancy=occupancy, offers_sound=offers_sound)
    async with (
        running_broker() as bench,
        server.serve_rtsp(Cameras([camera]), credentials=ACCOUNT) as port,
    ):
        admit_devices(bench, "cam-gym")
        url = f"rtsp://viewer:secret@127.0.0.1:{port}/gym{stream}"
        agent = CameraAgent(built_in(bench), identity("cam-gym"), DeviceSystemClock(), url, pace=QUICK)
        async with running(agent.run):
            yield Watched(camera, bench)


async def test_a_healthy_camera_is_neither_black_nor_frozen_nor_moved() -> None:
    async with watched() as gym:
        report = await gym.said("black", 0.0)

    assert (report["frozen"], report["moved"]) == (0.0, 0.0)
    assert report["last_frame_age"] < 3


async def test_the_microphone_of_a_camera_is_never_asked_for() -> None:
    async with watched(offers_sound=True) as gym:
        await gym.said("black", 0.0)

    assert set(gym.camera.set_up) == {"track1"}


@pytest.mark.parametrize("stream", ["/sub", ""])
async def test_a_covered_lens_is_said_at_once_and_so_is_its_end(stream: str) -> None:
    async with watched(stream) as gym:
        await gym.said("black", 0.0)
        gym.break_with(Fault.BLACK)
        began = time.monotonic()
        await gym.said("black", 1.0)
        took = time.monotonic() - began
        gym.break_with(None)
        again = await gym.said("black", 0.0)

    assert took < 6
    assert again["moved"] == 0.0


async def test_a_frozen_picture_is_told_from_a_still_room() -> None:
    async with watched(occupancy=0) as gym:
        await gym.said("frozen", 0.0)
        still = await gym.next()
        gym.break_with(Fault.FREEZE)
        await gym.said("frozen", 1.0)

    assert still["frozen"] == 0.0


async def test_of_a_picture_that_does_not_come_nothing_is_said() -> None:
    async with watched() as gym:
        await gym.said("black", 0.0)
        gym.break_with(Fault.STALL)
        async with asyncio.timeout(20):
            while "black" in (report := await gym.next()):
                pass

    assert report["last_frame_age"] >= 2.5


async def test_a_camera_that_comes_back_is_seen_again() -> None:
    async with watched() as gym:
        await gym.said("black", 0.0)
        gym.break_with(Fault.REFUSE)
        async with asyncio.timeout(20):
            while "black" in await gym.next():
                pass
        gym.break_with(None)

        assert (await gym.said("black", 0.0))["frozen"] == 0.0


async def test_a_camera_that_sends_its_agent_on_is_not_followed_and_counts_as_one_that_cannot_be_read() -> None:
    with listen_elsewhere() as other:
        sent_on = f"RTSP/1.0 302 Moved\r\nLocation: rtsp://127.0.0.1:{other.port}/gym\r\n\r\n"
        async with running_broker() as bench, run_scripted_camera({"DESCRIBE": sent_on}) as camera:
            admit_devices(bench, "cam-gym")
            agent = CameraAgent(built_in(bench), identity("cam-gym"), DeviceSystemClock(), camera.url(), pace=QUICK)
            async with running(agent.run):
                await until(lambda: len(camera.asked) >= 4)  # it has tried, and tried again
                report = await asyncio.wait_for(next_report(bench), 10)

        assert not other.was_visited
    assert report["frames_per_second"] == 0
    assert "black" not in report


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_an_agent_whose_reader_has_died_by_a_defect_ends_rather_than_say_nothing_for_ever() -> None:
    no_address = "rtsp://\ud800/"  # nothing that can be looked up, and not one of the errors the reader knows
    async with running_broker() as bench:
        admit_devices(bench, "cam-gym")
        agent = CameraAgent(built_in(bench), identity("cam-gym"), DeviceSystemClock(), no_address, pace=QUICK)
        with pytest.RaisesGroup(ReaderDied):
            async with asyncio.timeout(20):
                await agent.run()


async def test_nobody_is_not_said_to_be_there_before_the_first_count() -> None:
    async with watched(occupancy=4) as gym:
        first = await gym.said("black", 0.0)
        second = await gym.next()

    assert "occupancy" not in first
    assert "occupancy" in second


async def test_people_who_walk_about_are_motion_and_occupancy() -> None:
    async with watched(occupancy=4) as gym:
        await gym.said("black", 0.0)
        async with asyncio.timeout(40):
            while (report := await gym.next()).get("occupancy", 0.0) < 2:
                pass

    assert report["motion"] > 0
