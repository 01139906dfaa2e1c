"""What is the building: the organisation that runs it, its hours, its rooms and what each is for?"""

from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Final

from hub.kit.ids import CentreId, OrganisationId, RoomId


class Applies(StrEnum):
    """In which of the centre's hours something holds: while it is open, or while it is closed."""

    OPENING_HOURS = "opening_hours"
    OUT_OF_HOURS = "out_of_hours"


class RoomType(StrEnum):
    """What a room is for."""

    DINING = "dining"
    REHABILITATION = "rehabilitation"
    GYM = "gym"
    READING = "reading"
    CHESS = "chess"
    COMPUTER = "computer"
    BARBER = "barber"
    MASSAGE = "massage"
    MUSIC = "music"
    LAUNDRY = "laundry"
    COUNSELLING = "counselling"
    DUTY = "duty"
    CORRIDOR = "corridor"
    TOILET = "toilet"
    BATH = "bath"
    CHANGING = "changing"
    TREATMENT = "treatment"
    STAFF_REST = "staff_rest"


NEVER_A_CAMERA: Final = frozenset(
    {
        RoomType.TOILET,
        RoomType.BATH,
        RoomType.CHANGING,
        RoomType.TREATMENT,
        RoomType.MASSAGE,
        RoomType.COUNSELLING,
        RoomType.STAFF_REST,
    }
)
"""Types of room in which people undress, are treated or speak in confidence.

The database keeps the same list in `room_allows_camera`, and `tests/integration/schema/test_cameras.py` compares
the two.
"""


@dataclass(frozen=True, slots=True)
class OrganisationRecord:
    """The contracted social-work organisation that runs the centre."""

    id: OrganisationId
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class CentreRecord:
    """The building; `opens` and `closes` are wall time of `timezone`, `phone` is what a family calls ("" without)."""

    id: CentreId
    organisation_id: OrganisationId
    name: str
    name_en: str
    address: str
    phone: str
    timezone: str
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A room and its cell of the floor plan, counted from the upper left corner."""

    id: RoomId
    centre_id: CentreId
    name: str
    name_en: str
    type: RoomType
    plan_column: int
    plan_row: int
    plan_width: int
    plan_height: int


def are_in_order(opens: time, closes: time) -> bool:
    """Whether a centre can be open from `opens` to `closes`: on one day, whose end is `time.max`."""
    return opens < closes
