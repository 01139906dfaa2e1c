"""A database that stands still, and comes back: no alarm is at fault for it, and none is parked."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final

import psycopg
import pytest

from hub.alarms.watch import AlarmWatch
from hub.kit.changes import Changes
from hub.rules.model import Finding, Priority
from tests.integration.alarms.conftest import Desk

ALARMS: Final = 60


@contextmanager
def standing_still(pids: list[int]) -> Iterator[None]:
    """These processes get no time meanwhile, as on a disk that hangs."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def fall(desk: Desk, n: int) -> Finding:
    return Finding(
        rule_id=f"fall-{n}",
        priority=Priority.P1,
        klass=f"fall-{n}",
        centre_id=desk.house.centre,
        at=desk.clock.now(),
        senior_id=desk.house.wang,
        summary={"zh-CN": "跌倒", "en": "A fall"},
    )


def backends_of_the_hub(desk: Desk) -> list[int]:
    return [
        int(pid)
        for (pid,) in desk.rows(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = 'anling_alarms'"
        )
    ]


async def test_a_frozen_database_with_sixty_open_alarms_parks_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    await watch.process_due()
    await desk.conclude(*(fall(desk, n) for n in range(ALARMS)))
    await desk.phones_take_everything()
    desk.clock.advance(timedelta(seconds=30))

    monkeypatch.setattr("hub.alarms.watch.LOOK_WITHIN_SECONDS", 0.3)
    looks = 0
    with standing_still(backends_of_the_hub(desk)):
        for _ in range(4):
            try:
                await watch.process_due()
            except (psycopg.OperationalError, TimeoutError):
                looks += 1
    monkeypatch.setattr("hub.alarms.watch.LOOK_WITHIN_SECONDS", 60.0)
    async with asyncio.timeout(60):
        await watch.process_due()

    assert looks == 4
    assert desk.rows("SELECT FROM parked_row") == []
    assert desk.rows("SELECT FROM notice WHERE code IN ('row-parked', 'task-failed')") == []
    assert desk.rows("SELECT min(tier), count(*) FROM alarm") == [(1, ALARMS)]


WORLD: Final = ["53100", "53300", "57P01", "57P02", "40001", "40P01", "55P03", "57014", "25P03", "25006", "58030"]
"""A full disk, too many connections, a server that stops or crashed, serialization, deadlock, lock, time-out, a
transaction that stood still, a standby, an error of the disk."""
OURS: Final = ["22000", "23514", "42883", "54000", "P0001", "XX000"]
"""Values, checks, a function that is gone, a limit of the program, whatever a trigger raises, an inner error."""


def raise_at_each_step(desk: Desk, sqlstate: str) -> None:
    with psycopg.connect(desk.url) as conn:
        conn.execute(
            "CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'a test' USING ERRCODE = '{sqlstate}'; END $$".encode()
        )
        conn.execute("CREATE TRIGGER refuses BEFORE INSERT ON alarm_step FOR EACH ROW EXECUTE FUNCTION refuses()")


async def look(watch: AlarmWatch) -> None:
    with suppress(psycopg.OperationalError):
        await watch.process_due()


@pytest.mark.parametrize("sqlstate", [*WORLD, *OURS])
async def test_what_the_world_does_is_never_counted_and_what_is_ours_always_is(desk: Desk, sqlstate: str) -> None:
    watch = AlarmWatch(desk.database, Changes(desk.url), desk.clock)
    await desk.pressed_alarm()
    await desk.phones_take_everything()
    raise_at_each_step(desk, sqlstate)

    for _ in range(5):
        desk.clock.advance(timedelta(seconds=30))
        await look(watch)

    parked = desk.rows("SELECT failures FROM parked_row WHERE again_at = 'infinity'")
    assert parked == ([(3,)] if sqlstate in OURS else [])
