"""A consent that ends at a time: the picture goes with it, also when the clock is behind."""

import time

import pytest

from hub.kit.changes import Changes
from hub.kit.db import Database
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.notices.jobs import DueJobs
from hub.people.model import CONSENT_ENDS, ConsentRecord, Purpose
from hub.people.service import end_consent, give_first_consent
from tests.conftest import MORNING
from tests.fakes.viewer import open_viewer
from tests.integration.video.conftest import MINUTE, Centre

pytestmark = pytest.mark.long


async def test_a_consent_that_ends_ends_the_picture_within_a_second_also_when_the_clock_is_behind(
    centre: Centre, pages_database: Database
) -> None:
    daughter = centre.signs_in("wang-daughter")
    centre.enters("s-wang", "gym")
    ends_at = MORNING + 5 * MINUTE
    async with open_edit(pages_database, COMMAND_LINE, MORNING) as editing:
        record = ConsentRecord(
            centre.house.wang, centre.house.daughter, Purpose.LIVE_VIDEO, centre.house.liu, "zh-CN", "孙丽", "2026-01",
            ends_at,
        )  # fmt: skip
        await give_first_consent(editing, record)
    jobs = DueJobs(pages_database, Changes(centre.url), centre.clock, {CONSENT_ENDS: end_consent})
    await jobs.do_due()
    async with open_viewer() as one:
        await centre.watches(one, daughter, centre.house.gym_camera)
        centre.clock.set_wall(-2 * MINUTE)
        await jobs.do_due()

        passed = time.monotonic()
        centre.clock.advance(5 * MINUTE)
        await jobs.do_due()
        ended = await one.goes_dark()

    assert ended - passed < 1
    assert centre.clock.now() < ends_at
    assert await centre.ended_because() == ["no-consent"]
