"""What happens to alarms on real rows: opened, climbing, taken, resolved, with everything in one transaction."""

import asyncio
import json
from dataclasses import replace

import psycopg
import pytest

from hub.alarms import service, sounder_store, store
from hub.alarms.errors import AlreadyTaken, NoSuchAlarm, NotAResponder, ReasonNeeded, WrongPolicy
from hub.alarms.model import Applies, Step
from hub.alarms.policy_service import write_policy
from hub.kit.db import Database
from hub.kit.ids import AccountId, AlarmId, PressId
from hub.ledger import store as ledger_store
from hub.ledger.chain import find_first_broken
from hub.ledger.edit import COMMAND_LINE, Author, open_edit
from hub.ledger.model import Chain
from hub.rules.model import Finding, Priority
from tests.fakes.circles import WAITS_FOR_A_LOCK
from tests.fakes.entries import entries_of, person_of
from tests.integration.alarms.conftest import Desk


def room_hot(desk: Desk) -> Finding:
    return Finding(
        rule_id="room-hot",
        priority=Priority.P2,
        klass="room-hot",
        centre_id=desk.house.centre,
        at=desk.clock.now(),
        room_id=desk.house.gym,
        device_id=desk.house.gym_sensor,
        summary={"zh-CN": "健身室 室温 33 °C", "en": "Gym is at 33 °C"},
    )


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


async def test_a_notice_of_a_centres_own_rule_carries_the_rules_own_words(desk: Desk) -> None:
    warm = replace(room_hot(desk), priority=Priority.P4, params={"value": "33"})

    await desk.conclude(warm)

    assert desk.rows("SELECT params FROM notice") == [
        ({"value": "33", "zh-CN": "健身室 室温 33 °C", "en": "Gym is at 33 °C"},)
    ]


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
    async with desk.database.transaction() as conn:
        assert await service.clear_unreachable_flag(conn, desk.clock.now())
        assert not await service.clear_unreachable_flag(conn, desk.clock.now())
    assert desk.alarm(alarm_id, "unreachable") == (False,)


async def test_where_nobody_can_be_told_everything_that_sounds_is_on_and_it_says_so(deskless: Desk) -> None:
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


async def test_whoever_accepts_owns_it_the_others_hear_of_it_and_the_button_says_coming(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()

    alarm = await desk.accept(alarm_id, desk.house.liu)

    assert (alarm.state, alarm.owner_id) == ("accepted", "liu")
    assert desk.told(alarm_id)[2:] == [("zhou", "taken")]
    assert desk.cues(desk.house.wang_button) == ["received", "coming"]
    (text,) = desk.rows("SELECT payload ->> 'text' FROM device_command WHERE payload ->> 'cue' = 'coming'")
    assert text == ("刘芳正在赶来",)
    assert desk.pending(alarm_id) == {"arrive": 120, "lease": 300}


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


async def test_once_it_is_taken_no_phone_rings_any_more(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()

    await desk.accept(alarm_id, desk.house.liu)

    assert desk.rows("SELECT DISTINCT state, error FROM notification") == [("dead", "withdrawn")]


async def test_the_loser_of_a_race_learns_the_name_of_the_winner(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.liu)

    with pytest.raises(AlreadyTaken) as lost:
        await desk.accept(alarm_id, desk.house.zhou)

    assert lost.value.params == {"name": "刘芳", "name_en": "Liu Fang"}


async def test_accepting_twice_is_accepting_once(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    first = await desk.accept(alarm_id, desk.house.liu)

    second = await desk.accept(alarm_id, desk.house.liu)

    assert second == first


@pytest.mark.parametrize("account", ["wang-daughter", "nobody"])
async def test_family_and_strangers_never_accept(desk: Desk, account: str) -> None:
    alarm_id = await desk.pressed_alarm()

    with pytest.raises(NotAResponder):
        await desk.accept(alarm_id, AccountId(account))


async def test_what_was_never_raised_cannot_be_accepted(desk: Desk) -> None:
    with pytest.raises(NoSuchAlarm):
        await desk.accept(AlarmId("a-01jdbkz4f00000000000000000"), desk.house.liu)


async def test_an_acceptance_that_lapses_rings_again_one_tier_higher(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.phones_take_everything()
    await desk.accept(alarm_id, desk.house.zhou)
    await desk.wait(121)
    assert ("sun", "arrive-nudge") in desk.told(alarm_id)

    await desk.wait(180)

    assert desk.alarm(alarm_id, "state, tier, owner_id") == ("open", 1, None)
    assert {("zhou", "lapsed"), ("liu", "lapsed")} <= set(desk.told(alarm_id))
    assert desk.cues(desk.house.wang_button) == ["received", "coming", "received"]


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


async def test_a_press_that_is_taken_back_is_marked_and_stays(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()

    ((press_id,),) = desk.rows("SELECT id FROM press")

    for _ in range(2):
        async with desk.database.transaction() as conn:
            await service.conclude_findings(conn, [], desk.clock.now(), [press_id])

    assert desk.alarm(alarm_id, "state, cancel_requested, version") == ("open", True, 2)


async def test_a_finding_and_a_press_taken_back_wait_for_a_tap_and_never_the_tap_for_them(desk: Desk) -> None:
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


async def test_resolving_what_nobody_has_seen_needs_a_sentence_of_which_the_ledger_knows_only_the_hash(
    desk: Desk,
) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.zhou)
    with pytest.raises(ReasonNeeded):
        await desk.resolve(alarm_id, desk.house.zhou, sentence="  ")

    await desk.resolve(alarm_id, desk.house.zhou, sentence="电话里说是不小心碰到的")

    ((entry,),) = desk.rows("SELECT entry FROM ledger_care ORDER BY n DESC LIMIT 1")
    ((hashed,),) = desk.rows(
        "SELECT encode(sha256(salt || convert_to(sentence, 'UTF8')), 'hex') FROM alarm_sentence WHERE alarm_id = %s",
        alarm_id,
    )
    assert json.loads(entry)["params"]["sentence"] == hashed
    assert "不小心" not in entry


async def test_a_press_after_the_end_is_a_new_alarm_linked_to_the_old_one(desk: Desk) -> None:
    first = await desk.pressed_alarm()
    await desk.accept(first, desk.house.zhou)
    await desk.resolve(first, desk.house.zhou)

    second = await desk.pressed_alarm()

    assert desk.alarm(second, "linked_id, number") == (first, "23-02")


async def test_a_resolved_alarm_closes_after_ten_minutes(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.zhou)
    await desk.resolve(alarm_id, desk.house.zhou)

    await desk.wait(600)

    assert desk.alarm(alarm_id, "state") == ("closed",)
    assert desk.pending(alarm_id) == {}


async def test_pressed_again_while_somebody_is_coming_wants_an_answer_within_a_minute(desk: Desk) -> None:
    alarm_id = await desk.pressed_alarm()
    await desk.accept(alarm_id, desk.house.zhou)
    await desk.wait(20)

    await desk.press()
    assert {("zhou", "pressed-again"), ("sun", "pressed-again")} <= set(desk.told(alarm_id))
    assert desk.cues(desk.house.wang_button)[-1] == "coming"
    await desk.accept(alarm_id, desk.house.zhou)
    assert "confirm" not in desk.pending(alarm_id)

    await desk.wait(10)
    await desk.press()
    await desk.wait(60)
    assert desk.alarm(alarm_id, "state, tier") == ("open", 1)


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


async def test_a_press_and_a_batch_that_opens_two_alarms_wait_for_each_other_and_never_in_a_circle(desk: Desk) -> None:
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
