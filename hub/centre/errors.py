"""What can be wrong with the building as it is described."""

from hub.kit.errors import DomainError


class ClosesBeforeItOpens(DomainError):
    """A centre closes later on the day than it opens."""

    code = "closes-before-it-opens"
    status = 422


class UnknownTimezone(DomainError):
    """The database does not know this name of a time zone, though Python may."""

    code = "unknown-timezone"
    status = 422


class SecondCentre(DomainError):
    """The hub serves another centre: one hub is the machine in one building."""

    code = "second-centre"
    status = 409


class NoSuchRoom(DomainError):
    """No room has this id."""

    code = "no-such-room"
    status = 404
