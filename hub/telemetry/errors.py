"""Why there is no chart."""

from hub.kit.errors import DomainError


class NoSuchRoom(DomainError):
    """The centre has no such room."""

    code = "no-such-room"
    status = 404
