"""What tests of intake share: the rules around it, what it answers, and the lanes over its databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Database
from tests.fakes.house import House
from tests.integration.ingest.lanes import Acks, Lanes, ListeningRules, running


@pytest.fixture
def rules(clock: SetClock) -> ListeningRules:
    return ListeningRules(clock)


@pytest.fixture
def acks() -> Acks:
    return Acks()


@pytest.fixture
async def intake(
    database: Database, telemetry_database: Database, house: House, clock: SetClock, rules: ListeningRules, acks: Acks
) -> AsyncIterator[Lanes]:
    async with running(Lanes.over(database, telemetry_database, clock, rules), acks) as started:
        yield started
