"""What survives `kill -9`? Each part of the running centre in turn, and what was under way when it fell."""

import pytest

from tests.fakes.demo import Demo
from tests.fakes.free import FreeSenior
from tests.fakes.waiting import wait_until
from tests.journeys.test_readings import hot_alarms, readings


def runs_again(centre: Demo, name: str, killed: int) -> None:
    """Wait until the supervisor has started a part again, and the whole works."""
    wait_until(lambda: centre.pid_of(name) != killed, within=30, what=f"{name} is started again")
    wait_until(centre.is_ready, within=30, what=f"the hub works after {name} was killed")
    wait_until(lambda: centre.simulated().connected == len(centre.simulated().buttons), within=30)
    wait_until(centre.phones, within=30)


def is_on_the_phone(centre: Demo, caller: FreeSenior) -> None:
    """Wait until the one alarm of this caller is on the duty social worker's phone, and her button says so."""
    wait_until(lambda: centre.light(caller.button).text == "听到了，有人来", within=30)
    [alarm_id] = centre.free.alarms_of(caller)
    wait_until(lambda: [shown for shown in centre.phones()["sw-1"] if shown.alarm_id == alarm_id], within=30)


@pytest.mark.parametrize("name", ["media", "phones", "cameras", "centre", "telemetry", "pages"])
def test_a_part_that_is_killed_comes_back_and_a_press_afterwards_arrives(centre: Demo, name: str) -> None:
    caller = centre.free.senior()
    runs_again(centre, name, centre.kill(name))

    centre.press(caller.button)

    is_on_the_phone(centre, caller)


def test_when_the_database_is_killed_a_press_meanwhile_and_one_afterwards_arrive_once(centre: Demo) -> None:
    first, second = centre.free.seniors(2)
    killed = centre.kill("postgres")
    meanwhile = centre.press(first.button)
    runs_again(centre, "postgres", killed)
    afterwards = centre.press(second.button)

    is_on_the_phone(centre, first)
    is_on_the_phone(centre, second)
    assert (centre.free.presses_of(first), centre.free.presses_of(second)) == ([meanwhile], [afterwards])


def test_when_alarm_path_and_telemetry_are_killed_presses_arrive_once_alarms_climb_and_a_waiting_rule_fires_once(
    centre: Demo,
) -> None:
    room, (first, second) = centre.free.room(), centre.free.seniors(2)
    wait_until(lambda: readings(centre, room.sensor, "temperature"), within=40)
    centre.heat(room.id)
    centre.wind(40)
    waits = "SELECT FROM rule_state WHERE rule_id = 'room-hot' AND key = %s AND stage = 'pending'"
    # A busy hub may shed a reading after a second; its sensor says it again within thirty.
    wait_until(
        lambda: centre.rows(waits, f"room:{room.id}"), within=40, what="the rule waits whether the room stays hot"
    )
    centre.press(first.button)
    told_before = centre.ringing("sw-1", first)

    killed, deaf = centre.kill("alarm-path"), centre.kill("telemetry")
    meanwhile = centre.press(second.button)
    runs_again(centre, "alarm-path", killed)
    runs_again(centre, "telemetry", deaf)

    is_on_the_phone(centre, second)
    assert centre.free.presses_of(second) == [meanwhile]
    centre.wind(10)
    assert centre.ringing("sw-2", first).alarm_id == told_before.alarm_id
    centre.wind(5)
    wait_until(lambda: hot_alarms(centre, room), within=30, what="the room is hot")
    hot = len(readings(centre, room.sensor, "temperature"))
    centre.wind(30)
    wait_until(
        lambda: len(readings(centre, room.sensor, "temperature")) > hot, within=40, what="it says again that it is hot"
    )
    assert len(hot_alarms(centre, room)) == 1
