"""The process of all simulated cameras: `python -m simulators.rtsp --centre simulators/centre.yaml`.

Prints one line of JSON with its ports when it can be read, and ends on SIGTERM or SIGINT.
The account of the cameras is ANLING_CAMERA_USER and ANLING_CAMERA_PASSWORD, or a JSON file of mode 0600.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from devices.contract.kinds import KindOfDevice
from simulators.rtsp import control, server
from simulators.rtsp.authentication import CameraCredentials
from simulators.rtsp.camera import Camera
from simulators.rtsp.server import Cameras


def main() -> None:
    """Read the centre's file and serve its cameras until told to stop."""
    options = _parse_options()
    try:
        asyncio.run(_run_cameras(options))
    except OSError as error:
        sys.exit(f"simulated cameras: {error}")


def cameras_of(centre: Path) -> list[Camera]:
    """The cameras in the centre's file, each with its room. Raises KeyError for a file of another shape."""
    said = yaml.safe_load(centre.read_text(encoding="utf-8"))
    timezone = ZoneInfo(said["centre"]["timezone"])
    return [
        Camera(device["id"], device["room"], timezone)
        for device in said["devices"]
        if device["kind"] == KindOfDevice.CAMERA
    ]


def read_credentials(file: Path | None) -> CameraCredentials | None:
    """The account of the cameras; None: anybody may read. Raises PermissionError for a file that others can read."""
    if file is None:
        user, password = os.environ.get("ANLING_CAMERA_USER"), os.environ.get("ANLING_CAMERA_PASSWORD")
        return CameraCredentials(user, password) if user and password else None
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise PermissionError(f"{file} holds a password and can be read by others: chmod 600 {file}")
    said = json.loads(file.read_text(encoding="utf-8"))
    return CameraCredentials(said["user"], said["password"])


async def _run_cameras(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    cameras = Cameras(cameras_of(options.centre))
    known = read_credentials(options.credentials)
    async with (
        server.serve_rtsp(cameras, host=options.host, port=options.port, credentials=known) as port,
        control.serve_control(cameras, port=options.control_port) as control_port,
    ):
        sys.stdout.write(json.dumps({"rtsp": port, "control": control_port}) + "\n")
        sys.stdout.flush()
        await stop.wait()


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators.rtsp", description="Simulated room cameras.")
    parser.add_argument("--centre", type=Path, required=True, help="the centre's file (centre.yaml)")
    parser.add_argument("--host", default="127.0.0.1", help="where RTSP listens")
    parser.add_argument("--port", type=int, default=0, help="the RTSP port; 0: any free one")
    parser.add_argument("--control-port", type=int, default=0, help="the port that faults are set at; 0: any free one")
    parser.add_argument("--credentials", type=Path, help='a file of mode 0600 with {"user": …, "password": …}')
    return parser.parse_args()


if __name__ == "__main__":
    main()
