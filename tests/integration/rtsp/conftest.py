"""What tests of the simulated cameras share: a server with one camera."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from simulators.rtsp import control, server
from simulators.rtsp.authentication import CameraCredentials
from simulators.rtsp.camera import Camera
from simulators.rtsp.server import Cameras

GYM = "cam-gym"


@dataclass(frozen=True, slots=True)
class Serving:
    """Cameras that can be read now."""

    cameras: Cameras
    port: int
    control_port: int

    @property
    def camera(self) -> Camera:
        return self.cameras.by_id[GYM]

    def url(self, stream: str = "", *, password: str = "secret") -> str:
        return f"rtsp://viewer:{password}@127.0.0.1:{self.port}/cameras/{GYM}{stream}"

    def door(self, path: str) -> str:
        return f"http://127.0.0.1:{self.control_port}{path}"


@pytest.fixture
async def serving() -> AsyncIterator[Serving]:
    cameras = Cameras([Camera(GYM, "gym", ZoneInfo("Asia/Shanghai"))])
    async with (
        server.serve_rtsp(cameras, credentials=CameraCredentials("viewer", "secret")) as port,
        control.serve_control(cameras) as control_port,
    ):
        yield Serving(cameras, port, control_port)
