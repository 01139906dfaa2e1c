"""Does a phone of the organisation show who has an alarm, and ring whenever somebody is asked to take it?"""

from collections.abc import Mapping

import pytest

from simulators.organisation.phones import Body, Delivery, Phone, Standing, apply_answer, message_of, receive_delivery
from tests.conftest import MORNING

ZHOU = Phone("zhou", "周敏", "Zhou Min", "social_worker")
BY_ZHOU = {"zh-CN": "周敏", "en": "Zhou Min"}
BY_SUN = {"zh-CN": "孙丽", "en": "Sun Li"}
NOBODY: Mapping[str, str] = {}


def told(n: int, state: str, owner: Mapping[str, str] = NOBODY, *, asks: bool = False) -> Delivery:
    """The n-th telling of one alarm to 周敏; `asks`: it wants an answer of hers."""
    body = {
        "notification_id": f"n-{n}",
        "to": {"account_id": "zhou"},
        "alarm": {"id": "a-1", "number": "23-07", "priority": "P1", "klass": "help", "state": state, "owner": owner},
        "n": n,
        "text": {"zh-CN": "王奶奶在健身室按了呼叫"},
        "urgent": asks,
        "accept_url": f"http://hub/api/a/token-{n}" if asks else None,
    }
    kind = "alarm.notification" if asks else "alarm.update"
    return Delivery(type=kind, timestamp=MORNING, data=Body.model_validate(body))


def after(*deliveries: Delivery, phone: Phone = ZHOU) -> Phone:
    """The phone after these deliveries."""
    for delivery in deliveries:
        phone = receive_delivery(phone, delivery, MORNING)
    return phone


RINGS = told(1, "open", asks=True)
ACCEPTED = {"code": "accepted"}
UNREACHABLE = {"code": "hub-unreachable"}
TAPPED = apply_answer(after(RINGS), "a-1", Standing.MINE, ACCEPTED)


def standing(phone: Phone) -> Standing:
    (message,) = phone.shown
    return message.standing


def test_the_phone_of_whoever_took_it_says_so_and_the_others_that_somebody_has() -> None:
    assert standing(after(RINGS, told(2, "accepted", BY_ZHOU))) is Standing.MINE
    assert standing(after(RINGS, told(2, "accepted", BY_SUN))) is Standing.TAKEN


def test_whoever_took_it_and_did_not_come_is_rung_again() -> None:
    coming = after(told(2, "accepted", BY_ZHOU), phone=TAPPED)

    assert standing(coming) is Standing.MINE
    assert standing(after(told(3, "open", asks=True), phone=coming)) is Standing.RINGING


def test_what_somebody_else_has_taken_since_is_not_hers_any_more() -> None:
    assert standing(after(told(4, "accepted", BY_SUN), phone=TAPPED)) is Standing.TAKEN


def test_what_is_over_asks_nobody() -> None:
    assert standing(after(RINGS, told(2, "accepted", BY_ZHOU), told(3, "resolved", BY_ZHOU))) is Standing.OVER


@pytest.mark.parametrize("owner", [BY_ZHOU, NOBODY])
def test_whichever_comes_first_the_answer_to_her_tap_or_the_news_of_it_it_is_hers(owner: Mapping[str, str]) -> None:
    news = told(2, "accepted", owner)

    assert standing(apply_answer(after(RINGS, news), "a-1", Standing.MINE, ACCEPTED)) is Standing.MINE


def test_an_answer_that_comes_late_does_not_bring_back_what_is_over() -> None:
    over = after(RINGS, told(2, "resolved", BY_SUN))

    assert apply_answer(over, "a-1", Standing.TAKEN, {"code": "already-taken"}) == over


def test_a_tap_without_an_answer_changes_nothing_that_the_hub_has_told_since() -> None:
    mine = after(RINGS, told(2, "accepted", BY_ZHOU))

    assert apply_answer(mine, "a-1", None, UNREACHABLE) == mine
    assert standing(apply_answer(after(RINGS), "a-1", None, UNREACHABLE)) is Standing.RINGING


def test_a_tap_on_a_message_that_was_just_brought_up_to_date_is_for_the_same_alarm() -> None:
    again = after(RINGS, told(2, "open", asks=True))

    found = message_of(again, "n-1")
    assert found is not None
    assert (found.alarm_id, found.accept_url) == ("a-1", "http://hub/api/a/token-2")
    assert message_of(again, "n-9") is None


def test_a_call_that_was_overtaken_by_the_news_of_who_took_it_does_not_ring() -> None:
    mine = after(RINGS, told(3, "accepted", BY_ZHOU), told(2, "open", asks=True))

    assert (standing(mine), mine.shown[0].count) == (Standing.MINE, 3)


def test_the_same_delivery_once_more_is_nothing_however_late_it_comes() -> None:
    told_twice = after(RINGS, told(2, "open", asks=True))

    assert after(RINGS, phone=told_twice) == told_twice


def test_whoever_took_it_is_asked_whether_she_still_comes_until_she_says_so() -> None:
    asked = after(told(2, "accepted", BY_ZHOU), told(3, "on_scene", BY_ZHOU, asks=True), phone=TAPPED)
    assert (standing(asked), asked.shown[0].can_confirm) == (Standing.MINE, True)

    unheard = apply_answer(asked, "a-1", None, UNREACHABLE)
    assert (unheard.shown[0].can_confirm, unheard.shown[0].answer) == (True, UNREACHABLE)

    confirmed = apply_answer(unheard, "a-1", Standing.MINE, ACCEPTED)
    assert (standing(confirmed), confirmed.shown[0].can_confirm) == (Standing.MINE, False)


def test_only_whoever_took_it_is_offered_to_say_that_she_still_comes() -> None:
    lead = after(RINGS, told(2, "accepted", BY_SUN), told(3, "accepted", BY_SUN, asks=True))

    assert (standing(lead), lead.shown[0].can_take, lead.shown[0].can_confirm) == (Standing.TAKEN, False, False)


def test_only_a_call_can_be_taken() -> None:
    assert after(RINGS).shown[0].can_take
    assert not TAPPED.shown[0].can_take
    assert not after(told(1, "open")).shown[0].can_take
