"""Why a presence cannot be written."""

from hub.kit.errors import DomainError


class RoomMissing(DomainError):
    """Entering needs a room."""

    code = "room-missing"
    status = 422
