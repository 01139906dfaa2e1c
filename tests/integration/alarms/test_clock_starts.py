"""A hub that starts with a wrong clock, which is set right later: nobody waits longer, and nobody is told twice early.

On the machine that went on running, the monotonic clock says by how much the wall clock was set in between; after a
start of the machine nothing does but the newest row.
"""

from datetime import timedelta
from typing import Final

import psycopg
import pytest

from hub.alarms import clock_steps
from hub.alarms.card import read_card
from hub.alarms.watch import AlarmWatch
from hub.kit.changes import Changes
from hub.kit.ids import AlarmId
from tests.integration.alarms.conftest import Desk

BEHIND: Final = [timedelta(minutes=-17), timedelta(hours=-2), timedelta(days=-365 * 26)]
AHEAD: Final = [timedelta(minutes=11), timedelta(hours=2), timedelta(days=365 * 3), timedelta(days=365 * 80)]
STATES: Final = ["open", "accepted", "on_scene", "resolved"]


def restarted(desk: Desk) -> AlarmWatch:
    """The watch of a hub that starts now."""
    return AlarmWatch(desk.database, Changes(desk.url), desk.clock)


async def alarm_in(desk: Desk, state: str) -> AlarmId:
    """An alarm that came into this state ten seconds ago, in a hub that ran until now."""
    watch = restarted(desk)
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    if state != "open":
        await desk.accept(alarm_id, desk.house.liu)
    if state in ("on_scene", "resolved"):
        await desk.arrive(alarm_id, desk.house.liu)
    if state == "resolved":
        await desk.resolve(alarm_id, desk.house.liu)
    desk.clock.advance(timedelta(seconds=10))
    await watch.process_due()
    return alarm_id


def waits_of(desk: Desk, alarm_id: AlarmId) -> dict[str, float]:
    """What the alarm waits for, in whole seconds from now."""
    return {kind: round(seconds) for kind, seconds in desk.pending(alarm_id).items()}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("by", BEHIND + AHEAD, ids=str)
async def test_on_a_machine_that_ran_on_every_wait_is_as_long_as_before_and_again_when_the_clock_is_set_right(
    desk: Desk, by: timedelta, state: str
) -> None:
    alarm_id = await alarm_in(desk, state)
    before, told = waits_of(desk, alarm_id), desk.told(alarm_id)

    desk.clock.set_wall(by)
    watch = restarted(desk)
    await watch.process_due()
    assert waits_of(desk, alarm_id) == before
    desk.clock.advance(timedelta(seconds=2))
    await watch.process_due()
    desk.clock.set_wall(-by)
    await watch.process_due()

    assert waits_of(desk, alarm_id) == {kind: seconds - 2 for kind, seconds in before.items()}
    assert desk.told(alarm_id) == told
    ((since,),) = desk.rows("SELECT opened_at FROM alarm")
    assert desk.clock.now() - since == timedelta(seconds=12)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("by", BEHIND, ids=str)
async def test_after_a_start_of_the_machine_with_a_clock_behind_no_wait_is_longer_than_when_it_was_made(
    desk: Desk, by: timedelta, state: str
) -> None:
    alarm_id = await alarm_in(desk, state)
    ((full,),) = desk.rows("SELECT max(due_at - made_at) FROM alarm_timer WHERE done_at IS NULL")

    desk.clock.set_wall(by)
    desk.clock.reboot()
    watch = restarted(desk)
    await watch.process_due()

    assert max(desk.pending(alarm_id).values()) <= full.total_seconds()
    told = desk.told(alarm_id)
    desk.clock.advance(timedelta(seconds=2))
    await watch.process_due()
    desk.clock.set_wall(-by)
    await watch.process_due()
    assert max(desk.pending(alarm_id).values()) <= full.total_seconds()
    assert min(desk.pending(alarm_id).values()) > 0
    assert desk.told(alarm_id) == told
    async with desk.database.transaction() as conn:
        card = await read_card(conn, alarm_id)
    assert card is not None
    assert card.opened_at <= desk.clock.now()


@pytest.mark.parametrize("by", AHEAD, ids=str)
async def test_after_a_start_of_the_machine_with_a_clock_ahead_what_is_set_right_moves_only_what_was_made_since(
    desk: Desk, by: timedelta
) -> None:
    alarm_id = await alarm_in(desk, "resolved")
    ((closes_at,),) = desk.rows("SELECT due_at FROM alarm_timer WHERE kind = 'close'")
    desk.clock.set_wall(by)
    desk.clock.reboot()
    watch = restarted(desk)
    await watch.process_due()
    made_since = await desk.pressed_alarm()
    await watch.process_due()
    waits = waits_of(desk, made_since)

    desk.clock.set_wall(-by)
    await watch.process_due()

    assert waits_of(desk, made_since) == waits
    ((due_at,),) = desk.rows("SELECT due_at FROM alarm_timer WHERE kind = 'close' AND alarm_id = %s", alarm_id)
    assert due_at == closes_at


async def test_who_was_told_is_not_told_again_early_by_a_restart_with_a_clock_that_is_ahead(desk: Desk) -> None:
    alarm_id = await alarm_in(desk, "open")
    for _ in range(4):
        desk.clock.advance(timedelta(seconds=60))
        await restarted(desk).process_due()
        await desk.phones_take_everything()
    told = len(desk.told(alarm_id))

    desk.clock.set_wall(timedelta(minutes=11))
    watch = restarted(desk)
    for _ in range(10):
        await watch.process_due()
        desk.clock.advance(timedelta(seconds=1))

    assert len(desk.told(alarm_id)) == told


