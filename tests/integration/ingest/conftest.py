"""What tests of intake share: a hub around it, and the lanes over its databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Database
from tests.fakes.house import House
from tests.integration.ingest.fakes import Hub
from tests.integration.ingest.lanes import Lanes, running


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
async def intake(
    database: Database, telemetry_database: Database, house: House, clock: SetClock, hub: Hub
) -> AsyncIterator[Lanes]:
    async with running(Lanes.over(database, telemetry_database, clock, hub), hub) as started:
        yield started
