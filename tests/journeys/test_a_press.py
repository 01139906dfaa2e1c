"""What happens between a press and somebody who comes? The real processes, from the button to the phone and back."""

import statistics
import time

import httpx

from hub.alarms.card import AlarmCard
from simulators.organisation.phones import Standing
from tests.fakes.demo import Demo
from tests.fakes.waiting import wait_until
from tests.integration.web.page import opened

ROOMS = (("gym", "健身室"), ("chess", "棋牌室"), ("reading", "阅览室"))


def test_the_duty_social_workers_phone_says_within_a_second_who_where_and_how_urgent(centre: Demo) -> None:
    callers, took = centre.free.seniors(3), []
    for (room_id, _), caller in zip(ROOMS, callers, strict=True):
        centre.is_in(caller.id, room_id)

    for (_, room), caller in zip(ROOMS, callers, strict=True):
        pressed = time.monotonic()
        centre.press(caller.button)
        shown = centre.ringing("sw-1", caller)
        took.append(time.monotonic() - pressed)
        assert shown.text["zh-CN"].startswith(f"【紧急】{caller.called}在{room}按了呼叫")
        assert shown.text["en"].startswith(f"EMERGENCY: {caller.called_en}")
        assert (shown.priority, shown.urgent, shown.can_take) == ("P1", True, True)
    assert statistics.median(took) < 1, took


async def test_the_board_rings_and_shows_who_took_it(centre: Demo) -> None:
    caller, cookies = centre.free.senior(), dict(centre.staff().cookies)
    async with opened(centre.url, "/api/live", cookies) as board:
        await board.hear("snapshot")

        centre.press(caller.button)
        rung = await board.hear("alarm", state="open")
        centre.take("sw-1", centre.ringing("sw-1", caller))
        taken = await board.hear("alarm", state="accepted")

    assert rung["senior"]["address_as"] == caller.called
    assert (taken["id"], taken["owner"]["name"]) == (rung["id"], "孙丽")


def test_taking_it_on_the_phone_turns_the_buttons_light_to_coming_with_her_name(centre: Demo) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    wait_until(lambda: light_of(centre, caller.button) == ("steady", "听到了，有人来"))

    answer = centre.take("sw-1", centre.ringing("sw-1", caller))

    assert answer == {"code": "accepted"}
    wait_until(lambda: light_of(centre, caller.button) == ("coming", "孙丽正在赶来"))
    mine = centre.messages_of("sw-1", caller)[0]
    assert mine.standing is Standing.MINE
    shown = centre.alarm(mine.alarm_id)
    assert (shown.state, shown.owner and shown.owner.name) == ("accepted", "孙丽")


def light_of(centre: Demo, button: str) -> tuple[str, str]:
    now = centre.light(button)
    return now.light, now.text


def test_whoever_took_it_says_on_her_phone_that_she_still_comes_when_it_is_pressed_again(centre: Demo) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    alarm_id = centre.ringing("sw-1", caller).alarm_id
    centre.take("sw-1", centre.ringing("sw-1", caller))

    centre.press(caller.button)
    asked = wait_until(lambda: [one for one in centre.messages_of("sw-1", caller) if one.can_confirm])[0]
    assert (asked.standing, asked.urgent) == (Standing.MINE, True)
    assert centre.alarm(alarm_id).confirm_by is not None
    assert centre.take("sw-1", asked) == {"code": "accepted"}

    assert centre.alarm(alarm_id).confirm_by is None
    assert not centre.messages_of("sw-1", caller)[0].can_confirm


def test_nobody_takes_it_then_the_second_tier_is_told_and_whoever_takes_it_tells_the_others(centre: Demo) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    first = centre.ringing("sw-1", caller)
    assert not centre.messages_of("sw-2", caller), "the second tier is told when the first has had its time"

    centre.wind(10)
    second = centre.ringing("sw-2", caller)
    assert second.alarm_id == first.alarm_id
    wait_until(lambda: centre.simulated().sirens == {"siren-1": "sounding", "lamp-1": "on"})
    assert centre.take("sw-2", second) == {"code": "accepted"}

    wait_until(lambda: centre.messages_of("sw-1", caller)[0].standing is Standing.TAKEN)
    assert centre.take("sw-1", centre.messages_of("sw-1", caller)[0])["name"] == "何涛"
    wait_until(lambda: centre.light(caller.button).text == "何涛正在赶来")
    card = centre.alarm(first.alarm_id)
    assert {told.account_id for told in card.told} >= {"sw-1", "sw-2"}


def test_an_alarm_that_nobody_takes_climbs_to_the_street_and_goes_on(centre: Demo) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    centre.ringing("sw-1", caller)

    for wait, account_id in ((10, "sw-2"), (30, "lead-1"), (60, "street-1")):
        assert not centre.messages_of(account_id, caller), f"{account_id} is told {wait} s later"
        centre.wind(wait)
        centre.ringing(account_id, caller)
    told = centre.messages_of("sw-1", caller)[0].count
    centre.wind(60)
    wait_until(lambda: centre.messages_of("sw-1", caller)[0].count > told, what="everybody is told again")


def proofs(centre: Demo, alarm_id: str) -> list[tuple[object, ...]]:
    """What siren and lamp last proved of each command for this alarm, the first command first."""
    return centre.rows(
        "SELECT device_id, proof FROM device_command WHERE alarm_id = %s AND subtopic = 'cmd' ORDER BY made_at, id",
        alarm_id,
    )


def test_it_ends_with_an_outcome_and_the_siren_and_the_lamp_prove_what_they_do(centre: Demo) -> None:
    caller = centre.free.senior()
    centre.press(caller.button)
    shown = centre.ringing("sw-1", caller)
    centre.wind(10)
    wait_until(lambda: centre.simulated().sirens == {"siren-1": "sounding", "lamp-1": "on"})
    wait_until(lambda: {("siren-1", "sounding"), ("lamp-1", "on")} <= set(proofs(centre, shown.alarm_id)))
    centre.take("sw-1", shown)

    answer = centre.staff("sw-1").post(
        f"/api/alarms/{shown.alarm_id}/resolve", json={"outcome": "assisted", "sentence": "扶她坐下，血压正常"}
    )

    assert answer.status_code == httpx.codes.OK, answer.text
    card = AlarmCard.model_validate_json(answer.content)
    assert (card.state, card.outcome) == ("resolved", "assisted")
    wait_until(lambda: centre.simulated().sirens == {"siren-1": "off", "lamp-1": "off"})
    wait_until(lambda: {("siren-1", "off"), ("lamp-1", "off")} == set(proofs(centre, shown.alarm_id)[-2:]))
    wait_until(lambda: centre.messages_of("sw-1", caller)[0].standing is Standing.OVER)
    wait_until(lambda: centre.light(caller.button).light == "dark")