async def test_a_phone_that_took_the_alarm_before_the_clock_fell_back_still_counts(desk: Desk) -> None:
    """What was told since it opened is told since it opened, whatever the clock shows meanwhile."""
    watch = restarted(desk)
    await watch.process_due()
    alarm_id = await desk.pressed_alarm()
    desk.clock.advance(timedelta(seconds=1))
    await watch.process_due()

    desk.clock.set_wall(timedelta(hours=-1))
    await watch.process_due()
    desk.clock.advance(timedelta(seconds=1))
    await desk.press()
    await desk.phones_take_everything()
    desk.clock.advance(timedelta(seconds=14))
    await watch.process_due()

    assert desk.alarm(alarm_id, "unreachable") == (False,)


@pytest.mark.parametrize("reboots", [False, True])
@pytest.mark.parametrize("days", [-365 * 26, 365 * 3])
async def test_in_the_year_2000_as_in_2029_the_shift_of_today_is_called(desk: Desk, reboots: bool, days: int) -> None:
    await alarm_in(desk, "resolved")
    desk.clock.set_wall(timedelta(days=days))
    if reboots:
        desk.clock.reboot()
    await restarted(desk).process_due()

    alarm_id = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert alarm_id is not None

    assert ("zhou", "alarm") in desk.told(alarm_id)
    assert desk.alarm(alarm_id, "tier") == (0,)


DOUBT = "SELECT code, priority, params ->> 'seconds' FROM notice WHERE code LIKE 'clock-%%' AND cleared_at IS NULL"


@pytest.mark.parametrize("reboots", [False, True])
async def test_a_clock_that_is_years_ahead_is_in_doubt_until_it_is_set_right(desk: Desk, reboots: bool) -> None:
    years = timedelta(days=365 * 3)
    await alarm_in(desk, "open")
    desk.clock.set_wall(years)
    if reboots:
        desk.clock.reboot()
    watch = restarted(desk)
    await watch.process_due()

    assert {code for code, _, _ in desk.rows(DOUBT)} == {"clock-ahead"} | ({"clock-set"} if not reboots else set())
    assert desk.rows("SELECT doubt FROM clock_doubt") == [("ahead",)]
    kinds = {kind for (kind,) in desk.rows("SELECT entry::jsonb ->> 'kind' FROM ledger_care")}
    assert "clock.ahead" in kinds
    await restarted(desk).process_due()
    assert desk.rows("SELECT doubt FROM clock_doubt") == [("ahead",)]

    desk.clock.set_wall(-years)
    await watch.process_due()

    assert desk.rows("SELECT FROM clock_doubt") == []
    assert {code for code, _, _ in desk.rows(DOUBT)} == {"clock-set"}


async def test_a_clock_that_was_years_ahead_and_was_set_right_while_the_machine_was_off_is_not_behind(
    desk: Desk,
) -> None:
    years = timedelta(days=365 * 3)
    await alarm_in(desk, "open")
    desk.clock.set_wall(years)
    desk.clock.reboot()
    await restarted(desk).process_due()
    await desk.press(senior=desk.house.li, device=desk.house.li_button)

    desk.clock.set_wall(-years)
    desk.clock.reboot()
    await restarted(desk).process_due()

    assert desk.rows("SELECT FROM clock_doubt") == []
    assert desk.rows(DOUBT) == []


async def test_somebody_may_say_that_a_clock_in_doubt_is_right(desk: Desk) -> None:
    await alarm_in(desk, "open")
    desk.clock.advance(timedelta(days=40))
    desk.clock.reboot()
    await restarted(desk).process_due()
    assert [code for code, _, _ in desk.rows(DOUBT)] == ["clock-ahead"]

    async with desk.database.transaction() as conn:
        assert await clock_steps.confirm_clock(conn, desk.clock.now())
        assert not await clock_steps.confirm_clock(conn, desk.clock.now())
    await restarted(desk).process_due()

    assert desk.rows(DOUBT) == []


TIMERS_OF_NO_TIME: Final = [
    "made_at = 'infinity', due_at = 'infinity'",
    "made_at = '294276-12-31', due_at = '294276-12-31'",
    "made_at = '9999-12-31', due_at = '9999-12-31'",
    "due_at = '-infinity'",
]


@pytest.mark.parametrize("change", TIMERS_OF_NO_TIME)
@pytest.mark.parametrize("by", [timedelta(hours=-2), timedelta(days=365 * 80)], ids=str)
async def test_a_timer_of_a_time_that_no_clock_shows_is_due_and_holds_up_no_step_of_the_clock(
    desk: Desk, change: str, by: timedelta
) -> None:
    odd = await alarm_in(desk, "open")
    sound = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert sound is not None
    await desk.phones_take_everything()
    with psycopg.connect(desk.url) as conn:
        conn.execute(f"UPDATE alarm_timer SET {change} WHERE alarm_id = '{odd}' AND kind = 'escalate'".encode())
    watch = restarted(desk)

    desk.clock.set_wall(by)
    desk.clock.advance(timedelta(seconds=30))
    await watch.process_due()

    assert desk.alarm(sound, "tier") == (1,)
    assert desk.alarm(odd, "tier > 0") == (True,)
    assert desk.rows("SELECT FROM notice WHERE code = 'task-failed' AND cleared_at IS NULL") == []
