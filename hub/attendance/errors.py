"""Why a presence cannot be written."""

from hub.attendance.model import PersonHere
from hub.kit.errors import ChangedMeanwhile, DomainError


class RoomMissing(DomainError):
    """Entering needs a room."""

    code = "room-missing"
    status = 422


class WhereaboutsChanged(DomainError):
    """Since this member of staff looked, somebody else has said where the senior is. `stands` is what holds now."""

    code = ChangedMeanwhile.code
    status = ChangedMeanwhile.status

    def __init__(self, stands: PersonHere) -> None:
        super().__init__()
        self.stands = stands
