"""Runs every device and every person of the simulated centre: `python -m simulators.centre --centre FILE …`.

Prints one line of JSON with the port of its control when it can be driven, and ends on SIGTERM or SIGINT.
"""

import argparse
import asyncio
import json
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from pydantic import BaseModel, TypeAdapter, ValidationError

from devices.contract.times import clock_of
from devices.program import WrongArguments, parse_broker_url, read_secret
from simulators.camera_scenes import CameraScenes
from simulators.control import build_app
from simulators.plan import read_plan
from simulators.scenario import read_scenario
from simulators.simulated_centre import CentreSimulation, Outside

_PASSWORDS = TypeAdapter(dict[str, str])


class _CameraAccount(BaseModel):
    user: str
    password: str


def main() -> None:
    """Read the arguments and live until told to stop; a wrong one ends it with one line."""
    logging.basicConfig(level=logging.WARNING)
    try:
        asyncio.run(_run_centre(_parse_arguments()))
    except (WrongArguments, OSError) as error:
        sys.exit(f"simulated centre: {error}")


async def _run_centre(arguments: argparse.Namespace) -> None:
    scenario = read_scenario(arguments.scenario) if arguments.scenario else ()
    arguments.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    listening = socket.create_server(("127.0.0.1", arguments.control_port))
    async with httpx.AsyncClient(timeout=3.0, trust_env=False) as client:
        outside = _build_outside(arguments, client)
        with CentreSimulation(read_plan(arguments.centre), outside) as house:
            server = _Server(uvicorn.Config(build_app(house), log_level="warning", access_log=False))
            sys.stdout.write(json.dumps({"control": listening.getsockname()[1]}) + "\n")
            sys.stdout.flush()
            async with asyncio.TaskGroup() as group:
                living = group.create_task(house.run(scenario))
                for number in (signal.SIGINT, signal.SIGTERM):
                    asyncio.get_running_loop().add_signal_handler(number, server.handle_exit, number, None)
                await server.serve([listening])
                living.cancel()


class _Server(uvicorn.Server):
    """Signals are this process's matter, not the web server's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _build_outside(arguments: argparse.Namespace, client: httpx.AsyncClient) -> Outside:
    try:
        passwords = _PASSWORDS.validate_json(read_secret(arguments.credentials)) if arguments.credentials else {}
        account = (
            _CameraAccount.model_validate_json(read_secret(arguments.camera_account))
            if arguments.camera_account
            else None
        )
    except ValidationError as error:
        raise WrongArguments("the files of --credentials and --camera-account: should hold JSON objects") from error
    return Outside(
        broker=parse_broker_url(arguments.hub, arguments.mqtt),
        passwords=passwords,
        data_dir=arguments.data_dir,
        clock=clock_of(),
        scenes=CameraScenes(client, arguments.cameras_control),
        rtsp=arguments.rtsp.rstrip("/"),
        camera_account=None if account is None else (account.user, account.password),
    )


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators.centre", description="A simulated centre.")
    parser.add_argument("--centre", type=Path, required=True, help="the centre's file (centre.yaml)")
    parser.add_argument("--credentials", type=Path, help="a file of mode 0600: JSON, device id to password")
    parser.add_argument("--hub", default="mqtt://127.0.0.1:1883", help="mqtt://HOST:PORT")
    parser.add_argument("--mqtt", choices=["3.1.1", "5"], default="3.1.1", help="the version of MQTT")
    parser.add_argument("--rtsp", required=True, help="rtsp://HOST:PORT of the simulated cameras")
    parser.add_argument("--cameras-control", required=True, help="http://HOST:PORT of the simulated cameras' control")
    parser.add_argument("--camera-account", type=Path, help='a file of mode 0600: {"user": …, "password": …}')
    parser.add_argument("--data-dir", type=Path, required=True, help="where the devices keep what was not answered")
    parser.add_argument("--control-port", type=int, default=0, help="where this is driven; 0: any free port")
    parser.add_argument("--scenario", type=Path, help="what happens by itself")
    return parser.parse_args()


if __name__ == "__main__":
    main()
