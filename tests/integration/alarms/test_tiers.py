"""Who is told when nobody takes an alarm, by which policy?"""

import psycopg
import pytest

from hub.alarms import service
from hub.alarms.errors import WrongPolicy
from hub.alarms.model import Step
from hub.alarms.policy_service import write_policy
from hub.centre.model import Applies
from hub.kit.db import Database
from hub.ledger.edit import COMMAND_LINE, Author, open_edit
from hub.notices.parking import process_next_row
from tests.fakes.entries import entries_of, person_of
from tests.integration.alarms.conftest import Desk


async def test_an_unanswered_alarm_climbs_tier_by_tier_and_then_repeats_for_ever(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()

    await desk.wait(30)
    assert desk.alarm(alarm_id, "tier") == (1,)
    assert desk.told(alarm_id)[2:] == [("liu", "alarm")]
    assert desk.commands(desk.house.siren) == [True]
    await desk.phones_take_everything()

    await desk.wait(30 + 60 + 60)
    assert desk.alarm(alarm_id, "tier") == (4,)
    assert {"zhou", "liu", "chen", "sun"} == {account for account, _ in desk.told(alarm_id)}
    assert set(desk.pending(alarm_id)) >= {"repeat"}

    told_before = len(desk.told(alarm_id))
    await desk.wait(3600)
    assert desk.told(alarm_id)[told_before:].count(("zhou", "again")) == 2 * 60
    assert desk.pending(alarm_id)["repeat"] <= 60


async def test_after_an_outage_all_missed_tiers_are_one_step_that_says_how_late_it_is(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()

    await desk.sleep(3600)

    assert desk.alarm(alarm_id, "tier") == (4,)
    (late,) = desk.rows("SELECT params ->> 'late_by_seconds' FROM alarm_step WHERE what = 'escalated'")
    assert late == ("3570",)
    assert desk.told(alarm_id).count(("liu", "alarm")) == 1


async def test_a_tier_without_anybody_is_passed_and_noticed(desk: Desk) -> None:
    with psycopg.connect(desk.url) as conn:
        conn.execute("DELETE FROM shift WHERE duty = 'primary'")

    alarm_id = await desk.pressed_alarm()

    assert desk.alarm(alarm_id, "tier") == (1,)
    assert desk.told(alarm_id) == [("liu", "alarm")]
    assert desk.rows("SELECT code, subject FROM notice") == [("roster-gap", "tier:1")]


async def test_when_no_phone_takes_it_within_fifteen_seconds_the_next_tier_is_called_and_it_says_so(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()

    await desk.wait(15)
    assert desk.alarm(alarm_id, "tier, unreachable") == (1, True)

    await desk.phones_take_everything()
    assert await process_next_row(desk.database, service.take_reached_alarm, desk.clock.now)
    assert not await process_next_row(desk.database, service.take_reached_alarm, desk.clock.now)
    assert desk.alarm(alarm_id, "unreachable") == (False,)


async def test_where_nobody_is_reachable_everything_that_sounds_is_on_and_it_says_so(deskless: Desk) -> None:
    desk = deskless
    alarm_id = await desk.pressed_alarm()

    await desk.wait(15)

    assert desk.alarm(alarm_id, "tier, unreachable") == (4, True)
    assert desk.commands(desk.house.siren)[-1]
    await desk.wait(600)
    assert desk.pending(alarm_id)["repeat"] <= 60


async def test_the_last_resort_calls_everybody_with_any_channel_even_an_unproven_one(deskless: Desk) -> None:
    desk = deskless
    with psycopg.connect(desk.url) as conn:
        conn.execute("INSERT INTO contact_method VALUES ('cm-admin', 'admin', 'email', 'admin@example.org')")
        conn.execute("INSERT INTO contact_method VALUES ('cm-d', 'wang-daughter', 'email', 'w@example.org')")
    alarm_id = await desk.pressed_alarm()
    assert desk.told(alarm_id) == []

    await desk.wait(15)

    assert desk.told(alarm_id) == [("admin", "alarm")]  # and not the family


async def test_an_alarm_keeps_the_policy_it_was_born_with(desk: Desk, pages_database: Database) -> None:
    async def write(wait_seconds: int) -> None:
        steps = (Step(wait_seconds, ("duty:primary",)), Step(60, ("duty:secondary",)))
        async with open_edit(pages_database, COMMAND_LINE, desk.clock.now()) as editing:
            await write_policy(editing, desk.house.centre, Applies.OPENING_HOURS, "demo", steps)

    await write(10)
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    await write(300)

    await desk.wait(10)

    assert desk.alarm(alarm_id, "tier, policy ->> 'version'") == (1, "1")
    assert desk.told(alarm_id)[-1] == ("chen", "alarm")
    assert desk.rows("SELECT version, current FROM escalation_policy ORDER BY version") == [(1, False), (2, True)]


async def test_writing_the_same_policy_again_makes_no_new_version_and_no_entry(
    desk: Desk, pages_database: Database
) -> None:
    admin = Author(person_of(desk.url, "account", desk.house.admin), desk.house.admin)
    for _ in range(2):
        async with open_edit(pages_database, admin, desk.clock.now()) as editing:
            steps = (Step(10, ("duty:primary",)),)
            await write_policy(editing, desk.house.centre, Applies.OUT_OF_HOURS, "night", steps)

    assert desk.rows("SELECT version, made_by FROM escalation_policy") == [(1, "admin")]
    assert entries_of(desk.url) == [("policy.written", {"applies": "out_of_hours", "by": admin.token})]


@pytest.mark.parametrize(
    "steps",
    [(), (Step(9, ("board",)),), (Step(10, ()),), (Step(10, ("duty:nobody",)),), (Step(10, ("role:family",)),)],
    ids=["no rung", "too short a wait", "nobody called", "no such duty", "a role that answers nothing"],
)
async def test_rungs_that_call_nobody_are_no_policy(desk: Desk, steps: tuple[Step, ...]) -> None:
    async with open_edit(desk.database, COMMAND_LINE, desk.clock.now()) as editing:
        with pytest.raises(WrongPolicy):
            await write_policy(editing, desk.house.centre, Applies.OUT_OF_HOURS, "night", steps)

    assert desk.rows("SELECT version FROM escalation_policy") == []


async def test_at_night_another_policy_holds(desk: Desk) -> None:
    await desk.sleep(12 * 3600)  # 22:14 in Lanzhou

    alarm_id = await desk.pressed_alarm()

    assert desk.commands(desk.house.lamp) == []
    assert desk.pending(alarm_id)["escalate"] == 60
