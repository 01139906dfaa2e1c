"""What things are called: an id type for each, and how a new id is made."""

from datetime import datetime
from typing import NewType

from ulid import ULID

CentreId = NewType("CentreId", str)
OrganisationId = NewType("OrganisationId", str)
RoomId = NewType("RoomId", str)
SeniorId = NewType("SeniorId", str)
DeviceId = NewType("DeviceId", str)
AccountId = NewType("AccountId", str)
AlarmId = NewType("AlarmId", str)
PressId = NewType("PressId", str)
ViewingId = NewType("ViewingId", str)
NoticeId = NewType("NoticeId", str)


def new_id(prefix: str, now: datetime) -> str:
    """A new id: `prefix`, a dash and a lower-case ULID of `now`, such as `a-01jdbk…`. Later ids sort after earlier."""
    return f"{prefix}-{str(ULID.from_datetime(now)).lower()}"
