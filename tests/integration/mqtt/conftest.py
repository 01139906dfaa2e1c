"""The built-in broker, running for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.mqtt.fakes import Bench, running_broker


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with running_broker() as running:
        yield running
