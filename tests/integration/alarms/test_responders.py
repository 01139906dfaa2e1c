"""What happens to an alarm that somebody takes, reaches and resolves?"""

import json

import pytest

from hub.alarms.errors import AlreadyTaken, NoSuchAlarm, NotAResponder, ReasonNeeded
from hub.alarms.service import require_responder
from hub.kit.ids import AccountId, AlarmId
from tests.integration.alarms.conftest import Desk


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


async def test_an_account_that_is_no_responder_is_none_for_a_link_either(desk: Desk) -> None:
    async with desk.database.transaction() as conn:
        with pytest.raises(NotAResponder):
            await require_responder(conn, AccountId("nobody"))


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
