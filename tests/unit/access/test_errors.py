"""With which status are pages told that somebody may not in?"""

from http import HTTPStatus

import pytest

from hub.access import errors
from hub.kit.errors import DomainError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.SignedOut(), 401),
        (errors.WrongAccountOrPassword(), 401),
        (errors.TooManyTries(), 429),
        (errors.TooBusy(), 503),
        (errors.NoSuchAccount(), 404),
        (errors.NoSuchInvitation(), 404),
        (errors.InvitationUsed(), 410),
        (errors.InvitationExpired(), 410),
        (errors.WrongPhone(), 403),
        (errors.WeakPassword(), 422),
        (errors.NoCentreYet(), 409),
        (errors.PhoneMissing(), 422),
        (errors.AccountDisabled(), 409),
        (errors.HasPassword(), 409),
        (errors.FamilyHasNoPassword(), 409),
        (errors.NotAllowed("not-your-centre"), 403),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, DomainError) else str(given),
)
def test_a_page_is_answered_with_the_status_that_says_what_it_may_do(error: DomainError, status: int) -> None:
    assert error.status == HTTPStatus(status)


def test_a_refusal_carries_the_reason_as_its_code() -> None:
    assert errors.NotAllowed("not-your-centre").code == "not-your-centre"
