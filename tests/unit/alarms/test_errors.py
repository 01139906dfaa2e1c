"""With which status are pages and phones told that an alarm cannot be changed?"""

from http import HTTPStatus

import pytest

from hub.alarms import errors
from hub.kit.errors import DomainError
from hub.kit.ids import AccountId


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NoSuchAlarm(), 404),
        (errors.NoSuchLink(), 404),
        (errors.NotNow(), 409),
        (errors.ReasonNeeded(), 422),
        (errors.NotAResponder(), 403),
        (errors.WrongPolicy(), 422),
        (errors.AlreadyTaken(AccountId("liu")), 409),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, DomainError) else str(given),
)
def test_a_page_is_answered_with_the_status_that_says_what_it_may_do(error: DomainError, status: int) -> None:
    assert error.status == HTTPStatus(status)


def test_who_was_faster_is_named() -> None:
    taken = errors.AlreadyTaken(AccountId("liu"), name="刘")

    assert (taken.owner_id, taken.params) == ("liu", {"name": "刘"})
