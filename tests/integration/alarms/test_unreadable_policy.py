"""A stored policy with a word that the hub does not know: whoever takes an alarm meets no error for it, and a new
alarm escalates as shipped."""

import psycopg

from hub.alarms import duties, service
from hub.alarms.card import read_story
from hub.alarms.escalation import OPENING_HOURS
from hub.alarms.policy_service import write_policy
from hub.centre.model import Applies
from hub.kit.db import Database
from hub.kit.ids import PressId
from hub.ledger.edit import COMMAND_LINE, open_edit
from tests.integration.alarms.conftest import Desk
from tests.integration.alarms.test_parked import break_policy


def break_centre_policies(desk: Desk) -> None:
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            """
            INSERT INTO escalation_policy (id, centre_id, applies, name, version, tiers, made_at, current)
            SELECT 'o-' || applies, %(centre)s, applies, 'day', 1, '[{"wait_seconds": 30, "targets": ["pager:x"]}]',
                   %(now)s, true
              FROM unnest(%(all)s::text[]) AS applies
            """,
            {"centre": desk.house.centre, "now": desk.clock.now(), "all": list(map(str, Applies))},
        )


async def test_an_alarm_whose_policy_cannot_be_read_is_taken_reached_resolved_and_closed(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    break_policy(desk, alarm_id)

    assert (await desk.accept(alarm_id, desk.house.zhou)).owner_id == desk.house.zhou
    assert desk.alarm(alarm_id, "state, owner_id") == ("accepted", "zhou")
    await desk.sleep(120)
    await desk.arrive(alarm_id, desk.house.zhou)
    await desk.resolve(alarm_id, desk.house.zhou)
    await desk.sleep(600)

    assert desk.alarm(alarm_id, "state") == ("closed",)
    assert list(dict.fromkeys(template for _, template in desk.told(alarm_id))) == [
        "alarm", "taken", "arrive-nudge", "resolved",
    ]  # fmt: skip
    assert desk.rows("SELECT count(*) FROM parked_row") == [(0,)]


async def test_a_press_on_an_alarm_that_somebody_has_taken_tells_her_though_its_policy_cannot_be_read(
    desk: Desk,
) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    break_policy(desk, alarm_id)
    await desk.accept(alarm_id, desk.house.zhou)

    assert (await desk.press()).alarm_id == alarm_id

    assert ("zhou", "pressed-again") in desk.told(alarm_id)


async def test_a_cancelled_press_marks_its_alarm_though_its_policy_cannot_be_read(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    ((press_id,),) = desk.rows("SELECT press_id FROM alarm_press")
    break_policy(desk, alarm_id)

    async with desk.database.transaction() as conn:
        await service.conclude_findings(conn, [], desk.clock.now(), [PressId(press_id)])

    assert desk.alarm(alarm_id, "cancel_requested") == (True,)


async def test_a_new_alarm_escalates_as_shipped_where_the_centres_policy_cannot_be_read_and_that_is_noticed(
    desk: Desk,
) -> None:
    break_centre_policies(desk)

    alarm_id = await desk.pressed_alarm()

    assert desk.alarm(alarm_id, "policy ->> 'name'") == ("shipped",)
    assert set(desk.told(alarm_id)) == {("zhou", "alarm")}
    assert desk.rows("SELECT code, subject FROM notice WHERE code = 'row-parked'") == [
        ("row-parked", f"escalation-policy:{Applies.OPENING_HOURS}")
    ]


async def test_a_policy_that_cannot_be_read_is_replaced_and_hides_no_gap_of_the_roster(
    desk: Desk, pages_database: Database
) -> None:
    break_centre_policies(desk)

    async with desk.database.transaction() as conn:
        empty = await duties.empty_tiers(conn, desk.house.centre, desk.clock.now())
    async with open_edit(pages_database, COMMAND_LINE, desk.clock.now()) as editing:
        await write_policy(editing, desk.house.centre, Applies.OPENING_HOURS, "day", OPENING_HOURS)

    assert {tier.applies for tier in empty} == set(Applies)
    assert desk.rows("SELECT version FROM escalation_policy WHERE current AND applies = 'opening_hours'") == [(2,)]


async def test_a_step_that_is_no_word_any_more_hides_nothing_else_of_the_story(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "INSERT INTO alarm_step (alarm_id, version, at, what, params) VALUES (%s, 99, %s, 'paged', '{}')",
            (alarm_id, desk.clock.now()),
        )

    async with desk.database.transaction() as conn:
        story = await read_story(conn, alarm_id)

    assert story is not None
    assert [step.what for step in story.timeline] == ["opened"]
