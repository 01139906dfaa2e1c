"""Is every touch a call, said at once?"""

from devices.contract.messages import AlarmKind
from devices.gestures import Contact, close_contact, open_contact


def test_a_touch_is_a_press_at_once() -> None:
    contact, kind = close_contact(Contact(), 10.0)

    assert kind is AlarmKind.PRESS
    assert open_contact(contact, 10.2) is None


def test_two_touches_are_a_press_and_a_double_press() -> None:
    contact, _ = close_contact(Contact(), 10.0)

    assert close_contact(contact, 10.4)[1] is AlarmKind.DOUBLE_PRESS


def test_two_touches_a_second_apart_are_two_presses() -> None:
    contact, _ = close_contact(Contact(), 10.0)

    assert close_contact(contact, 11.0)[1] is AlarmKind.PRESS


def test_a_finger_that_stays_adds_a_long_press() -> None:
    contact, _ = close_contact(Contact(), 10.0)

    assert open_contact(contact, 12.0) is AlarmKind.LONG_PRESS


def test_a_contact_that_bounces_calls_once() -> None:
    contact, _ = close_contact(Contact(), 10.0)

    assert close_contact(contact, 10.01) == (contact, None)
