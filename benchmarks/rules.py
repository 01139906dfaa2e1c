"""What does a message cost the rules: deciding alone, and with memory as rows?

    python -m benchmarks.rules

The shipped rules; first the pure `evaluate`, then `hear` in transactions on an own durable PostgreSQL: one press at a
time, and readings in batches of 500. CPU seconds are the hub's alone.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import time as time_of_day
from datetime import timedelta
from pathlib import Path

from hub.embedded import postgres
from hub.kit.clock import SetClock
from hub.kit.db import Database, Login
from hub.kit.ids import PressId
from hub.rules.context import CentreFacts, Context, DeviceFacts, RoomFacts
from hub.rules.engine import evaluate
from hub.rules.files import SHIPPED, load_rules
from hub.rules.memory import RuleMemory, StateKey
from hub.rules.model import Event, PressHeard, PressKind, ReadingHeard
from hub.rules.service import Rules
from tests.conftest import MORNING
from tests.fakes.house import House, load_house
from tests.fakes.logins import set_up, url_as

EVENTS = 50_000
HOUSE = House()


def make_reading(n: int) -> ReadingHeard:
    """The n-th temperature of the gym, hot now and then."""
    at, value = MORNING + timedelta(seconds=n), 33.0 if n % 700 < 400 else 25.0
    return ReadingHeard(HOUSE.centre, HOUSE.gym_sensor, None, HOUSE.gym, "temperature", "Cel", value, at, at)


def make_press(n: int) -> PressHeard:
    """The n-th press of Grandma Wang's button."""
    at = MORNING + timedelta(seconds=n)
    return PressHeard(PressId(f"p-{n}"), HOUSE.centre, HOUSE.wang_button, PressKind.PRESS, HOUSE.wang, None, at, at)


def measure_evaluate() -> None:
    """The pure core alone."""
    rules = load_rules([SHIPPED]).rules
    context = Context(
        CentreFacts(HOUSE.centre, "Asia/Shanghai", time_of_day(8), time_of_day(18)),
        DeviceFacts(HOUSE.gym_sensor, "sensor", {"zh-CN": "温度", "en": "sensor"}, timedelta(minutes=5), enabled=True),
        RoomFacts(HOUSE.gym, "gym", {"zh-CN": "健身室", "en": "Gym"}),
        None,
    )
    events = [make_reading(n) for n in range(EVENTS)]
    memories: dict[StateKey, RuleMemory] = {}
    found = 0
    cpu = time.process_time()
    for event in events:
        changed, findings = evaluate(rules, memories, event, context, event.received_at)
        memories |= changed
        found += len(findings)
    print_result("evaluate alone", EVENTS, time.process_time() - cpu, f"{found} findings")


async def measure_hear(database: Database, what: str, events: Sequence[Event], batch: int) -> None:
    """With rows, `batch` events in a transaction."""
    rules = Rules([], SetClock(MORNING))
    took: list[float] = []
    cpu = time.process_time()
    for first in range(0, len(events), batch):
        some, began = events[first : first + batch], time.perf_counter()
        async with database.transaction() as conn:
            await rules.evaluate_events(conn, some, some[-1].received_at)
        took.append(time.perf_counter() - began)
    took.sort()
    p50, p99 = took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000
    print_result(what, len(events), time.process_time() - cpu, f"a transaction p50/p99 {p50:.1f}/{p99:.1f} ms")


async def main() -> None:
    """Run all and print."""
    measure_evaluate()
    with tempfile.TemporaryDirectory() as folder:
        async with postgres.run_postgres(Path(folder)) as url:
            await asyncio.to_thread(set_up, url)
            await asyncio.to_thread(load_house, url, MORNING)
            async with Database.open(url_as(url, Login.ALARMS), size=2, name="benchmark") as database:
                await measure_hear(database, "presses one by one", [make_press(n) for n in range(1000)], 1)
                await measure_hear(
                    database, "readings in batches of 500", [make_reading(n) for n in range(EVENTS)], 500
                )


def print_result(what: str, events: int, cpu_seconds: float, more: str) -> None:
    """One line of the result."""
    print(f"{what}: {cpu_seconds / events * 10_000:.2f} CPU s per 10,000 events, {more}")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
