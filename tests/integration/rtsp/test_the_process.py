"""Whether the process of all simulated cameras starts from the centre's file and keeps its password."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av
import httpx
import pytest

FAST = {"rtsp_transport": "tcp", "probesize": "32", "analyzeduration": "0"}
CENTRE = Path(__file__).parents[3] / "simulators" / "centre.yaml"


@asynccontextmanager
async def process(*options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators.rtsp", "--centre", str(CENTRE), *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
        await asyncio.wait_for(started.communicate(), 10)


def secret(folder: Path, mode: int) -> Path:
    file = folder / "cameras.json"
    file.write_text(json.dumps({"user": "viewer", "password": "secret"}))
    file.chmod(mode)
    return file


def first_size(url: str) -> tuple[int, int]:
    with av.open(url, options=FAST, timeout=(5, 5)) as container:
        frame = next(container.decode(video=0))
        return frame.width, frame.height


async def test_every_camera_of_the_centre_is_served_by_its_id_and_by_its_room(tmp_path: Path) -> None:
    async with process("--credentials", str(secret(tmp_path, 0o600))) as started:
        assert started.stdout is not None
        ports = json.loads(await asyncio.wait_for(started.stdout.readline(), 20))
        async with httpx.AsyncClient() as client:
            cameras = (await client.get(f"http://127.0.0.1:{ports['control']}/cameras")).json()

        address = f"rtsp://viewer:secret@127.0.0.1:{ports['rtsp']}"
        by_id = await asyncio.to_thread(first_size, f"{address}/cameras/{cameras[0]['id']}")
        by_room = await asyncio.to_thread(first_size, f"{address}/{cameras[0]['room_id']}")

    assert len(cameras) == 6
    assert by_id == by_room == (640, 360)
    assert all(camera["encoded"] == {"main": 0, "sub": 0} for camera in cameras)


async def test_a_password_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    async with process("--credentials", str(secret(tmp_path, 0o644))) as started:
        _, said = await asyncio.wait_for(started.communicate(), 20)

    assert started.returncode == 1
    assert b"chmod 600" in said
    assert b"Traceback" not in said


@pytest.mark.parametrize("port", ["not-a-port"])
async def test_a_wrong_option_is_one_clear_line(port: str) -> None:
    async with process("--port", port) as started:
        _, said = await asyncio.wait_for(started.communicate(), 20)

    assert started.returncode == 2
    assert b"--port" in said
