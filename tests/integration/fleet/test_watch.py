"""Does anybody learn that the broker of the devices is away?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from hub.fleet.watch import BrokerWatch
from hub.kit.clock import SetClock, SystemClock
from hub.kit.db import Database
from hub.mqtt.broker_session import BrokerAddress
from hub.mqtt.client import ExternalBroker
from hub.mqtt.model import Receivers
from tests.fakes.house import House
from tests.integration.mqtt.fakes import Lane, Mosquitto, running, until

pytestmark = pytest.mark.mosquitto


@pytest.fixture
async def mosquitto(tmp_path: Path, free_port: int) -> AsyncIterator[Mosquitto]:
    one = Mosquitto(tmp_path / "broker", free_port)
    await one.start()
    yield one
    await one.stop()


def standing(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute("SELECT code, subject, priority FROM notice WHERE cleared_at IS NULL").fetchall()


async def test_a_broker_that_is_down_is_a_notice_after_ten_seconds_until_it_is_back(
    database: Database, database_url: str, house: House, clock: SetClock, mosquitto: Mosquitto
) -> None:
    address = BrokerAddress("127.0.0.1", mosquitto.port, "hub", "hub", "hub-secret")
    broker = ExternalBroker(address, receivers=Receivers(Lane(), Lane()), clock=SystemClock())
    watch = BrokerWatch(database, clock, house.centre, broker)
    async with running(broker.run):
        await until(lambda: broker.is_up)
        await watch.report_outage()
        await mosquitto.stop()
        await until(lambda: not broker.is_up)

        clock.advance(timedelta(seconds=9))
        await watch.report_outage()
        assert standing(database_url) == []
        clock.advance(timedelta(seconds=1))
        await watch.report_outage()
        assert standing(database_url) == [("broker-away", "broker", "P3")]

        await mosquitto.start()
        await until(lambda: broker.is_up)
        await watch.report_outage()
        assert standing(database_url) == []


async def test_a_hub_that_starts_while_the_broker_is_down_keeps_the_notice_of_the_one_before(
    database: Database, database_url: str, house: House, clock: SetClock, free_port: int
) -> None:
    nobody = BrokerAddress("127.0.0.1", free_port, "hub")
    broker = ExternalBroker(nobody, receivers=Receivers(Lane(), Lane()), clock=SystemClock())
    before = BrokerWatch(database, clock, house.centre, broker)
    clock.advance(timedelta(seconds=10))
    await before.report_outage()

    await BrokerWatch(database, clock, house.centre, broker).report_outage()

    assert standing(database_url) == [("broker-away", "broker", "P3")]
