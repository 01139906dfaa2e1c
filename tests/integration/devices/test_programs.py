"""Can each device be run as a program of its own, and does a wrong argument end it with one line?"""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.integration.devices.hub import built_in, let_in
from tests.integration.mqtt.fakes import running_broker

PROGRAMS = ["button", "siren", "card_reader", "sensor", "camera"]


async def program(name: str, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"devices.{name}", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
async def test_each_device_says_how_it_is_run(name: str) -> None:
    process = await program(name, "--help")
    said, problem = await process.communicate()

    assert (process.returncode, problem) == (0, b"")
    assert b"--password-file" in said


async def test_a_wrong_argument_is_one_line() -> None:
    process = await program("button", "--centre", "jq", "--device", "B-01")
    _, problem = await process.communicate()

    assert process.returncode == 1
    assert problem.decode() == "--device 'B-01': should be 1 to 32 of a-z, 0-9 and -\n"


async def test_a_camera_without_an_address_is_told_in_one_line(tmp_path: Path) -> None:
    process = await program("camera", "--centre", "jq", "--device", "cam-gym", "--data-dir", str(tmp_path))
    _, problem = await process.communicate()

    assert process.returncode == 1
    assert problem.count(b"\n") == 1


async def test_a_line_typed_at_the_button_is_a_press_and_its_light_is_written(tmp_path: Path) -> None:
    async with running_broker() as bench:
        let_in(bench, "b-01")
        where = ("--centre", "jq", "--device", "b-01", "--hub", f"mqtt://127.0.0.1:{built_in(bench).port}")
        process = await program(
            "button",
            *where,
            "--data-dir",
            str(tmp_path),
            ANLING_DEVICE_PASSWORD="b-01-secret",
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"press\n")

        inbound = await bench.alarm.next()
        light = await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, problem = await process.communicate()

    assert inbound.publisher == "b-01"
    assert light == b"blinking\n"
    assert (process.returncode, problem) == (0, b"")
