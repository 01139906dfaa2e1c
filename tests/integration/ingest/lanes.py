"""Both lanes of intake as a broker hands messages to them, and what became of the messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import psycopg

from hub.ingest.intake import Intake
from hub.ingest.neighbours import Neighbours
from hub.ingest.reports import ReportNeighbours
from hub.ingest.telemetry import ReportPools, TelemetryIntake
from hub.kit.clock import SetClock
from hub.kit.db import Conn, Database
from hub.kit.ids import CentreId
from hub.mqtt.model import Inbound, Receiver
from hub.notices import store as notices
from hub.rules.model import Event, Finding
from hub.rules.service import Rules
from hub.telemetry.service import Telemetry
from tests.fakes.house import House

CENTRE = CentreId("jiuquan-road")
PRESS: dict[str, object] = {"id": "9f3c2a7be41d0c55-1042", "seq": 1042, "kind": "press", "age_ms": 350}
ACK_TOPIC = "anling/v1/jiuquan-road/ack/b-wang"


def said(
    clock: SetClock, kind: str, device: str, message: dict[str, object] | bytes, *,
    replayed: bool = False, live_retain: bool = False, dup: bool = False,
) -> Inbound:  # fmt: skip
    """A message as the broker hands it over."""
    payload = message if isinstance(message, bytes) else json.dumps({"v": 1, **message}).encode()
    return Inbound(f"anling/v1/{CENTRE}/{kind}/{device}", payload, 1, device, live_retain, replayed, clock.now(), dup)


class ListeningRules(Rules):
    """The shipped rules, and what they heard."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__([], clock)
        self.heard: list[Event] = []

    async def evaluate_events(self, conn: Conn, events: Sequence[Event], now: datetime) -> list[Finding]:
        self.heard += events
        return await super().evaluate_events(conn, events, now)


class Acks:
    """What devices were sent: topic and message, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, object]]] = []

    async def send(self, topic: str, payload: bytes) -> None:
        self.sent.append((topic, json.loads(payload)))


@dataclass(frozen=True)
class Lanes:
    """What a broker hands messages to, in both processes."""

    alarms: Intake
    telemetry: TelemetryIntake

    @classmethod
    def over(cls, alarms: Database, telemetry: Database, clock: SetClock, rules: Rules) -> Self:
        pools = ReportPools(telemetry, telemetry)
        return cls(
            Intake(alarms, alarms, clock, Neighbours(rules, CENTRE)),
            TelemetryIntake(pools, clock, ReportNeighbours(rules, Telemetry(), CENTRE)),
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
async def running(lanes: Lanes, acks: Acks) -> AsyncIterator[Lanes]:
    async with asyncio.TaskGroup() as tasks:
        loops = [
            tasks.create_task(lanes.alarms.run_alarms(acks.send)),
            tasks.create_task(lanes.alarms.run_states()),
            tasks.create_task(lanes.telemetry.run(acks.send)),
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


async def answers(acks: Acks, count: int) -> list[dict[str, object]]:
    async with asyncio.timeout(10):
        while len(acks.sent) < count:
            await asyncio.sleep(0.005)
    return [payload for _, payload in acks.sent]


async def standing(database: Database, house: House) -> set[tuple[str, str]]:
    async with database.transaction() as conn:
        return {(notice.code, notice.subject) for notice in await notices.list_standing_notices(conn, house.centre, 50)}


def rows(database_url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url) as conn:
        return conn.execute(query).fetchall()


READINGS = """
    SELECT reading_name.name, reading.value
      FROM reading
      JOIN reading_name ON reading_name.id = reading.reading_name_id
     ORDER BY reading.ts, reading_name.name
"""
"""What is in the time-series store, the oldest first."""

TEMPERATURE: dict[str, object] = {
    "id": "9f3c2a7be41d0c55-1",
    "age_ms": 0,
    "readings": [
        {"name": "temperature", "value": 21.4, "unit": "Cel"},
        {"name": "battery", "value": 87, "unit": "%EL"},
    ],
}
