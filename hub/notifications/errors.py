"""What can be wrong with a way to reach somebody."""

from hub.kit.errors import DomainError


class WrongAddress(DomainError):
    """The address has not the form that its channel needs; `channel` is that channel."""

    code = "wrong-address"
    status = 422
