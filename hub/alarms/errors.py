"""What can go wrong when somebody acts on an alarm."""

from hub.kit.errors import DomainError
from hub.kit.ids import AccountId


class NoSuchAlarm(DomainError):
    """There is no alarm with this id."""

    code = "no-such-alarm"
    status = 404


class NoSuchLink(DomainError):
    """The accept link was never sent, or was mistyped."""

    code = "no-such-link"
    status = 404


class AlreadyTaken(DomainError):
    """Somebody else was faster; `owner_id` is the winner, `params` her name once it has been looked up."""

    code = "already-taken"
    status = 409

    def __init__(self, owner_id: AccountId, **params: str) -> None:
        super().__init__(f"the alarm is taken by {owner_id}", **params)
        self.owner_id = owner_id


class NotNow(DomainError):
    """The alarm is in a state in which this cannot happen (T23); `params` names the state."""

    code = "not-in-this-state"
    status = 409


class ReasonNeeded(DomainError):
    """A sentence is missing: why nobody went, or how it is known that somebody is there."""

    code = "reason-needed"
    status = 422


class NotAResponder(DomainError):
    """This account cannot take alarms of that centre."""

    code = "not-a-responder"
    status = 403


class UnreadablePolicy(Exception):
    """Who is next cannot be told: the policy that the alarm copied holds words that the hub does not know.

    Nobody is refused for it. Whoever climbs parks the alarm, and everybody is notified (`last_resort`).
    """


class WrongPolicy(DomainError):
    """A tier waits too short or too long, calls nobody, or calls what does not exist; or there are too many."""

    code = "wrong-policy"
    status = 422
