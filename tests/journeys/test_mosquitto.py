"""Does the line hold behind a Mosquitto, too? The demo with `--broker mosquitto`, from the button to the phone."""

from collections.abc import Iterator

import pytest

from tests.fakes.demo import Demo, demo_running, until

pytestmark = pytest.mark.mosquitto


@pytest.fixture(scope="module")
def running_behind_mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_running(tmp_path_factory.mktemp("centre"), ANLING_BROKER="mosquitto") as demo:
        yield demo


@pytest.fixture
def centre(running_behind_mosquitto: Demo) -> Demo:
    running_behind_mosquitto.make_quiet()
    return running_behind_mosquitto


def test_a_press_rings_on_the_phone_and_whoever_takes_it_is_named_by_the_button(centre: Demo) -> None:
    centre.press("b-06")
    until(lambda: (centre.light("b-06").light, centre.light("b-06").text) == ("steady", "听到了,有人来"))

    answer = centre.take("sw-1", centre.ringing("sw-1", "杨爷爷"))

    assert answer == {"code": "accepted"}
    until(lambda: (centre.light("b-06").light, centre.light("b-06").text) == ("coming", "孙丽正在赶来"))


def test_a_press_while_mosquitto_is_killed_is_heard_once_and_answered(centre: Demo) -> None:
    pid = centre.kill("mosquitto")
    centre.press("b-09")

    shown = centre.ringing("sw-1", "马奶奶")
    assert centre.take("sw-1", shown) == {"code": "accepted"}

    until(lambda: centre.light("b-09").text == "孙丽正在赶来", within=30)
    assert centre.rows("SELECT times_pressed FROM alarm WHERE id = %s", shown.alarm_id) == [(1,)]
    assert centre.pid_of("mosquitto") != pid


def test_readings_cameras_and_card_readers_come_in_by_the_same_way(centre: Demo) -> None:
    centre.is_in("s-02", "gym")

    until(lambda: centre.rows("SELECT 1 FROM reading LIMIT 1") == [(1,)], within=30)
    until(lambda: centre.rows("SELECT DISTINCT state FROM device WHERE kind = 'camera'") == [("online",)])
