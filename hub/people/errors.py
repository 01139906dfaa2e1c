"""What can be wrong with a senior's record, a relation, a consent or a veto."""

from collections.abc import Sequence

from hub.kit.errors import DomainError
from hub.kit.ids import SeniorId


class NoSuchSenior(DomainError):
    """No senior of the centre has this id."""

    code = "no-such-senior"
    status = 404


class CardsOfOthers(DomainError):
    """Cards would be given away that belong to `holders`, seniors who are not among those being written."""

    code = "card-in-use"
    status = 409

    def __init__(self, holders: Sequence[SeniorId]) -> None:
        super().__init__(f"cards belong to {', '.join(holders)}")
        self.holders = tuple(holders)


class NotARelative(DomainError):
    """Only an account with the role `family` has a relation to a senior."""

    code = "not-a-relative"
    status = 422


class StaffNeeded(DomainError):
    """Staff confirm a relation and explain a consent, not a family member."""

    code = "staff-needed"
    status = 422


class NoRelation(DomainError):
    """A consent is for somebody who has a relation to the senior."""

    code = "no-relation"
    status = 422


class PauseIsOver(DomainError):
    """A pause ends later than it begins."""

    code = "pause-is-over"
    status = 422
