"""What becomes of what devices measure? Alarms and notices of rules, rows of readings, a day; also after a cut."""

from pydantic import TypeAdapter

from hub.telemetry.api import RoomDay
from tests.fakes.demo import Demo
from tests.fakes.free import FreeRoom
from tests.fakes.waiting import wait_until


def standing(centre: Demo, code: str, subject: str) -> bool:
    return bool(
        centre.rows("SELECT FROM notice WHERE code = %s AND subject = %s AND cleared_at IS NULL", code, subject)
    )


def readings(centre: Demo, device_id: str, name: str) -> list[float]:
    """The values a device has sent, the oldest first."""
    rows = centre.rows(
        """
        SELECT value
          FROM reading
          JOIN device ON device.number = reading.device_id
          JOIN reading_name ON reading_name.id = reading.reading_name_id
         WHERE device.id = %s AND reading_name.name = %s
         ORDER BY ts
        """,
        device_id,
        name,
    )
    return TypeAdapter(list[float]).validate_python([value for (value,) in rows])


def hot_alarms(centre: Demo, room: FreeRoom) -> list[tuple[object, ...]]:
    """The alarms because this room is hot, since it was handed out: id, priority and state."""
    asked = "SELECT id, priority, state FROM alarm WHERE rule_id = 'room-hot' AND room_id = %s"
    return [alarm for alarm in centre.rows(asked, room.id) if alarm[0] not in room.earlier]


def test_readings_camera_health_and_occupancy_are_in_the_time_series(centre: Demo) -> None:
    for somebody in centre.free.seniors(2):
        centre.is_in(somebody.id, "gym")

    wait_until(lambda: readings(centre, "t-gym", "temperature"), within=40)
    wait_until(lambda: max(readings(centre, "cam-gym", "occupancy"), default=0) >= 1, within=40)
    for name in ("frames_per_second", "bitrate", "last_frame_age", "black", "frozen", "motion"):
        assert wait_until(lambda name=name: readings(centre, "cam-gym", name)), name  # type: ignore[misc]
    assert all(10 < value < 30 for value in readings(centre, "t-gym", "temperature"))


def test_a_rooms_day_shows_temperature_occupancy_and_motion(centre: Demo) -> None:
    def day() -> RoomDay:
        return RoomDay.model_validate_json(centre.staff().get("/api/rooms/reading/day").content)

    def has_everything() -> bool:
        now = day()
        return all(any(value is not None for value in part) for part in (now.temperature, now.occupancy, now.motion))

    wait_until(has_everything, within=40)
    shown = day()
    assert shown.room.name == "阅览室"
    assert len(shown.at) == len(shown.temperature) == len(shown.occupancy) == len(shown.motion)
    assert [at % shown.bucket_seconds for at in shown.at] == [0] * len(shown.at)


def test_a_hot_room_is_an_urgent_alarm_exactly_once(centre: Demo) -> None:
    room = centre.free.room()
    wait_until(lambda: readings(centre, room.sensor, "temperature"), within=40)
    centre.heat(room.id)
    centre.wind(40)
    wait_until(lambda: readings(centre, room.sensor, "temperature")[-1] > 32, what="it is hot")

    centre.wind(15)
    [(alarm_id, priority, state)] = wait_until(lambda: hot_alarms(centre, room))
    assert (priority, state) == ("P2", "open")
    assert centre.ringing("sw-1", room).alarm_id == alarm_id

    hot = len(readings(centre, room.sensor, "temperature"))
    centre.wind(30)
    wait_until(
        lambda: len(readings(centre, room.sensor, "temperature")) > hot, within=40, what="it says again that it is hot"
    )
    assert len(hot_alarms(centre, room)) == 1


def test_a_dark_camera_is_a_notice_until_it_sees_again(centre: Demo) -> None:
    camera = centre.free.room().camera
    wait_until(lambda: readings(centre, camera, "black"), within=40)
    centre.darken(camera)
    wait_until(lambda: readings(centre, camera, "black")[-1] == 1.0)

    centre.wind(10)
    wait_until(lambda: standing(centre, "camera-dark", f"device:{camera}"))
    assert not centre.rows("SELECT FROM alarm WHERE rule_id = 'camera-dark'"), "a notice wakes nobody"

    centre.darken(camera, on=False)
    wait_until(lambda: not standing(centre, "camera-dark", f"device:{camera}"), within=20)


def test_while_the_line_is_cut_the_buttons_keep_their_presses_and_none_is_lost(centre: Demo) -> None:
    buttons = sorted(caller.button for caller in centre.free.seniors(5))
    centre.cut()
    pressed = {centre.press(button): button for button in buttons}

    assert {centre.light(button).light for button in buttons} == {"blinking"}
    centre.wind(15)
    arrived = "SELECT message_id, device_id, late FROM press WHERE message_id = ANY (%s)"
    assert centre.rows(arrived, list(pressed)) == []
    centre.cut(on=False)

    wait_until(lambda: len(centre.rows(arrived, list(pressed))) == len(pressed), within=30, what="every press arrives")
    assert {(message, device) for message, device, _ in centre.rows(arrived, list(pressed))} == set(pressed.items())
    assert {late for _, _, late in centre.rows(arrived, list(pressed))} == {True}, "each says that it is late"
    alarms = centre.rows(
        "SELECT device_id, count(*) FROM alarm WHERE state = 'open' AND device_id = ANY (%s) GROUP BY 1 ORDER BY 1",
        buttons,
    )
    assert alarms == [(button, 1) for button in buttons], "a late press is still an alarm, and one alarm"
    wait_until(lambda: {centre.light(button).light for button in buttons} == {"steady"})


def test_two_presses_that_a_button_kept_are_one_alarm_that_counts_them(centre: Demo) -> None:
    caller = centre.free.senior()
    centre.cut()
    kept = {centre.press(caller.button), centre.press(caller.button)}
    centre.cut(on=False)

    wait_until(lambda: set(centre.free.presses_of(caller)) == kept, within=30)
    [alarm_id] = centre.free.alarms_of(caller)
    assert centre.rows("SELECT times_pressed FROM alarm WHERE id = %s", alarm_id) == [(2,)]
