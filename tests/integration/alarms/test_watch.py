"""The loop that lets time do what it must: woken by rows, by the clock, and after an outage."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from hub.access.accounts import disable_account
from hub.alarms.card import read_card
from hub.alarms.watch import AlarmWatch
from hub.kit.changes import Changes
from hub.kit.db import Database
from hub.kit.ids import AlarmId, DeviceId, SeniorId
from hub.ledger.edit import COMMAND_LINE, open_edit
from tests.integration.alarms.conftest import Desk


@asynccontextmanager
async def watching(desk: Desk) -> AsyncIterator[None]:
    """The loop runs, as in the hub."""
    changes = Changes(desk.url)
    watch = AlarmWatch(desk.database, changes, desk.clock)
    async with asyncio.TaskGroup() as group:
        loops = [group.create_task(changes.run()), group.create_task(watch.run())]
        await changes.ready()
        try:
            yield
        finally:
            for loop in loops:
                loop.cancel()


WAITS_FOR_A_LOCK = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
END_WHO_WAITS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def until(desk: Desk, alarm_id: AlarmId, is_so: Callable[[], bool]) -> None:
    """Wait until the alarm has changed in this way; a change wakes, nothing is polled."""
    changes = Changes(desk.url)
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(changes.run())
        with changes.subscribe("alarm") as heard:
            async with asyncio.timeout(10):
                await changes.ready()
                while not is_so():
                    await heard.next()
        listening.cancel()


async def test_the_clock_alone_takes_the_next_tier(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()

    async with watching(desk):
        desk.clock.advance(timedelta(seconds=30))
        await until(desk, alarm_id, lambda: desk.alarm(alarm_id, "tier") == (1,))


async def test_a_phone_that_takes_it_at_last_ends_the_unreachable_flag(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.wait(15)
    assert desk.alarm(alarm_id, "unreachable") == (True,)

    async with watching(desk):
        await desk.phones_take_everything()
        await until(desk, alarm_id, lambda: desk.alarm(alarm_id, "unreachable") == (False,))


@pytest.mark.parametrize("is_on_scene", [False, True])
async def test_an_alarm_whose_owner_is_disabled_rings_again_at_once(
    desk: Desk, pages_database: Database, is_on_scene: bool
) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.liu)
    if is_on_scene:
        await desk.arrive(alarm_id, desk.house.liu)

    async with watching(desk):
        async with open_edit(pages_database, COMMAND_LINE, desk.clock.now()) as editing:
            await disable_account(editing, desk.house.liu)
        await until(desk, alarm_id, lambda: desk.alarm(alarm_id, "state, owner_id, tier") == ("open", None, 0))

    assert desk.told(alarm_id)[-2:] == [("zhou", "alarm"), ("zhou", "alarm")]
    async with desk.database.transaction() as conn:
        shown = await read_card(conn, alarm_id)
    assert shown is not None
    assert shown.lapsed is not None
    assert (shown.lapsed.id, shown.lapsed.what) == ("liu", "owner-disabled")


async def test_two_hubs_do_not_take_the_same_timer_twice(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    desk.clock.advance(timedelta(seconds=30))

    watches = [AlarmWatch(desk.database, Changes(desk.url), desk.clock) for _ in range(2)]
    async with asyncio.TaskGroup() as group:
        for watch in watches:
            group.create_task(watch.process_due())

    assert desk.told(alarm_id).count(("liu", "alarm")) == 1
    assert desk.rows("SELECT count(*) FROM alarm_step WHERE what = 'escalated'") == [(1,)]


async def test_a_clock_that_is_set_back_makes_no_alarm_wait_longer(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    await watch.process_due()

    desk.clock.set_wall(timedelta(hours=-1))
    await watch.process_due()

    assert desk.pending(alarm_id) == {"escalate": 30, "repeat": 60, "unreachable": 15}
    desk.clock.advance(timedelta(seconds=30))
    await watch.process_due()
    assert desk.alarm(alarm_id, "tier") == (1,)


async def test_a_clock_that_is_set_forward_makes_no_alarm_climb_early_and_leaves_a_later_one_as_it_is(
    desk: Desk,
) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    before = await desk.pressed_alarm()
    await watch.process_due()

    desk.clock.set_wall(timedelta(hours=1))
    desk.clock.advance(timedelta(seconds=0.25))
    later = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    desk.clock.advance(timedelta(seconds=0.25))
    await watch.process_due()

    assert later is not None
    assert desk.pending(before) == {"escalate": 29.5, "repeat": 59.5, "unreachable": 14.5}
    assert desk.pending(later) == {"escalate": 29.75, "repeat": 59.75, "unreachable": 14.75}


async def seconds_on_the_card(desk: Desk, alarm_id: AlarmId) -> tuple[float, float, float]:
    """How long from now until the owner must be there, must have answered, and the 120 card fills the screen."""
    async with desk.database.transaction() as conn:
        shown = await read_card(conn, alarm_id)
    assert shown is not None
    arrive, answer, ambulance = shown.arrive_by, shown.confirm_by, shown.ambulance_card_at
    assert arrive is not None and answer is not None and ambulance is not None  # noqa: PT018 - narrows three types
    now = desk.clock.now()
    return (arrive - now).total_seconds(), (answer - now).total_seconds(), (ambulance - now).total_seconds()


async def pressed_twice_and_taken_once(desk: Desk, senior: SeniorId, device: DeviceId) -> AlarmId:
    alarm_id = (await desk.press(senior=senior, device=device)).alarm_id
    assert alarm_id is not None
    await desk.accept(alarm_id, desk.house.liu)
    await desk.press(senior=senior, device=device)
    return alarm_id


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_is_set_changes_no_countdown_on_the_board(desk: Desk, hours: int) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    alarm_id = await pressed_twice_and_taken_once(desk, desk.house.wang, desk.house.wang_button)
    await watch.process_due()

    desk.clock.set_wall(timedelta(hours=hours))
    desk.clock.advance(timedelta(seconds=2))
    await watch.process_due()

    assert await seconds_on_the_card(desk, alarm_id) == (298, 58, 298)
    waits = desk.pending(alarm_id)
    assert (waits["lease"], waits["confirm"]) == (298, 58)
    assert desk.rows("SELECT version, what, params FROM alarm_step ORDER BY version DESC LIMIT 1") == [
        (desk.alarm(alarm_id, "version")[0], "clock-set", {"by_seconds": hours * 3600})
    ]


async def test_countdowns_that_began_after_the_clock_was_set_forward_are_right_already(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    await watch.process_due()

    desk.clock.set_wall(timedelta(hours=1))
    desk.clock.advance(timedelta(seconds=0.25))
    later = await pressed_twice_and_taken_once(desk, desk.house.li, desk.house.li_button)
    desk.clock.advance(timedelta(seconds=0.25))
    await watch.process_due()

    assert await seconds_on_the_card(desk, later) == (299.75, 59.75, 299.75)


async def test_that_the_clock_was_set_is_recorded_once_and_noticed(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)

    desk.clock.set_wall(timedelta(hours=-1))
    for _ in range(2):
        await watch.process_due()

    assert desk.rows("SELECT entry::jsonb -> 'kind', entry::jsonb -> 'params' FROM ledger_care") == [
        ("clock.set", {"by_seconds": -3600})
    ]
    assert desk.rows("SELECT code, subject, params, times FROM notice") == [("clock-set", "hub", {"seconds": -3600}, 1)]


async def test_a_clock_that_is_set_back_holds_back_no_message(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    await desk.pressed_alarm()
    await watch.process_due()
    waits = """
        SELECT min(next_at), (SELECT min(retry_at) FROM device_command)
          FROM notification
    """
    (before,) = desk.rows(waits)

    desk.clock.set_wall(timedelta(hours=-1))
    await watch.process_due()

    assert desk.rows(waits) == [tuple(at - timedelta(hours=1) for at in before)]


async def test_a_look_that_hangs_is_given_up_aloud_and_the_next_one_does_what_was_due(
    desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.alarms.watch.LOOK_WITHIN_SECONDS", 0.5)
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()

    async with asyncio.timeout(20), watching(desk):
        with psycopg.connect(desk.url) as conn:
            conn.execute("LOCK TABLE alarm_timer IN ACCESS EXCLUSIVE MODE")
            while "alarms cannot be watched (TimeoutError" not in caplog.text:
                await asyncio.sleep(0.01)
        desk.clock.advance(timedelta(seconds=30))
        await until(desk, alarm_id, lambda: desk.alarm(alarm_id, "tier") == (1,))


async def test_the_loop_outlives_an_outage_of_the_database(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()

    async with watching(desk):
        with psycopg.connect(desk.url, autocommit=True) as conn:
            for _ in range(3):
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
        desk.clock.advance(timedelta(seconds=30))
        await until(desk, alarm_id, lambda: desk.alarm(alarm_id, "tier") == (1,))


async def test_a_clock_that_is_set_gives_each_alarm_the_deadline_of_its_own_timers(desk: Desk) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    first = await pressed_twice_and_taken_once(desk, desk.house.wang, desk.house.wang_button)
    desk.clock.advance(timedelta(seconds=10))
    second = await pressed_twice_and_taken_once(desk, desk.house.li, desk.house.li_button)
    await watch.process_due()

    desk.clock.set_wall(timedelta(hours=1))
    await watch.process_due()

    assert await seconds_on_the_card(desk, first) == (290, 50, 290)
    assert await seconds_on_the_card(desk, second) == (300, 60, 300)
