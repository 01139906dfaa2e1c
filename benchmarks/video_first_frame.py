"""How long does a viewer wait for her first picture, and what does she cost?

    python -m benchmarks.video_first_frame

Runs a simulated camera, the media process and aiortc viewers on this machine (Linux). The wait is from making the offer
to the first decoded picture, connection and decoder included; the ratio of warm to cold says what the kept pictures are
worth. The cost is the media process's CPU time a viewer-minute, which hardly depends on how busy the machine is.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from hub.video.engine import Open, Renew
from hub.video.model import RENEW_SECONDS, Picture
from hub.video.remote import MediaProcess
from simulators.rtsp import server
from simulators.rtsp.camera import Camera
from simulators.rtsp.server import Cameras

WARM_TRIES = 40
COLD_TRIES = 8
VIEWERS = 6
SECONDS = 10.0


class Bench:
    """A camera, a media process, and leases that are kept."""

    def __init__(self, media: MediaProcess, port: int) -> None:
        self._media = media
        self._port = port
        self.viewings: list[str] = []

    async def keep(self) -> None:
        """Renew the leases of all viewings until cancelled."""
        while True:
            await self._media.renew(Renew(pictures=dict.fromkeys(self.viewings, Picture.CLEAR), as_of=time.monotonic()))
            await asyncio.sleep(RENEW_SECONDS)

    async def watch(self, camera_id: str) -> tuple[RTCPeerConnection, float]:
        """Open a viewing; gives the connection and the seconds to the first decoded picture."""
        pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        pc.addTransceiver("video", direction="recvonly")
        begun = time.perf_counter()
        await pc.setLocalDescription(await pc.createOffer())
        viewing_id = f"v-{len(self.viewings)}"
        opening = Open(
            viewing_id=viewing_id,
            camera_id=camera_id,
            address=f"rtsp://127.0.0.1:{self._port}/cameras/{camera_id}",
            picture=Picture.CLEAR,
            as_of=time.monotonic(),
            held_seconds=3600,
            offer=pc.localDescription.sdp,
        )
        answer = (await self._media.open(opening)).sdp
        self.viewings.append(viewing_id)
        await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await pc.getReceivers()[0].track.recv()
        return pc, time.perf_counter() - begun


async def measure_cold(bench: Bench) -> list[float]:
    """The wait at cameras that nobody watched before."""
    waits = []
    for number in range(COLD_TRIES):
        pc, wait = await bench.watch(f"cold-{number}")
        waits.append(wait)
        await pc.close()
    return waits


async def measure_warm(bench: Bench) -> list[float]:
    """The wait at a camera that somebody watches already."""
    first, _ = await bench.watch("warm")
    waits = []
    for _ in range(WARM_TRIES):
        await asyncio.sleep(0.11)  # another place in the GOP each time
        pc, wait = await bench.watch("warm")
        waits.append(wait)
        await pc.close()
    await first.close()
    return waits


async def measure_cpu_cost(bench: Bench, pid: int) -> float:
    """CPU seconds of the media process a viewer-minute, the camera's one reader included."""
    watching = [(await bench.watch("warm"))[0] for _ in range(VIEWERS)]
    before = cpu_seconds(pid)
    await asyncio.sleep(SECONDS)
    used = cpu_seconds(pid) - before
    for pc in watching:
        await pc.close()
    return used / VIEWERS / SECONDS * 60


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, in user and system mode."""
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """What a process holds in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def main() -> None:
    """Measure and print."""
    names = ["warm", *(f"cold-{number}" for number in range(COLD_TRIES))]
    cameras = Cameras([Camera(name, "gym", ZoneInfo("Asia/Shanghai")) for name in names])
    with tempfile.TemporaryDirectory(prefix="anling-") as folder:
        async with server.serve_rtsp(cameras) as port:
            await _run_with_media(Path(folder) / "media.sock", port, measure_all)


async def measure_all(bench: Bench, pid: int) -> None:
    """One run."""
    colds, warms = await measure_cold(bench), await measure_warm(bench)
    a_minute = await measure_cpu_cost(bench, pid)
    for name, waits in (("cold", colds), ("warm", warms)):
        worst = statistics.quantiles(waits, n=20)[-1]
        _print_line(
            f"first picture, {name} camera: p50 {statistics.median(waits) * 1000:.0f} ms, p95 {worst * 1000:.0f} ms"
        )
    _print_line(f"warm / cold: {statistics.median(warms) / statistics.median(colds):.2f}")
    _print_line(f"media process: {a_minute:.2f} CPU s a viewer-minute, {resident_mb(pid):.0f} MB")


async def _run_with_media(socket: Path, port: int, measure: Callable[[Bench, int], Awaitable[None]]) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub.video.media", "--socket", str(socket)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    try:
        async with asyncio.TaskGroup() as group:
            media = MediaProcess(socket)
            bench = Bench(media, port)
            running = [group.create_task(media.run())]
            await media.ready()
            running.append(group.create_task(bench.keep()))
            await measure(bench, process.pid)
            for task in running:
                task.cancel()
    finally:
        process.terminate()
        await process.wait()


def _print_line(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    asyncio.run(main())
