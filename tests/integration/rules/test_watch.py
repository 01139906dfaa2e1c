"""The loop that asks the rules: what waits fires, what could not be heard counts against nobody."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg
import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Conn, Database
from hub.notices.parking import RETRY_AFTER
from hub.rules.memory import RuleMemory
from hub.rules.model import Finding
from hub.rules.service import Rules
from hub.rules.watch import RulesWatch
from tests.fakes.house import House

WAITS_FOR_A_LOCK = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
END_WHO_WAITS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def rows(database_url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database_url) as conn:
        return conn.execute(statement.encode()).fetchall()


async def test_what_a_rule_concludes_from_waiting_is_noticed_in_the_same_transaction(
    house: House, clock: SetClock, database: Database, database_url: str
) -> None:
    """A camera that says nothing for longer than its heartbeat: a built-in rule, P3."""
    watch = RulesWatch(database, clock, Rules([], clock), hears=lambda: True)
    await watch.process_due()

    clock.advance(timedelta(minutes=6))
    await watch.process_due()

    assert ("camera-silent", "device:cam-gym") in rows(database_url, "SELECT code, subject FROM notice")


async def test_a_blind_interval_of_the_broker_counts_against_no_device(
    house: House, clock: SetClock, database: Database, database_url: str
) -> None:
    hears = True
    watch = RulesWatch(database, clock, Rules([], clock), hears=lambda: hears)
    await watch.process_due()
    hears = False

    for _ in range(10):
        clock.advance(timedelta(minutes=1))
        await watch.process_due()
    hears = True
    clock.advance(timedelta(minutes=4))
    await watch.process_due()

    assert rows(database_url, "SELECT code FROM notice") == []
    clock.advance(timedelta(minutes=2))
    await watch.process_due()
    assert ("camera-silent", "device:cam-gym") in rows(database_url, "SELECT code, subject FROM notice")


async def test_what_a_hub_without_its_database_could_not_keep_counts_against_no_device(
    house: House, clock: SetClock, database: Database, database_url: str
) -> None:
    watch = RulesWatch(database, clock, Rules([], clock), hears=lambda: True)
    await watch.process_due()

    async def look_in_vain() -> None:
        with pytest.raises(psycopg.OperationalError):
            await watch.process_due()

    with psycopg.connect(database_url) as conn:
        conn.execute("LOCK TABLE rule_state IN ACCESS EXCLUSIVE MODE")
        async with asyncio.TaskGroup() as group:
            group.create_task(look_in_vain())
            while not rows(database_url, WAITS_FOR_A_LOCK):
                await asyncio.sleep(0.01)
            conn.execute(END_WHO_WAITS)
    clock.advance(timedelta(minutes=10))
    await watch.process_due()

    assert rows(database_url, "SELECT code FROM notice") == []


async def test_a_clock_that_is_set_back_holds_back_no_rule(
    house: House, clock: SetClock, database: Database, database_url: str
) -> None:
    watch = RulesWatch(database, clock, Rules([], clock), hears=lambda: True)
    await watch.process_due()
    ((before,),) = rows(database_url, "SELECT min(due_at) FROM rule_state")
    assert isinstance(before, datetime)

    clock.set_wall(timedelta(hours=-1))
    await watch.process_due()

    assert rows(database_url, "SELECT min(due_at) FROM rule_state") == [(before - timedelta(hours=1),)]


async def test_a_rule_that_raises_for_one_device_stops_no_other_rule_and_no_alarm(
    house: House, clock: SetClock, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = Rules([], clock)
    watch = RulesWatch(database, clock, rules, hears=lambda: True)
    await watch.process_due()
    waited_out = rules.waited_out

    async def raises_for_the_gym(conn: Conn, waiting: Sequence[RuleMemory], now: datetime) -> list[Finding]:
        if any(memory.device_id == house.gym_camera for memory in waiting):
            raise ZeroDivisionError
        return await waited_out(conn, waiting, now)

    monkeypatch.setattr(rules, "waited_out", raises_for_the_gym)
    clock.advance(timedelta(minutes=6))
    for pause in (*RETRY_AFTER, timedelta(minutes=10)):
        await watch.process_due()
        clock.advance(pause)
    await watch.process_due()

    noticed = rows(database_url, "SELECT code, subject, times FROM notice")
    assert ("camera-silent", "device:cam-music", 1) in noticed
    assert ("camera-silent", "device:cam-gym", 1) not in noticed
    assert [times for code, _, times in noticed if code == "row-parked"] == [1]


async def test_a_rule_that_waited_when_the_clock_fell_behind_waits_as_long_as_it_did(
    house: House, clock: SetClock, database: Database, database_url: str
) -> None:
    await RulesWatch(database, clock, Rules([], clock), hears=lambda: True).process_due()

    clock.set_wall(timedelta(days=-365 * 26))
    watch = RulesWatch(database, clock, Rules([], clock), hears=lambda: True)
    await watch.process_due()
    clock.advance(timedelta(minutes=6))
    await watch.process_due()

    assert ("camera-silent", "device:cam-gym") in rows(database_url, "SELECT code, subject FROM notice")
