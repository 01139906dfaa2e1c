"""Why a presence cannot be written."""

from hub.kit.errors import DomainError


class NoSuchRoom(DomainError):
    """The centre has no such room."""

    code = "no-such-room"
    status = 404


class RoomMissing(DomainError):
    """Entering needs a room."""

    code = "room-missing"
    status = 422
