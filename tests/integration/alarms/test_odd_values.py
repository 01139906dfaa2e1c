"""A value in one row that PostgreSQL can store and Python cannot stops no other row of a loop, and ends no process."""

from datetime import timedelta

import psycopg
import pytest

from hub.alarms.finding_intake import FindingIntake
from hub.alarms.watch import AlarmWatch
from hub.fleet.deliver import DeviceMessageDeliverer
from hub.kit.changes import Changes
from hub.kit.db import Database, Login
from hub.kit.ids import RoomId
from hub.rules import findings
from hub.rules.model import Finding, Priority
from tests.fakes.logins import url_as
from tests.fakes.providers import webhook_provider
from tests.integration.alarms.conftest import Desk
from tests.integration.fleet.test_fleet import Broker, cue, put, siren
from tests.integration.notifications.delivering import delivering, reach, send_all, states

HUGE = """('{"x": 1' || repeat('0', 5000) || '}')::jsonb"""
DEEP = "(repeat('[', 3000) || repeat(']', 3000))::jsonb"


def spoil(desk: Desk, statement: str) -> None:
    """Write what no statement of ours writes."""
    with psycopg.connect(desk.url) as conn:
        conn.execute(statement.encode())


@pytest.mark.parametrize("moment", ["-infinity", "0044-03-15 BC"])
async def test_a_timer_of_a_time_before_all_times_stops_no_other(desk: Desk, moment: str) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    odd = await desk.pressed_alarm()
    sound = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert sound is not None
    await desk.phones_take_everything()
    spoil(desk, f"UPDATE alarm_timer SET due_at = '{moment}' WHERE alarm_id = '{odd}' AND done_at IS NULL")

    desk.clock.advance(timedelta(seconds=30))
    await watch.process_due()

    assert desk.alarm(sound, "tier") == (1,)


@pytest.mark.parametrize("change", [
    "made_at = '-infinity'",
    "made_at = 'infinity'",
    f"params = {HUGE}",
    f"params = {DEEP}",
    "tries = 2147483647",
])  # fmt: skip
async def test_a_notification_with_a_value_that_python_has_not_lets_the_others_out(deskless: Desk, change: str) -> None:
    desk = deskless
    async with webhook_provider() as phones:
        reach(desk, "zhou", "webhook", f"{phones.url}/ok")
        await desk.pressed_alarm()
        await desk.press(senior=desk.house.li, device=desk.house.li_button)
        ((sound,),) = desk.rows("SELECT max(id) FROM notification")
        spoil(desk, f"UPDATE notification SET {change} WHERE id = (SELECT min(id) FROM notification)")

        async with delivering(desk) as deliver:
            await send_all(deliver)

    assert desk.rows("SELECT state FROM notification WHERE id = %s", sound) == [("taken",)]
    assert len(states(desk)) == 2


@pytest.mark.parametrize("change", ["until_at = 'infinity'", f"payload = {HUGE}", "tries = 2147483647"])
async def test_a_message_to_a_device_with_a_value_that_python_has_not_lets_the_others_out(
    desk: Desk, change: str
) -> None:
    broker = Broker()
    deliver = DeviceMessageDeliverer(desk.database, Changes(desk.url), broker, desk.clock)
    command_id = await put(desk.database, desk.clock, siren(desk.house, desk.clock))
    await put(desk.database, desk.clock, cue(desk.house, desk.clock, 1))
    spoil(desk, f"UPDATE device_command SET {change} WHERE id = '{command_id}'")

    await deliver.send_due()

    assert {"n": 1} in [message for _, message in broker.taken]


@pytest.mark.parametrize("change", ["at = 'infinity'", "at = '-infinity'", f"summary = {HUGE}", f"params = {DEEP}"])
async def test_a_finding_with_a_value_that_python_has_not_lets_the_others_become_alarms(
    desk: Desk, change: str
) -> None:
    async with (
        Database.open(url_as(desk.url, Login.TELEMETRY), size=1, name="test telemetry") as telemetry,
        telemetry.transaction() as conn,
    ):
        rooms = (desk.house.gym, desk.house.music)
        await findings.dispatch_findings(conn, [_hot(desk, room) for room in rooms], desk.clock.now())
    spoil(desk, f"UPDATE finding SET {change} WHERE room_id = 'gym'")

    await FindingIntake(desk.database, Changes(desk.url), desk.clock).take_all()

    assert ("music",) in desk.rows("SELECT room_id FROM alarm")


def _hot(desk: Desk, room: RoomId) -> Finding:
    return Finding(
        rule_id="room-hot",
        priority=Priority.P2,
        klass="room-hot",
        centre_id=desk.house.centre,
        at=desk.clock.now(),
        room_id=room,
        device_id=desk.house.gym_sensor,
        summary={"zh-CN": "室温 33℃", "en": "33 °C"},
        params={"value": 33},
    )


async def test_a_notice_that_names_no_time_does_not_hold_up_the_clock(desk: Desk) -> None:
    await desk.pressed_alarm()
    async with desk.database.transaction() as conn:
        await conn.execute(
            "INSERT INTO notice (id, centre_id, code, priority, subject, params, raised_at, last_at) "
            "SELECT 'n-odd', id, 'clock-behind', 'P3', 'hub', '{\"newest\": \"gone\"}', %s, %s FROM centre",
            (desk.clock.now(), desk.clock.now()),
        )

    await AlarmWatch(desk.database, Changes(desk.url), desk.clock).process_due()

    assert desk.rows("SELECT FROM notice WHERE code = 'clock-behind' AND cleared_at IS NULL") == []
