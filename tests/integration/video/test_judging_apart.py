"""Does one viewing that cannot be judged end alone?"""

import time

import pytest

from tests.fakes.viewer import open_viewer
from tests.integration.video.conftest import Centre

pytestmark = pytest.mark.long


async def test_a_viewing_that_cannot_be_judged_ends_alone_and_the_others_go_on(centre: Centre) -> None:
    daughter, nurse = centre.signs_in("wang-daughter"), centre.signs_in("liu", "staff")
    centre.enters("s-wang", "gym")
    async with open_viewer() as one, open_viewer() as other:
        await centre.watches(one, daughter, centre.house.gym_camera)
        opened = await centre.video.open_viewing(nurse, centre.house.gym_camera, for_family=False, reason="看一眼")
        await centre.starts(other, nurse, centre.house.gym_camera, opened)
        await other.sees(1)

        changed = time.monotonic()
        centre.does("UPDATE presence SET evidence_at = 'infinity' WHERE to_at IS NULL")
        ended = await one.goes_dark()
        await other.sees(30)

    assert ended - changed < 1
    assert centre.rows("SELECT ended_because FROM viewing WHERE account_id = 'wang-daughter'") == [("our-mistake",)]
