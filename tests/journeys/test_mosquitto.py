"""What becomes of a press while the Mosquitto between devices and hub dies? Others run behind it, too: see conftest."""

from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until


def test_a_press_while_mosquitto_is_killed_is_heard_once_and_answered(centre: Demo) -> None:
    caller = centre.free.senior()
    pid = centre.kill("mosquitto")
    centre.press(caller.button)

    shown = centre.ringing("sw-1", caller)
    assert centre.take("sw-1", shown) == {"code": "accepted"}

    wait_until(lambda: centre.light(caller.button).text == "孙丽正在赶来", within=30)
    assert centre.rows("SELECT times_pressed FROM alarm WHERE id = %s", shown.alarm_id) == [(1,)]
    assert centre.pid_of("mosquitto") != pid
