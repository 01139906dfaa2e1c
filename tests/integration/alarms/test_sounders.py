"""What do buttons, sirens and lamps do while an alarm lives?"""

import asyncio

import psycopg

from hub.alarms import sounder_store
from tests.fakes.deadlocks import WAITS_FOR_A_LOCK
from tests.integration.alarms.conftest import Desk


async def test_the_button_stays_lit_for_as_long_as_its_alarm_is_open_and_costs_a_few_messages_an_hour(
    desk: Desk,
) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()

    for _ in range(120):
        await desk.wait(60)
        assert desk.shows(alarm_id) == ("received", True)

    assert 8 <= len(desk.cues(desk.house.wang_button)) <= 10
    numbers = desk.rows("SELECT (payload -> 'n')::int FROM device_command WHERE subtopic = 'cue' ORDER BY id")
    assert numbers == sorted(set(numbers))
    assert desk.rows("SELECT count(*) FROM device_command WHERE subtopic = 'cue' AND ended_at IS NULL") == [(1,)]


async def test_the_button_stays_lit_while_somebody_is_there(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    await desk.accept(alarm_id, desk.house.zhou)
    await desk.arrive(alarm_id, desk.house.zhou)

    for _ in range(44):
        await desk.wait(60)
        assert desk.shows(alarm_id) == ("on_scene", True)


async def test_on_scene_the_siren_stops_and_resolved_the_lamp_goes_out(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    await desk.wait(31)
    await desk.accept(alarm_id, desk.house.zhou)

    await desk.arrive(alarm_id, desk.house.zhou)
    assert desk.commands(desk.house.siren) == [True, False]
    assert desk.commands(desk.house.lamp) == [True, True]

    resolved = await desk.resolve(alarm_id, desk.house.zhou, sentence="")
    assert (resolved.state, resolved.owner_id, resolved.outcome) == ("resolved", None, "company")
    assert desk.commands(desk.house.lamp) == [True, True, False]
    assert desk.cues(desk.house.wang_button)[-2:] == ["on_scene", "closed"]


async def test_devices_are_switched_in_the_order_in_which_what_they_say_is_written(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    await desk.wait(31)
    await desk.accept(alarm_id, desk.house.zhou)
    async with (
        asyncio.timeout(20),
        await psycopg.AsyncConnection.connect(desk.url) as other,
        asyncio.TaskGroup() as tasks,
    ):
        locked = "SELECT FROM device_command WHERE device_id = %s FOR UPDATE NOWAIT"
        await other.execute(locked, (desk.house.lamp,))
        tasks.create_task(desk.arrive(alarm_id, desk.house.zhou))
        while not desk.rows(WAITS_FOR_A_LOCK):
            await asyncio.sleep(0.01)
        await other.execute(locked, (desk.house.siren,))
        await other.commit()

    assert desk.commands(desk.house.siren)[-1] is False
    assert desk.commands(desk.house.lamp)[-1] is True


async def test_who_waits_for_the_devices_of_a_centre_holds_no_message_to_a_button(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.zhou)
    async with (
        asyncio.timeout(20),
        await psycopg.AsyncConnection.connect(desk.url) as other,
        asyncio.TaskGroup() as tasks,
    ):
        await sounder_store.lock_devices(other)
        tasks.create_task(desk.arrive(alarm_id, desk.house.zhou))
        while not desk.rows(WAITS_FOR_A_LOCK):
            await asyncio.sleep(0.01)
        cues = "SELECT FROM device_command WHERE device_id = %s AND subtopic = 'cue' FOR UPDATE NOWAIT"
        await other.execute(cues, (desk.house.wang_button,))
        await other.commit()

    assert desk.cues(desk.house.wang_button)[-1] == "on_scene"


async def test_while_somebody_is_on_scene_the_lamp_is_kept_on(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.zhou)

    await desk.arrive(alarm_id, desk.house.zhou)
    await desk.wait(15 * 60)

    assert desk.commands(desk.house.lamp) == [True, True, True]
    assert ("sun", "resolve-nudge") in desk.told(alarm_id)


async def test_a_siren_that_was_turned_off_is_not_turned_on_by_an_older_command(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    await desk.wait(30)
    await desk.accept(alarm_id, desk.house.zhou)

    await desk.arrive(alarm_id, desk.house.zhou)

    pending = desk.rows(
        "SELECT (payload -> 'args' -> 'on')::boolean FROM device_command WHERE device_id = %s AND ended_at IS NULL",
        desk.house.siren,
    )
    assert pending == [(False,)]


async def test_a_lamp_that_another_alarm_still_needs_stays_on(desk: Desk) -> None:
    first = await desk.pressed_alarm()
    second = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert second is not None
    for alarm_id in (first, second):
        await desk.accept(alarm_id, desk.house.zhou)

    await desk.resolve(first, desk.house.zhou)
    assert desk.commands(desk.house.lamp) == [True, True]

    await desk.resolve(second, desk.house.zhou)
    assert desk.commands(desk.house.lamp) == [True, True, False]


async def test_a_lamp_that_was_disabled_meanwhile_is_turned_off_all_the_same(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.zhou)
    with psycopg.connect(desk.url) as conn:
        conn.execute("UPDATE device SET enabled = false WHERE id = %s", (desk.house.lamp,))

    await desk.resolve(alarm_id, desk.house.zhou)

    assert desk.commands(desk.house.lamp) == [True, False]
    assert desk.rows("SELECT device_id FROM alarm_device WHERE off_at IS NULL") == []


async def test_a_lamp_that_is_in_use_again_goes_out_with_the_alarm_that_comes_after(desk: Desk) -> None:
    first = await desk.pressed_alarm()
    await desk.accept(first, desk.house.zhou)
    with psycopg.connect(desk.url) as conn:
        conn.execute("UPDATE device SET enabled = false WHERE id = %s", (desk.house.lamp,))
    await desk.resolve(first, desk.house.zhou)
    with psycopg.connect(desk.url) as conn:
        conn.execute("UPDATE device SET enabled = true WHERE id = %s", (desk.house.lamp,))

    second = await desk.pressed_alarm()
    await desk.accept(second, desk.house.zhou)
    await desk.resolve(second, desk.house.zhou)

    assert desk.commands(desk.house.lamp)[-2:] == [True, False]
