"""What becomes of presses and findings: one alarm each, counted, linked, in the ledger, in one transaction?"""

import asyncio
import json
from dataclasses import replace

import psycopg

from hub.alarms import service, store
from hub.kit.ids import PressId
from hub.ledger import store as ledger_store
from hub.ledger.chain import find_first_broken
from hub.ledger.model import Chain
from hub.rules.model import Finding, Priority
from tests.integration.alarms.conftest import Desk
from tests.integration.alarms.findings import room_hot


async def test_a_press_opens_one_alarm_that_tells_the_first_tier_and_answers_the_button(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()

    assert desk.alarm(alarm_id, "state, tier, number, priority, times_pressed") == ("open", 0, "23-01", "P1", 1)
    assert desk.told(alarm_id) == [("zhou", "alarm"), ("zhou", "alarm")]  # mail and webhook in parallel
    assert desk.cues(desk.house.wang_button) == ["received"]
    assert desk.commands(desk.house.lamp) == [True]
    assert desk.pending(alarm_id) == {"escalate": 30, "repeat": 60, "unreachable": 15}


async def test_the_same_press_twice_is_one_press(desk: Desk) -> None:
    press_id = PressId("p-01jdbkz4f0000000000000000x")
    first = await desk.press(press_id=press_id)

    second = await desk.press(press_id=press_id)

    assert (second.alarm_id, second.opened) == (first.alarm_id, False)
    assert first.alarm_id is not None
    assert desk.alarm(first.alarm_id, "version, times_pressed") == (1, 1)


async def test_another_press_counts_on_the_live_alarm_and_three_in_thirty_seconds_climb(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.wait(5)
    await desk.press()
    assert desk.alarm(alarm_id, "tier, times_pressed") == (0, 2)

    await desk.wait(5)
    concluded = await desk.press()

    assert (concluded.alarm_id, concluded.opened) == (alarm_id, False)
    assert desk.alarm(alarm_id, "tier, times_pressed") == (1, 3)
    assert ("liu", "alarm") in desk.told(alarm_id)


async def test_two_seniors_are_never_merged(desk: Desk) -> None:
    first = await desk.pressed_alarm()

    second = await desk.press(senior=desk.house.li, device=desk.house.li_button)

    assert second.opened
    assert second.alarm_id != first
    assert second.alarm_id is not None
    assert desk.alarm(second.alarm_id, "number, linked_id") == ("23-02", None)


async def test_findings_of_one_message_keep_their_order_and_low_ones_become_notices(desk: Desk) -> None:
    silent = Finding(
        rule_id="trigger-silent",
        priority=Priority.P3,
        klass="trigger-silent",
        centre_id=desk.house.centre,
        at=desk.clock.now(),
        device_id=desk.house.li_button,
    )

    notice, hot = await desk.conclude(silent, room_hot(desk))

    assert (notice.alarm_id, notice.opened) == (None, False)
    assert hot.opened
    assert desk.rows("SELECT code, subject FROM notice") == [("trigger-silent", "device:b-li")]

    await desk.conclude(replace(silent, cleared=True))
    assert desk.rows("SELECT code FROM notice WHERE cleared_at IS NULL") == []


async def test_the_end_of_a_condition_is_on_the_timeline_and_closes_nothing(desk: Desk) -> None:
    (hot,) = await desk.conclude(room_hot(desk))
    assert hot.alarm_id is not None

    await desk.conclude(replace(room_hot(desk), cleared=True))

    assert desk.alarm(hot.alarm_id, "state") == ("open",)
    assert desk.rows("SELECT what FROM alarm_step ORDER BY version") == [("opened",), ("cleared",)]


async def test_another_class_of_the_same_subject_is_linked(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    fall = replace(room_hot(desk), klass="fall", priority=Priority.P1, senior_id=desk.house.wang)

    (fallen,) = await desk.conclude(fall)

    assert fallen.alarm_id is not None
    assert desk.alarm(fallen.alarm_id, "linked_id") == (alarm_id,)


async def test_a_notice_of_a_centres_own_rule_carries_the_rules_own_words(desk: Desk) -> None:
    warm = replace(room_hot(desk), priority=Priority.P4, params={"value": "33"})

    await desk.conclude(warm)

    assert desk.rows("SELECT params FROM notice") == [
        ({"value": "33", "zh-CN": "健身室 室温 33 °C", "en": "Gym is at 33 °C"},)
    ]


async def test_a_press_that_is_cancelled_is_marked_and_stays(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()

    ((press_id,),) = desk.rows("SELECT id FROM press")

    for _ in range(2):
        async with desk.database.transaction() as conn:
            await service.conclude_findings(conn, [], desk.clock.now(), [press_id])

    assert desk.alarm(alarm_id, "state, cancel_requested, version") == ("open", True, 2)


async def test_a_press_of_an_alarm_that_is_over_is_cancelled_late_and_marks_no_other(desk: Desk) -> None:
    first = await desk.pressed_alarm()
    ((press_id,),) = desk.rows("SELECT id FROM press")
    await desk.accept(first, desk.house.liu)
    await desk.resolve(first, desk.house.liu)

    async def cancel() -> None:
        async with desk.database.transaction() as conn:
            await service.conclude_findings(conn, [], desk.clock.now(), [press_id])

    await cancel()
    second = await desk.pressed_alarm()
    await cancel()

    assert desk.alarm(first, "cancel_requested") == desk.alarm(second, "cancel_requested") == (False,)


async def test_a_finding_and_a_cancelled_press_wait_for_a_tap_and_never_the_tap_for_them(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    ((press_id,),) = desk.rows("SELECT id FROM press")

    async def find_and_take_back() -> None:
        async with desk.database.transaction() as conn:
            await service.conclude_findings(conn, [room_hot(desk)], desk.clock.now(), [press_id])

    async with asyncio.timeout(10), asyncio.TaskGroup() as group, desk.database.transaction() as conn:
        await store.lock_alarm(conn, alarm_id)
        group.create_task(find_and_take_back())
        while not desk.rows(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            await asyncio.sleep(0.01)
        await service.accept_alarm(conn, alarm_id, desk.house.zhou, desk.clock.now())

    assert desk.alarm(alarm_id, "state, cancel_requested") == ("accepted", True)


async def test_a_press_after_the_end_is_a_new_alarm_linked_to_the_old_one(desk: Desk) -> None:
    first = await desk.pressed_alarm()
    await desk.accept(first, desk.house.zhou)
    await desk.resolve(first, desk.house.zhou)

    second = await desk.pressed_alarm()

    assert desk.alarm(second, "linked_id, number") == (first, "23-02")


async def test_a_press_after_an_alarm_was_closed_is_linked_to_nothing(desk: Desk) -> None:
    first = await desk.pressed_alarm()
    await desk.accept(first, desk.house.liu)
    await desk.resolve(first, desk.house.liu)
    await desk.wait(11 * 60)

    second = await desk.pressed_alarm()

    assert desk.alarm(first, "state") == ("closed",)
    assert desk.alarm(second, "linked_id") == (None,)


async def test_every_transition_is_in_the_ledger_without_a_name(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    await desk.wait(30)
    await desk.accept(alarm_id, desk.house.zhou)
    await desk.resolve(alarm_id, desk.house.zhou)

    async with desk.database.transaction() as conn:
        links = await ledger_store.links_after(conn, desk.house.centre, Chain.CARE, 0, desk.clock.now(), 100)
    kinds = [json.loads(link.entry)["kind"] for link in links]
    assert kinds == ["alarm.opened", "alarm.escalated", "alarm.accepted", "alarm.resolved"]
    assert find_first_broken(links) is None
    everything = "".join(link.entry for link in links)
    assert not any(name in everything for name in ("王", "Wang", "周敏", "zhou", "s-wang"))


async def test_two_presses_at_the_same_moment_are_one_alarm(desk: Desk) -> None:
    async with asyncio.TaskGroup() as group:
        both = [group.create_task(desk.press()) for _ in range(2)]

    concluded = [task.result() for task in both]
    assert concluded[0].alarm_id == concluded[1].alarm_id
    assert sorted(one.opened for one in concluded) == [False, True]


async def test_a_press_and_a_batch_that_opens_two_alarms_wait_for_each_other_without_deadlock(desk: Desk) -> None:
    writers_waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        with psycopg.connect(desk.url) as conn:
            conn.execute("LOCK TABLE alarm IN SHARE MODE")
            group.create_task(desk.press())
            while len(desk.rows(writers_waiting)) < 1:
                await asyncio.sleep(0.01)
            group.create_task(desk.conclude(room_hot(desk), replace(room_hot(desk), room_id=desk.house.music)))
            while len(desk.rows(writers_waiting)) < 2:
                await asyncio.sleep(0.01)

    assert desk.rows("SELECT number FROM alarm ORDER BY number") == [("23-01",), ("23-02",), ("23-03",)]
