"""A hub that starts with a clock behind: no wait is longer from now than when it was made."""

from datetime import timedelta

import pytest

from hub.alarms.watch import AlarmWatch
from hub.kit.changes import Changes
from tests.integration.alarms.conftest import Desk

BEHIND = [timedelta(minutes=17), timedelta(hours=2), timedelta(days=365 * 26)]
"""A power cut without a battery: the clock stood still, or fell back to where clocks of such machines begin."""


def restarted(desk: Desk) -> AlarmWatch:
    """The watch of a hub that starts now."""
    return AlarmWatch(desk.database, Changes(desk.url), desk.clock)


@pytest.mark.parametrize("behind", BEHIND)
async def test_a_hub_that_starts_with_a_clock_behind_climbs_and_repeats_as_if_the_wait_began_now(
    desk: Desk, behind: timedelta
) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()

    desk.clock.set_wall(-behind)
    watch = restarted(desk)
    await watch.process_due()

    assert desk.pending(alarm_id) == {"escalate": 30, "repeat": 60, "unreachable": 15}
    assert desk.alarm(alarm_id, "ambulance_card_at")[0] == desk.clock.now() + timedelta(minutes=5)
    desk.clock.advance(timedelta(seconds=30))
    await watch.process_due()
    assert desk.alarm(alarm_id, "tier > 0") == (True,)  # in 2000 nobody had a shift: those tiers are passed at once
    for _ in range(12):
        desk.clock.advance(timedelta(seconds=30))
        await watch.process_due()
    assert "again" in {template for _, template in desk.told(alarm_id)}


@pytest.mark.parametrize("behind", BEHIND)
async def test_when_the_clock_is_set_right_later_every_alarm_waits_no_longer_and_no_shorter(
    desk: Desk, behind: timedelta
) -> None:
    before = await desk.pressed_alarm()
    await desk.phones_take_everything()
    desk.clock.set_wall(-behind)
    watch = restarted(desk)
    await watch.process_due()
    desk.clock.advance(timedelta(seconds=10))
    meanwhile = (await desk.press(senior=desk.house.li, device=desk.house.li_button)).alarm_id
    assert meanwhile is not None
    await watch.process_due()

    desk.clock.set_wall(behind)
    await watch.process_due()

    assert desk.pending(before) == {"escalate": 20, "repeat": 50, "unreachable": 5}
    assert max(desk.pending(meanwhile).values()) == 60
    await watch.process_due()
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
    await watch.process_due()
    desk.clock.set_wall(timedelta(seconds=60))
    await watch.process_due()

    assert desk.rows("SELECT due_at FROM alarm_timer WHERE kind = 'lease' AND done_at IS NULL") == due_at


async def test_a_clock_behind_at_the_start_is_noticed_recorded_and_cleared_when_it_has_caught_up(desk: Desk) -> None:
    await desk.pressed_alarm()
    desk.clock.set_wall(timedelta(minutes=-17))

    await restarted(desk).process_due()
    await restarted(desk).process_due()

    standing = (
        "SELECT code, subject, params ->> 'seconds' FROM notice WHERE code = 'clock-behind' AND cleared_at IS NULL"
    )
    assert desk.rows(standing) == [("clock-behind", "hub", "1020")]
    recorded = desk.rows(
        "SELECT entry::jsonb -> 'kind' FROM ledger_care WHERE entry::jsonb ->> 'kind' = 'clock.behind'"
    )
    assert recorded == [("clock.behind",)] * 2
    watch = restarted(desk)
    await watch.process_due()
    desk.clock.set_wall(timedelta(minutes=17))
    await watch.process_due()
    assert desk.rows(standing) == []


async def test_a_hub_that_starts_with_the_right_time_says_nothing_of_its_clock(desk: Desk) -> None:
    await desk.pressed_alarm()

    await restarted(desk).process_due()

    assert desk.rows("SELECT count(*) FROM notice WHERE code LIKE 'clock%%'") == [(0,)]


async def test_three_presses_hurry_an_alarm_whose_earlier_ones_were_under_a_later_clock(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    for _ in range(2):
        await desk.press()
    assert desk.alarm(alarm_id, "tier, hurried_at IS NULL") == (1, False)

    desk.clock.set_wall(timedelta(hours=-2))
    await restarted(desk).process_due()
    for _ in range(3):
        desk.clock.advance(timedelta(seconds=1))
        await desk.press()

    assert desk.alarm(alarm_id, "tier > 1") == (True,)
