"""What can be wrong with a shift."""

from hub.kit.errors import DomainError


class NeverOnDuty(DomainError):
    """Nobody with this role (`role`) is on duty."""

    code = "never-on-duty"
    status = 422
