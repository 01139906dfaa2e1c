"""With which status are pages told that something about a senior cannot be written?"""

from http import HTTPStatus

import pytest

from hub.kit.errors import DomainError
from hub.kit.ids import SeniorId
from hub.people import errors


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.NoSuchSenior(), 404),
        (errors.NotARelative(), 422),
        (errors.StaffNeeded(), 422),
        (errors.NoRelation(), 422),
        (errors.PauseIsOver(), 422),
        (errors.CardsOfOthers([SeniorId("s-wang")]), 409),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, DomainError) else str(given),
)
def test_a_page_is_answered_with_the_status_that_says_what_it_may_do(error: DomainError, status: int) -> None:
    assert error.status == HTTPStatus(status)


def test_whose_cards_they_are_is_named() -> None:
    given_away = errors.CardsOfOthers([SeniorId("s-wang"), SeniorId("s-li")])

    assert (given_away.holders, str(given_away)) == (("s-wang", "s-li"), "cards belong to s-wang, s-li")
