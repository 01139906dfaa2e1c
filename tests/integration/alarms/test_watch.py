"""The loop that lets time do what it must: woken by rows, by the clock, and after an outage."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import psycopg
import pytest

from hub.alarms.card import card
from hub.alarms.watch import Watch
from hub.kit.changes import Changes
from hub.kit.db import Conn
from hub.kit.ids import AlarmId, DeviceId, SeniorId
from hub.rules.memory import Memory
from hub.rules.model import Finding
from hub.rules.service import Rules
from tests.integration.alarms.conftest import Desk


@asynccontextmanager
async def watching(desk: Desk) -> AsyncIterator[None]:
    """The loop runs, as in the hub."""
    changes = Changes(desk.url)
    watch = Watch(desk.database, changes, desk.clock, Rules([], desk.clock))
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


async def test_two_hubs_do_not_take_the_same_timer_twice(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    desk.clock.advance(timedelta(seconds=30))

    watches = [Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock)) for _ in range(2)]
    async with asyncio.TaskGroup() as group:
        for watch in watches:
            group.create_task(watch.look())

    assert desk.told(alarm_id).count(("liu", "alarm")) == 1
    assert desk.rows("SELECT count(*) FROM alarm_step WHERE what = 'escalated'") == [(1,)]


async def test_a_clock_that_is_set_back_makes_no_alarm_wait_longer(desk: Desk) -> None:
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    await watch.look()

    desk.clock.set_wall(timedelta(hours=-1))
    await watch.look()

    assert desk.pending(alarm_id) == {"escalate": 30, "repeat": 60, "unreachable": 15}
    desk.clock.advance(timedelta(seconds=30))
    await watch.look()
    assert desk.alarm(alarm_id, "tier") == (1,)


async def test_a_clock_that_is_set_forward_makes_no_alarm_climb_early_and_leaves_a_later_one_as_it_is(
    desk: Desk,
) -> None:
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    before = await desk.pressed_alarm()
    await watch.look()

    desk.clock.set_wall(timedelta(hours=1))
    desk.clock.advance(timedelta(seconds=0.25))
    later = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    desk.clock.advance(timedelta(seconds=0.25))
    await watch.look()

    assert later is not None
    assert desk.pending(before) == {"escalate": 29.5, "repeat": 59.5, "unreachable": 14.5}
    assert desk.pending(later) == {"escalate": 29.75, "repeat": 59.75, "unreachable": 14.75}


async def seconds_on_the_card(desk: Desk, alarm_id: AlarmId) -> tuple[float, float, float]:
    """How long from now until the owner must be there, must have answered, and the 120 card fills the screen."""
    async with desk.database.transaction() as conn:
        shown = await card(conn, alarm_id)
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
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    alarm_id = await pressed_twice_and_taken_once(desk, desk.house.wang, desk.house.wang_button)
    await watch.look()

    desk.clock.set_wall(timedelta(hours=hours))
    desk.clock.advance(timedelta(seconds=2))
    await watch.look()

    assert await seconds_on_the_card(desk, alarm_id) == (298, 58, 298)
    waits = desk.pending(alarm_id)
    assert (waits["lease"], waits["confirm"]) == (298, 58)
    assert desk.rows("SELECT version, what, params FROM alarm_step ORDER BY version DESC LIMIT 1") == [
        (desk.alarm(alarm_id, "version")[0], "clock-set", {"by_seconds": hours * 3600})
    ]


async def test_countdowns_that_began_after_the_clock_was_set_forward_are_right_already(desk: Desk) -> None:
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    await watch.look()

    desk.clock.set_wall(timedelta(hours=1))
    desk.clock.advance(timedelta(seconds=0.25))
    later = await pressed_twice_and_taken_once(desk, desk.house.li, desk.house.li_button)
    desk.clock.advance(timedelta(seconds=0.25))
    await watch.look()

    assert await seconds_on_the_card(desk, later) == (299.75, 59.75, 299.75)


async def test_that_the_clock_was_set_is_recorded_once_and_noticed(desk: Desk) -> None:
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))

    desk.clock.set_wall(timedelta(hours=-1))
    for _ in range(2):
        await watch.look()

    assert desk.rows("SELECT entry::jsonb -> 'kind', entry::jsonb -> 'params' FROM ledger_care") == [
        ("clock.set", {"by_seconds": -3600})
    ]
    assert desk.rows("SELECT code, subject, params, times FROM notice") == [("clock-set", "hub", {"seconds": -3600}, 1)]


async def test_a_clock_that_is_set_back_holds_back_no_message_and_no_rule(desk: Desk) -> None:
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    await desk.pressed_alarm()
    await watch.look()
    waits = """
        SELECT min(next_at), (SELECT min(retry_at) FROM device_command), (SELECT min(due_at) FROM rule_state)
          FROM notification
    """
    (before,) = desk.rows(waits)

    desk.clock.set_wall(timedelta(hours=-1))
    await watch.look()

    assert desk.rows(waits) == [tuple(at - timedelta(hours=1) for at in before)]


async def test_what_a_rule_concludes_from_waiting_is_an_alarm_in_the_same_transaction(desk: Desk) -> None:
    """A camera that says nothing for longer than its heartbeat: a built-in rule, P3."""
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    await watch.look()

    desk.clock.advance(timedelta(minutes=6))
    await watch.look()

    assert ("camera-silent", "device:cam-gym") in desk.rows("SELECT code, subject FROM notice")


async def test_what_a_broker_that_was_away_could_not_hear_counts_against_no_device(desk: Desk) -> None:
    hears = True
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock), hears=lambda: hears)
    await watch.look()
    hears = False

    for _ in range(10):
        desk.clock.advance(timedelta(minutes=1))
        await watch.look()
    hears = True
    desk.clock.advance(timedelta(minutes=4))
    await watch.look()

    assert desk.rows("SELECT code FROM notice") == []
    desk.clock.advance(timedelta(minutes=2))
    await watch.look()
    assert ("camera-silent", "device:cam-gym") in desk.rows("SELECT code, subject FROM notice")


async def test_what_a_hub_without_its_database_could_not_keep_counts_against_no_device(desk: Desk) -> None:
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    await watch.look()

    async def look_in_vain() -> None:
        with pytest.raises(psycopg.OperationalError):
            await watch.look()

    with psycopg.connect(desk.url) as conn:
        conn.execute("LOCK TABLE alarm_timer IN ACCESS EXCLUSIVE MODE")
        async with asyncio.TaskGroup() as group:
            group.create_task(look_in_vain())
            while not desk.rows(WAITS_FOR_A_LOCK):
                await asyncio.sleep(0.01)
            conn.execute(END_WHO_WAITS)
    desk.clock.advance(timedelta(minutes=10))
    await watch.look()

    assert desk.rows("SELECT code FROM notice") == []


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


async def test_the_loop_outlives_a_database_that_goes_away(desk: Desk) -> None:
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


def break_policy(desk: Desk, alarm_id: AlarmId) -> None:
    """Give a live alarm a policy as an earlier hub may have written it: with a target that is no word any more."""
    with psycopg.connect(desk.url) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(
            "UPDATE alarm SET policy = jsonb_set(policy, '{tiers,0,targets}', '[\"pager:primary\"]') WHERE id = %s",
            (alarm_id,),
        )


async def broken_and_sound(desk: Desk) -> tuple[AlarmId, AlarmId]:
    """Two live alarms, the older of which cannot be worked out."""
    broken = await desk.pressed_alarm()
    sound = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert sound is not None
    await desk.phones_take_everything()
    break_policy(desk, broken)
    return broken, sound


async def test_an_alarm_that_cannot_be_worked_out_is_parked_and_everybody_is_told_while_the_next_one_climbs(
    desk: Desk,
) -> None:
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    broken, sound = await broken_and_sound(desk)

    desk.clock.advance(timedelta(seconds=30))
    await watch.look()
    await watch.look()

    assert desk.alarm(sound, "tier") == (1,)
    assert desk.alarm(broken, "tier") == (0,)
    told = desk.rows("SELECT DISTINCT account_id FROM notification WHERE template = 'last-resort' ORDER BY 1")
    assert told == [("chen",), ("liu",), ("sun",), ("zhou",)]
    assert desk.rows("SELECT count(DISTINCT n) FROM notification WHERE template = 'last-resort'") == [(1,)]
    assert desk.commands(desk.house.siren)[-1] is True
    assert desk.rows("SELECT code, subject, params FROM notice WHERE code = 'row-parked'") == [
        ("row-parked", f"alarm:{broken}", {"kind": "alarm", "id": broken, "error": "ValidationError"})
    ]
    async with desk.database.transaction() as conn:
        shown = await card(conn, broken)
    assert shown is not None


async def test_a_parked_alarm_is_tried_and_told_again_with_a_growing_pause(desk: Desk) -> None:
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    await broken_and_sound(desk)

    tellings = []
    for _ in range(30):
        desk.clock.advance(timedelta(seconds=30))
        await watch.look()
        ((count,),) = desk.rows("SELECT count(DISTINCT n) FROM notification WHERE template = 'last-resort'")
        tellings.append(count)

    assert [tellings.index(n) for n in range(1, 5)] == [0, 2, 6, 16]


async def test_an_alarm_that_works_again_goes_on_with_its_own_policy_and_its_notice_goes(desk: Desk) -> None:
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    broken, _ = await broken_and_sound(desk)
    desk.clock.advance(timedelta(seconds=30))
    await watch.look()

    with psycopg.connect(desk.url) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(
            "UPDATE alarm SET policy = (SELECT policy FROM alarm WHERE senior_id = 's-li') WHERE id = %s", (broken,)
        )
    desk.clock.advance(timedelta(seconds=60))
    await watch.look()

    assert desk.alarm(broken, "tier > 0") == (True,)
    assert ("liu", "alarm") in desk.told(broken)
    assert desk.rows("SELECT count(*) FROM parked_row") == [(0,)]
    assert desk.rows("SELECT cleared_at IS NOT NULL FROM notice WHERE code = 'row-parked'") == [(True,)]


async def test_an_alarm_that_the_database_refuses_to_change_stops_no_other(desk: Desk) -> None:
    """It raises within the pipeline of a transition, and at the check before the commit."""
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    refused = await desk.pressed_alarm()
    sound = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert sound is not None
    await desk.phones_take_everything()
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE data_exception; END $$"
        )
        conn.execute(
            "CREATE CONSTRAINT TRIGGER refuses AFTER UPDATE ON alarm DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW WHEN (NEW.id = '{refused}') EXECUTE FUNCTION refuses()"
        )

    desk.clock.advance(timedelta(seconds=30))
    await watch.look()

    assert desk.alarm(sound, "tier") == (1,)
    assert ("zhou", "last-resort") in desk.told(refused)
    assert desk.rows("SELECT subject FROM notice WHERE code = 'row-parked'") == [(f"alarm:{refused}",)]


async def test_an_alarm_that_raises_when_somebody_was_reached_stops_no_other(desk: Desk) -> None:
    watch = Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))
    broken = await desk.pressed_alarm()
    sound = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert sound is not None
    await desk.wait(15)
    assert (desk.alarm(broken, "unreachable"), desk.alarm(sound, "unreachable")) == ((True,), (True,))
    await desk.phones_take_everything()
    break_policy(desk, broken)

    await watch.look()

    assert (desk.alarm(broken, "unreachable"), desk.alarm(sound, "unreachable")) == ((True,), (False,))
    assert ("zhou", "last-resort") in desk.told(broken)


async def test_a_rule_that_raises_for_one_device_stops_no_other_rule_and_no_alarm(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = Rules([], desk.clock)
    watch = Watch(desk.database, Changes(desk.url), desk.clock, rules)
    await watch.look()
    waited_out = rules.waited_out

    async def raises_for_the_gym(conn: Conn, waiting: Sequence[Memory], now: datetime) -> list[Finding]:
        if any(memory.device_id == desk.house.gym_camera for memory in waiting):
            raise ZeroDivisionError
        return await waited_out(conn, waiting, now)

    monkeypatch.setattr(rules, "waited_out", raises_for_the_gym)
    desk.clock.advance(timedelta(minutes=6))
    await watch.look()
    await watch.look()

    noticed = desk.rows("SELECT code, subject, times FROM notice")
    assert ("camera-silent", "device:cam-music", 1) in noticed
    assert ("camera-silent", "device:cam-gym", 1) not in noticed
    assert [times for code, _, times in noticed if code == "row-parked"] == [1]


BEHIND = [timedelta(minutes=17), timedelta(hours=2), timedelta(days=365 * 26)]
"""A power cut without a battery: the clock stood still, or fell back to where clocks of such machines begin."""


def restarted(desk: Desk) -> Watch:
    """The watch of a hub that starts now."""
    return Watch(desk.database, Changes(desk.url), desk.clock, Rules([], desk.clock))


@pytest.mark.parametrize("behind", BEHIND)
async def test_a_hub_that_starts_with_a_clock_behind_climbs_and_repeats_as_if_the_wait_began_now(
    desk: Desk, behind: timedelta
) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()

    desk.clock.set_wall(-behind)
    watch = restarted(desk)
    await watch.look()

    assert desk.pending(alarm_id) == {"escalate": 30, "repeat": 60, "unreachable": 15}
    assert desk.alarm(alarm_id, "ambulance_card_at")[0] == desk.clock.now() + timedelta(minutes=5)
    desk.clock.advance(timedelta(seconds=30))
    await watch.look()
    assert desk.alarm(alarm_id, "tier > 0") == (True,)  # in 2000 nobody had a shift: those tiers are passed at once
    for _ in range(12):
        desk.clock.advance(timedelta(seconds=30))
        await watch.look()
    assert "again" in {template for _, template in desk.told(alarm_id)}


@pytest.mark.parametrize("behind", BEHIND)
async def test_when_the_clock_is_set_right_later_every_alarm_waits_no_longer_and_no_shorter(
    desk: Desk, behind: timedelta
) -> None:
    before = await desk.pressed_alarm()
    await desk.phones_take_everything()
    desk.clock.set_wall(-behind)
    watch = restarted(desk)
    await watch.look()
    desk.clock.advance(timedelta(seconds=10))
    meanwhile = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert meanwhile is not None
    await watch.look()

    desk.clock.set_wall(behind)
    await watch.look()

    assert desk.pending(before) == {"escalate": 20, "repeat": 50, "unreachable": 5}
    assert max(desk.pending(meanwhile).values()) == 60
    await watch.look()
    assert desk.rows("SELECT count(*) FROM alarm_timer WHERE done_at IS NULL AND due_at > %s", desk.clock.now()) == [
        (6,)
    ]


async def test_what_was_due_under_the_right_time_stays_when_a_clock_that_was_behind_is_set_right(desk: Desk) -> None:
    """The lease was made before the cut and is not far: it does not move with the clock."""
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    await desk.accept(alarm_id, desk.house.liu)
    desk.clock.advance(timedelta(seconds=100))
    await desk.press(senior=desk.house.li, device=desk.house.li_button)
    due_at = desk.rows("SELECT due_at FROM alarm_timer WHERE kind = 'lease' AND done_at IS NULL")

    desk.clock.set_wall(timedelta(seconds=-60))
    watch = restarted(desk)
    await watch.look()
    desk.clock.set_wall(timedelta(seconds=60))
    await watch.look()

    assert desk.rows("SELECT due_at FROM alarm_timer WHERE kind = 'lease' AND done_at IS NULL") == due_at


async def test_a_clock_behind_at_the_start_is_noticed_recorded_and_cleared_when_it_has_caught_up(desk: Desk) -> None:
    await desk.pressed_alarm()
    desk.clock.set_wall(timedelta(minutes=-17))

    await restarted(desk).look()
    await restarted(desk).look()

    standing = (
        "SELECT code, subject, params ->> 'seconds' FROM notice WHERE code = 'clock-behind' AND cleared_at IS NULL"
    )
    assert desk.rows(standing) == [("clock-behind", "hub", "1020")]
    recorded = desk.rows(
        "SELECT entry::jsonb -> 'kind' FROM ledger_care WHERE entry::jsonb ->> 'kind' = 'clock.behind'"
    )
    assert recorded == [("clock.behind",)] * 2
    watch = restarted(desk)
    await watch.look()
    desk.clock.set_wall(timedelta(minutes=17))
    await watch.look()
    assert desk.rows(standing) == []


async def test_a_hub_that_starts_with_the_right_time_says_nothing_of_its_clock(desk: Desk) -> None:
    await desk.pressed_alarm()

    await restarted(desk).look()

    assert desk.rows("SELECT count(*) FROM notice WHERE code LIKE 'clock%%'") == [(0,)]


async def test_a_rule_that_waited_when_the_clock_fell_behind_waits_as_long_as_it_did(desk: Desk) -> None:
    await restarted(desk).look()

    desk.clock.set_wall(timedelta(days=-365 * 26))
    watch = restarted(desk)
    await watch.look()
    desk.clock.advance(timedelta(minutes=6))
    await watch.look()

    assert ("camera-silent", "device:cam-gym") in desk.rows("SELECT code, subject FROM notice")


async def test_three_presses_hurry_an_alarm_whose_earlier_ones_were_under_a_later_clock(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    for _ in range(2):
        await desk.press()
    assert desk.alarm(alarm_id, "tier, hurried_at IS NULL") == (1, False)

    desk.clock.set_wall(timedelta(hours=-2))
    await restarted(desk).look()
    for _ in range(3):
        desk.clock.advance(timedelta(seconds=1))
        await desk.press()

    assert desk.alarm(alarm_id, "tier > 1") == (True,)
