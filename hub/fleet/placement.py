"""Whose may a device be, and where may a camera stand?"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from hub.centre.model import NEVER_A_CAMERA, RoomType
from hub.fleet.model import Assigned, DeviceKind


class Misplaced(StrEnum):
    """What is wrong with a device and whose it is."""

    TWO_OWNERS = "two-owners"  # a senior's and a room's
    CAMERA_ADDRESS = "camera-address"  # a camera without a main source, or something else with one
    CAMERA_WITHOUT_ROOM = "camera-without-room"
    CAMERA_FORBIDDEN = "camera-forbidden"  # in a room where people undress, are treated or speak in confidence


@dataclass(frozen=True, slots=True)
class Placement:
    """A device of this kind, whose it is to be, and what that room is for (None: of no room, or of one unknown)."""

    kind: DeviceKind
    has_main_source: bool
    assigned: Assigned
    room_type: RoomType | None


def find_misplacements(placement: Placement) -> Iterator[Misplaced]:
    """Everything that is wrong with this placement; nothing when the device may be there."""
    is_camera = placement.kind is DeviceKind.CAMERA
    if placement.assigned.senior_id is not None and placement.assigned.room_id is not None:
        yield Misplaced.TWO_OWNERS
    if is_camera != placement.has_main_source:
        yield Misplaced.CAMERA_ADDRESS
    if is_camera and placement.assigned.room_id is None:
        yield Misplaced.CAMERA_WITHOUT_ROOM
    if is_camera and placement.room_type in NEVER_A_CAMERA:
        yield Misplaced.CAMERA_FORBIDDEN
