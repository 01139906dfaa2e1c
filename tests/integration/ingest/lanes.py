"""Both lanes of intake as a broker hands messages to them, and what became of the messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

import psycopg

from hub.ingest.intake import Intake
from hub.ingest.telemetry import ReportPools, TelemetryIntake
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.mqtt.model import Inbound, Receiver
from hub.notices import store as notices
from tests.fakes.house import House
from tests.integration.ingest.fakes import Hub

PRESS: dict[str, object] = {"id": "9f3c2a7be41d0c55-1042", "seq": 1042, "kind": "press", "age_ms": 350}
ACK_TOPIC = "anling/v1/jiuquan-road/ack/b-wang"


@dataclass(frozen=True)
class Lanes:
    """What a broker hands messages to, in both processes."""

    alarms: Intake
    telemetry: TelemetryIntake

    @classmethod
    def over(cls, alarms: Database, telemetry: Database, clock: SetClock, hub: Hub) -> Self:
        pools = ReportPools(telemetry, telemetry)
        return cls(
            Intake(alarms, alarms, clock, hub.neighbours()),
            TelemetryIntake(pools, clock, hub.report_neighbours()),
        )

    async def report(self, inbound: Inbound) -> None:
        """Hand over anything but a press; returns when its sender is answered."""
        if "/status/" in inbound.topic or "/done/" in inbound.topic:
            await self.alarms.receivers.state(inbound)
        else:
            answered = asyncio.Event()
            self.telemetry.receive(inbound, answered.set)
            await answered.wait()

    async def tell_who_was_heard(self) -> None:
        await self.alarms.heard.write()
        await self.telemetry.heard.write()


@asynccontextmanager
async def running(lanes: Lanes, hub: Hub) -> AsyncIterator[Lanes]:
    async with asyncio.TaskGroup() as tasks:
        loops = [
            tasks.create_task(lanes.alarms.run_alarms(hub)),
            tasks.create_task(lanes.alarms.run_states()),
            tasks.create_task(lanes.telemetry.run(hub)),
        ]
        yield lanes
        for loop in loops:
            loop.cancel()


async def hand_over(receiver: Receiver, inbound: Inbound) -> None:
    await receiver(inbound)


async def alarm(intake: Lanes, *inbound: Inbound) -> None:
    async with asyncio.timeout(10):
        await asyncio.gather(*(intake.alarms.receivers.alarm(one) for one in inbound))


async def report(intake: Lanes, *inbound: Inbound) -> None:
    async with asyncio.timeout(10):
        await asyncio.gather(*(intake.report(one) for one in inbound))


async def answers(hub: Hub, count: int) -> list[dict[str, object]]:
    async with asyncio.timeout(10):
        while len(hub.spoken) < count:
            await asyncio.sleep(0.005)
    return [payload for _, payload in hub.spoken]


async def standing(database: Database, house: House) -> set[tuple[str, str]]:
    async with database.transaction() as conn:
        return {(notice.code, notice.subject) for notice in await notices.list_standing_notices(conn, house.centre, 50)}


def rows(database_url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url) as conn:
        return conn.execute(query).fetchall()


TEMPERATURE: dict[str, object] = {
    "id": "9f3c2a7be41d0c55-1",
    "age_ms": 0,
    "readings": [
        {"name": "temperature", "value": 21.4, "unit": "Cel"},
        {"name": "battery", "value": 87, "unit": "%EL"},
    ],
}
