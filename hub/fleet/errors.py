"""What can be wrong with a device as it is registered."""

from hub.fleet.placement import Misplaced
from hub.kit.errors import DomainError


class WrongPlacement(DomainError):
    """The device may not be there, or not be whose it is to be: `code` is what `placement` says."""

    status = 422

    def __init__(self, why: Misplaced) -> None:
        super().__init__(why.value)
        self.code = why.value


class NoSuchDevice(DomainError):
    """No device has this id."""

    code = "no-such-device"
    status = 404


class OffIsOver(DomainError):
    """A device is off until a time that is still to come."""

    code = "off-is-over"
    status = 422


class OffTooLong(DomainError):
    """A device is off for a month at most: what is off for ever is noticed by nobody."""

    code = "off-too-long"
    status = 422
