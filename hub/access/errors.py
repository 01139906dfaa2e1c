"""What can go wrong when somebody signs in."""

from hub.access.may import Refusal
from hub.kit.errors import DomainError


class SignedOut(DomainError):
    """Nobody is signed in, or the session has ended."""

    code = Refusal.SIGNED_OUT
    status = 401


class NotAllowed(DomainError):
    """Somebody is signed in and may not do this; `code` is the reason of `may`."""

    status = 403

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.code = reason


class WrongAccountOrPassword(DomainError):
    """No such account, a wrong password, an account that may not sign in here: the answer is the same for all."""

    code = "wrong-account-or-password"
    status = 401


class TooManyTries(DomainError):
    """Wrong answers came too fast from one place for one account; `seconds` from now the next one is looked at."""

    code = "too-many-tries"
    status = 429


class TooBusy(DomainError):
    """More people sign in at once than passwords can be checked."""

    code = "too-busy"
    status = 503


class NoSuchAccount(DomainError):
    """No account has this id."""

    code = "no-such-account"
    status = 404


class NoSuchInvitation(DomainError):
    """The link was never made, or was mistyped."""

    code = "no-such-invitation"
    status = 404


class InvitationUsed(DomainError):
    """The link is used up."""

    code = "invitation-used"
    status = 410


class InvitationExpired(DomainError):
    """The link's time is over."""

    code = "invitation-expired"
    status = 410


class WrongPhone(DomainError):
    """The digits are not those of the number that staff wrote down."""

    code = "wrong-phone"
    status = 403


class WeakPassword(DomainError):
    """Too short, or one of the first that anybody would try; `least` is the number of characters wanted."""

    code = "weak-password"
    status = 422


class NoCentreYet(DomainError):
    """The administrator's link was opened before a centre was imported."""

    code = "no-centre-yet"
    status = 409


class PhoneMissing(DomainError):
    """A family member without a telephone number, whose last four digits open her invitation."""

    code = "phone-missing"
    status = 422


class AccountDisabled(DomainError):
    """The account is disabled: nobody can sign in to it until it is enabled."""

    code = Refusal.ACCOUNT_DISABLED
    status = 409


class HasPassword(DomainError):
    """A staff member who has chosen a password signs in with it: a link is for who has none."""

    code = "has-password"
    status = 409


class FamilyHasNoPassword(DomainError):
    """Families are asked for no password: there is none to reset."""

    code = "family-has-no-password"
    status = 409
