"""Is the demo's centre what the product says: twelve rooms, forty seniors, and nobody watched where nobody may be?"""

from pathlib import Path

import pytest

import simulators
from devices.contract.kinds import KindOfDevice
from simulators.plan import PlannedDevice, read_plan
from simulators.simulated_centre import fill_address

PLAN = read_plan(Path(simulators.__file__).with_name("centre.yaml"))


def test_there_are_forty_seniors_each_with_her_button() -> None:
    buttons = PLAN.of_kind(KindOfDevice.BUTTON)

    assert len(PLAN.seniors) == 40
    assert sorted(button.senior or "" for button in buttons) == sorted(PLAN.seniors)


def test_there_are_six_cameras_and_a_reader_and_a_sensor_in_each_room() -> None:
    rooms = {*PLAN.living.rooms, "duty"}

    assert len(PLAN.of_kind(KindOfDevice.CAMERA)) == 6
    assert len(rooms) == 12
    assert {sensor.room for sensor in PLAN.of_kind(KindOfDevice.SENSOR)} == rooms
    assert all(PLAN.reader_in(room) for room in rooms)


def test_every_senior_has_a_card_of_her_own() -> None:
    tokens = {senior.card_token for senior in PLAN.seniors.values()}

    assert None not in tokens
    assert len(tokens) == 40


def test_the_daughter_s_mother_is_the_one_who_is_always_seen() -> None:
    assert PLAN.living.mother == "s-01"


def test_the_demo_never_closes() -> None:
    assert PLAN.living.opens == PLAN.living.closes


def test_an_agent_reads_the_small_stream_with_the_cameras_account() -> None:
    small = PLAN.devices["cam-gym"].small_picture

    assert fill_address(small, "rtsp://127.0.0.1:8554", ("viewer", "s/e@c")) == (
        "rtsp://viewer:s%2Fe%40c@127.0.0.1:8554/gym/sub"
    )
    assert fill_address("rtsp://10.0.0.5/gym/sub", "rtsp://ignored", None) == "rtsp://10.0.0.5/gym/sub"


@pytest.mark.parametrize(
    ("given", "small"),
    [
        ({"sources": {"main": "rtsp://10.0.0.5/1", "sub": "rtsp://10.0.0.5/2"}}, "rtsp://10.0.0.5/2"),
        ({"sources": {"main": "rtsp://10.0.0.5/1"}}, "rtsp://10.0.0.5/1/sub"),
        ({"rtsp_url": "rtsp://10.0.0.5/1"}, "rtsp://10.0.0.5/1/sub"),
    ],
)
def test_the_small_picture_of_a_camera_is_where_its_file_says_or_below_the_large_one(
    given: dict[str, object], small: str
) -> None:
    camera = PlannedDevice.model_validate({"id": "cam", "kind": "camera", **given})

    assert camera.small_picture == small
