"""What tests of live video share: cameras, the media process, and the small centre with its video."""

import asyncio
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from hub.kit.changes import Changes
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import AccountId, DeviceId
from hub.video.remote import MediaProcess
from hub.video.service import Asker, OpenedViewing, Video
from simulators.rtsp import server
from simulators.rtsp.authentication import CameraCredentials
from simulators.rtsp.camera import Camera
from simulators.rtsp.server import Cameras
from tests.conftest import MORNING
from tests.fakes.house import House
from tests.fakes.viewer import Viewer

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Building:
    """Two cameras that can be read."""

    cameras: Cameras
    port: int

    def url(self, camera_id: str) -> str:
        return f"rtsp://viewer:secret@127.0.0.1:{self.port}/cameras/{camera_id}"


@pytest.fixture
def database(pages_database: Database) -> Database:
    """Here people change something: the pages' login."""
    return pages_database


@pytest.fixture
async def building() -> AsyncIterator[Building]:
    cameras = Cameras([Camera("cam-gym", "gym", SHANGHAI), Camera("cam-music", "music", SHANGHAI)])
    async with server.serve_rtsp(cameras, credentials=CameraCredentials("viewer", "secret")) as port:
        yield Building(cameras, port)


@dataclass(frozen=True, slots=True)
class MediaRun:
    """The media process, running."""

    socket: Path
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@contextmanager
def media_running() -> Iterator[MediaRun]:
    """A media process of its own, in a folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="anling-") as folder:
        socket = Path(folder) / "media.sock"
        with subprocess.Popen(
            [sys.executable, "-m", "hub.video.media", "--socket", str(socket)], stdout=subprocess.PIPE
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == b"ready\n", "the media process did not start"
                yield MediaRun(socket, process)
            finally:
                process.terminate()
                process.wait(10)


@pytest.fixture
def media_run() -> Iterator[MediaRun]:
    """A media process of this test alone."""
    with media_running() as run:
        yield run


@pytest.fixture(scope="package")
def shared_media_run() -> Iterator[MediaRun]:
    """One media process for the tests that leave it as they found it."""
    with media_running() as run:
        yield run


@pytest.fixture
async def media(media_run: MediaRun) -> AsyncIterator[MediaProcess]:
    """The hub's side of the media process."""
    async with asyncio.TaskGroup() as group:
        remote = MediaProcess(media_run.socket)
        running = group.create_task(remote.run())
        await asyncio.wait_for(remote.ready(), 5)
        yield remote
        running.cancel()


def session_of(account_id: str) -> bytes:
    return hashlib.sha256(account_id.encode()).digest()


@dataclass(frozen=True, slots=True)
class Centre:
    """The small centre with its video, and what tests do to it."""

    video: Video
    database: Database
    url: str
    house: House
    clock: SetClock
    running: list[asyncio.Task[None]]

    def dies(self) -> None:
        """The hub is gone from one moment to the next."""
        for task in self.running:
            task.cancel()

    def does(self, statement: str, *values: object) -> None:
        """Change rows behind the hub's back, as another process would."""
        with psycopg.connect(self.url) as conn:
            conn.execute(statement.encode(), values)

    def rows(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url) as conn:
            return conn.execute(statement.encode(), values).fetchall()

    async def ended_because(self) -> list[object]:
        """Why the viewings ended, once that is written: the picture goes dark first."""
        async with asyncio.timeout(10):
            while not all(row[0] for row in self.rows("SELECT ended_at IS NOT NULL FROM viewing")):
                await asyncio.sleep(0.02)
        return [row[0] for row in self.rows("SELECT ended_because FROM viewing")]

    def signs_in(self, account_id: str, kind: str = "family") -> Asker:
        self.does(
            "INSERT INTO session VALUES (%s, %s, %s, %s, %s, %s, %s)",
            session_of(account_id), account_id, kind, MORNING, MORNING, MORNING + 30 * MINUTE, MORNING + 60 * MINUTE,
        )  # fmt: skip
        return Asker(AccountId(account_id), self.house.centre, session_of(account_id))

    def enters(self, senior_id: str, room_id: str, at: datetime = MORNING - 20 * MINUTE) -> None:
        self.does("INSERT INTO visit VALUES (%s, %s, %s)", f"visit-{senior_id}", senior_id, at)
        self.does(
            "INSERT INTO presence VALUES (%s, %s, %s, %s, %s, 'card', %s)",
            f"presence-{senior_id}", f"visit-{senior_id}", senior_id, room_id, at, at,
        )  # fmt: skip

    def leaves(self, senior_id: str) -> None:
        self.does("UPDATE presence SET to_at = %s WHERE senior_id = %s AND to_at IS NULL", MORNING, senior_id)

    async def starts(self, one: Viewer, asker: Asker, camera_id: DeviceId, opened: OpenedViewing) -> None:
        offer = await one.offer()
        playing = await self.video.play(opened.ticket, [asker.session_id], camera_id, offer)
        await one.take(playing.answer)

    async def watches(self, one: Viewer, asker: Asker, camera_id: DeviceId) -> OpenedViewing:
        opened = await self.video.open_viewing(asker, camera_id, for_family=True)
        await self.starts(one, asker, camera_id, opened)
        await one.sees(4)
        return opened


@pytest.fixture
async def centre(
    building: Building,
    shared_media_run: MediaRun,
    database: Database,
    database_url: str,
    house: House,
    clock: SetClock,
) -> AsyncIterator[Centre]:
    changes, media = Changes(database_url), MediaProcess(shared_media_run.socket)
    video = Video(database, media, changes, clock)
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(one.run()) for one in (changes, media, video)]
        centre = Centre(video, database, database_url, house, clock, running)
        for camera_id in (house.gym_camera, house.music_camera):
            centre.does(
                "UPDATE camera_source SET address = %s WHERE device_id = %s", building.url(camera_id), camera_id
            )
        await asyncio.wait_for(changes.ready(), 5)
        await asyncio.wait_for(media.ready(), 5)
        yield centre
        centre.dies()
