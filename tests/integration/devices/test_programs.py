"""Can each device be run as a program of its own, and does a wrong argument end it with one line?"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import IO

import pytest

from devices.contract.messages import parse_message
from devices.contract.topics import Kind
from tests.integration.devices.hub import admit_devices, built_in
from tests.integration.mqtt.fakes import running_broker, until

PROGRAMS = ["button", "siren", "card_reader", "sensor", "camera"]


async def program(name: str, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await started(name, *arguments, stdin=asyncio.subprocess.PIPE, **environment)


async def started(name: str, *arguments: str, stdin: int | IO[bytes], **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"devices.{name}", *arguments,
        stdin=stdin, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
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


@pytest.mark.parametrize(("name", "more"), [("button", ()), ("card_reader", ("--room", "gym"))])
@pytest.mark.parametrize("typed", ["nothing", "a file"])
async def test_the_end_of_what_is_typed_is_said_in_one_line_and_the_device_goes_on(
    name: str, more: tuple[str, ...], typed: str, tmp_path: Path
) -> None:
    lines = tmp_path / "lines"
    lines.write_text("AD708738AE\n" if name == "card_reader" else "press\n")
    with (Path(os.devnull) if typed == "nothing" else lines).open("rb") as stdin:
        async with running_broker() as bench:
            admit_devices(bench, "b-01", also=("visit",))
            process = await started(
                name, "--centre", "jq", "--device", "b-01", "--hub", f"mqtt://127.0.0.1:{built_in(bench).port}",
                "--data-dir", str(tmp_path), *more, stdin=stdin, ANLING_DEVICE_PASSWORD="b-01-secret",
            )  # fmt: skip
            await until(lambda: bench.broker.is_connected("b-01"))
            pressed = [(await bench.alarm.next()).publisher] if typed == "a file" and name == "button" else []
            assert process.stderr is not None
            said = await process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            _, problem = await process.communicate()

    assert pressed == (["b-01"] if typed == "a file" and name == "button" else [])
    assert said.decode() == "nothing more can be typed here: standard input has ended\n"
    assert (process.returncode, problem) == (0, b"")


async def test_what_is_no_card_is_said_and_the_next_card_is_read(tmp_path: Path) -> None:
    async with running_broker() as bench:
        admit_devices(bench, "r-gym", also=("visit",))
        where = ("--centre", "jq", "--device", "r-gym", "--hub", f"mqtt://127.0.0.1:{built_in(bench).port}")
        process = await program(
            "card_reader", *where, "--room", "gym", "--data-dir", str(tmp_path), ANLING_DEVICE_PASSWORD="r-gym-secret"
        )
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write("12\n;6222020=1?\n王桂兰\nAD708738AE\n".encode())

        said = [await process.stderr.readline() for _ in range(3)]
        async with asyncio.timeout(20):
            while "/visit/" not in (inbound := await bench.telemetry.got.get()).topic:
                pass
        process.send_signal(signal.SIGTERM)

        assert await process.wait() == 0
    visit = parse_message(Kind.VISIT, inbound.payload)
    assert said == [b"not a card\n"] * 3
    assert (visit.token, visit.room) == ("AD708738AE", "gym")


async def test_a_reader_in_a_room_that_cannot_be_is_told_at_once(tmp_path: Path) -> None:
    process = await program(
        "card_reader", "--centre", "jq", "--device", "r-gym", "--room", "Gym", "--data-dir", str(tmp_path)
    )
    _, problem = await process.communicate()

    assert process.returncode == 1
    assert problem.decode() == "--room 'Gym': should be 1 to 32 of a-z, 0-9 and -\n"


async def test_a_line_typed_at_the_button_is_a_press_and_its_light_is_written(tmp_path: Path) -> None:
    async with running_broker() as bench:
        admit_devices(bench, "b-01")
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
        lights = [await process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        await process.wait()  # before what is typed ends, too
        _, problem = await process.communicate()

    assert inbound.publisher == "b-01"
    assert lights == [b"dark\n", b"blinking\n"]
    assert (process.returncode, problem) == (0, b"")
