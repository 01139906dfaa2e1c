"""What happens in the first three minutes of a demo that nobody touches? A press, a hot room, a dark camera."""

from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until
from tests.journeys.test_readings import readings, standing

PRESS, HOT, DARK = 40, 75, 125
"""The seconds of simulators/scenarios/first_minutes.yaml."""
ALARMS_OF_CHESS = "SELECT priority FROM alarm WHERE rule_id = 'room-hot' AND room_id = 'chess'"


def test_a_stranger_who_only_watches_sees_a_press_a_hot_room_and_a_dark_camera(untouched_centre: Demo) -> None:
    wait_until(lambda: readings(untouched_centre, "t-chess", "temperature"), within=40)
    wait_until(lambda: readings(untouched_centre, "cam-computer", "black"), within=40)

    untouched_centre.wind(PRESS)
    wait_until(lambda: untouched_centre.rows("SELECT FROM alarm WHERE device_id = 'b-07' AND priority = 'P1'"))

    untouched_centre.wind(HOT - PRESS)
    wait_until(lambda: untouched_centre.simulated().hot == ["chess"])
    untouched_centre.wind(35)  # it takes its time to get hot, and the rule its own
    wait_until(lambda: readings(untouched_centre, "t-chess", "temperature")[-1] > 32, what="it is hot")
    untouched_centre.wind(DARK - HOT - 35)
    [(priority,)] = wait_until(lambda: untouched_centre.rows(ALARMS_OF_CHESS))

    wait_until(lambda: readings(untouched_centre, "cam-computer", "black")[-1] == 1.0, within=20, what="it is dark")
    untouched_centre.wind(10)
    wait_until(lambda: standing(untouched_centre, "camera-dark", "device:cam-computer"))

    assert priority == "P2"
    assert untouched_centre.rows("SELECT FROM alarm WHERE rule_id = 'camera-dark'") == [], "a notice wakes nobody"
