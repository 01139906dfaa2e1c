"""Does a phone of the organisation show who has an alarm, and ring whenever somebody is asked to take it?"""

from collections.abc import Mapping

from simulators.organisation.phones import Body, Delivery, Phone, Standing, answered, receive
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
        phone = receive(phone, delivery, MORNING)
    return phone


RINGS = told(1, "open", asks=True)
TAPPED = answered(after(RINGS), "n-1", Standing.MINE, {"code": "accepted"})


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
