"""In which order does a phone of the organisation show its messages?"""

from datetime import UTC, datetime, timedelta

from simulators.organisation.phones import AlarmPart, Body, Delivery, Phone, To, receive_delivery, visible_messages

NINE = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PHONE = Phone("sw-1", "孙丽", "Sun Li", "social_worker")


def told(phone: Phone, alarm: str, minutes: int, *, priority: str = "P1", state: str = "open") -> Phone:
    """The phone after one message, which came so many minutes after nine."""
    about = AlarmPart(id=f"a-{alarm}", number=alarm, priority=priority, klass="help", state=state)
    kind = "alarm.notification" if state == "open" else "alarm.update"
    at = NINE + timedelta(minutes=minutes)
    body = Body(
        notification_id=f"n-{alarm}-{minutes}",
        to=To(account_id="sw-1"),
        alarm=about,
        n=1,
        text={"zh-CN": f"{alarm} 号"},
        urgent=True,
    )
    return receive_delivery(phone, Delivery(type=kind, timestamp=at, data=body), at)


def order(phone: Phone) -> list[str]:
    return [message.number for message in visible_messages(phone)]


def test_who_has_waited_longest_comes_first() -> None:
    phone = told(told(told(PHONE, "1", 0), "2", 1), "3", 2)

    assert order(phone) == ["1", "2", "3"]
    assert order(told(phone, "1", 3)) == ["1", "2", "3"], "it was told again, and she has waited since nine"


def test_an_emergency_comes_before_what_is_urgent() -> None:
    phone = told(told(PHONE, "1", 0, priority="P2"), "2", 1, priority="P1")

    assert order(phone) == ["2", "1"]


def test_no_alarm_that_rings_is_hidden() -> None:
    phone = PHONE
    for n in range(1, 31):
        phone = told(phone, f"{n:02}", n)

    assert order(phone) == [f"{n:02}" for n in range(1, 31)]


def test_what_is_over_fills_up_to_three() -> None:
    phone = PHONE
    for n in range(1, 6):
        phone = told(told(phone, f"{n}", n), f"{n}", 10 + n, state="resolved")

    assert order(phone) == ["5", "4", "3"]
    assert order(told(phone, "6", 20)) == ["6", "5", "4"]
