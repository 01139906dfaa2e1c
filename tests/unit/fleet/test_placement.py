"""Whose a device may be, and where a camera may stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.centre.model import NEVER_A_CAMERA, RoomType
from hub.fleet.model import NOBODYS, Assigned, DeviceKind
from hub.fleet.placement import Misplaced, Placement, find_misplacements
from hub.kit.ids import RoomId, SeniorId

GYM = Assigned(None, RoomId("gym"))
HERS = Assigned(SeniorId("s-wang"), None)
BOTH = Assigned(SeniorId("s-wang"), RoomId("gym"))


@pytest.mark.parametrize(
    ("placement", "found"),
    [
        (Placement(DeviceKind.BUTTON, False, HERS, None), []),
        (Placement(DeviceKind.SIREN, False, NOBODYS, None), []),
        (Placement(DeviceKind.SENSOR, False, GYM, RoomType.TOILET), []),
        (Placement(DeviceKind.BUTTON, False, BOTH, RoomType.GYM), [Misplaced.TWO_OWNERS]),
        (Placement(DeviceKind.CAMERA, True, GYM, RoomType.GYM), []),
        (Placement(DeviceKind.CAMERA, False, GYM, RoomType.GYM), [Misplaced.CAMERA_ADDRESS]),
        (Placement(DeviceKind.BUTTON, True, HERS, None), [Misplaced.CAMERA_ADDRESS]),
        (Placement(DeviceKind.CAMERA, True, HERS, None), [Misplaced.CAMERA_WITHOUT_ROOM]),
        (Placement(DeviceKind.CAMERA, True, NOBODYS, None), [Misplaced.CAMERA_WITHOUT_ROOM]),
        (Placement(DeviceKind.CAMERA, True, GYM, RoomType.BATH), [Misplaced.CAMERA_FORBIDDEN]),
        (
            Placement(DeviceKind.CAMERA, False, BOTH, RoomType.BATH),
            [Misplaced.TWO_OWNERS, Misplaced.CAMERA_ADDRESS, Misplaced.CAMERA_FORBIDDEN],
        ),
    ],
)
def test_everything_that_is_wrong_with_a_placement_is_named(placement: Placement, found: list[Misplaced]) -> None:
    assert list(find_misplacements(placement)) == found


@given(st.sampled_from(sorted(NEVER_A_CAMERA)), st.booleans())
def test_no_camera_is_right_where_none_may_be(room_type: RoomType, has_address: bool) -> None:
    placement = Placement(DeviceKind.CAMERA, has_address, GYM, room_type)

    assert Misplaced.CAMERA_FORBIDDEN in find_misplacements(placement)
