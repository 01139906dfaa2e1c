"""What waits for a moment: done once, when it is due, whatever the clock does; one that raises stops no other."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import psycopg
import pytest

from hub.kit.changes import Changes
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.due_jobs import set_due_job
from hub.kit.every import Housekeeping
from hub.ledger.edit import Edit
from hub.ledger.model import Chain
from hub.notices.jobs import DueJobs, JobWork
from hub.notices.parking import RETRY_AFTER, PolledRow, unpark_row
from hub.notices.reports import TaskReports
from tests.fakes.entries import entries_of
from tests.fakes.house import House

HOUR: Final = timedelta(hours=1)
BEHIND: Final = (timedelta(minutes=17), timedelta(hours=2), timedelta(days=365 * 26))
"""A power cut without a battery: the clock stood still, or fell back to where clocks of such machines begin."""


@dataclass(frozen=True, slots=True)
class Bench:
    """A database with jobs of the kind `ring`, each of which writes an entry that names its row."""

    database: Database
    url: str
    house: House
    clock: SetClock
    broken: set[str] = field(default_factory=set)

    async def ring(self, edit: Edit, subject: str) -> None:
        edit.note_entry(self.house.centre, Chain.CARE, "rang", subject=subject)
        await edit.conn.execute("UPDATE room SET name_en = 'rung' WHERE id = 'gym'")
        if subject in self.broken:
            raise ValueError(subject)

    def jobs(self, works: Mapping[str, JobWork] | None = None) -> DueJobs:
        return DueJobs(self.database, Changes(self.url), self.clock, works or {"ring": self.ring})

    async def try_three_times(self) -> None:
        for pause in (*RETRY_AFTER, timedelta()):
            await self.jobs().do_due()
            self.clock.advance(pause)

    async def set(self, subject: str, wait: timedelta, kind: str = "ring") -> None:
        now = self.clock.now()
        async with self.database.transaction() as conn:
            await set_due_job(conn, self.house.centre, kind, subject, now + wait, now)

    def rung(self) -> list[object]:
        return [params["subject"] for kind, params in entries_of(self.url) if kind == "rang"]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url) as conn:
            return conn.execute(query.encode()).fetchall()


@pytest.fixture
def bench(pages_database: Database, database_url: str, house: House, clock: SetClock) -> Bench:
    return Bench(pages_database, database_url, house, clock)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.01)


async def test_a_job_is_done_once_when_it_is_due_and_then_gone(bench: Bench) -> None:
    await bench.set("second", 2 * HOUR)
    await bench.set("first", HOUR)

    bench.clock.advance(HOUR - timedelta(seconds=1))
    await bench.jobs().do_due()
    assert bench.rung() == []

    bench.clock.advance(timedelta(seconds=1))
    await bench.jobs().do_due()
    await bench.jobs().do_due()
    assert bench.rung() == ["first"]
    assert entries_of(bench.url) == [("rang", {"subject": "first", "by": "time"})]
    assert bench.rows("SELECT subject FROM due_job") == [("second",)]


async def test_a_job_that_is_set_again_is_due_at_the_new_time_alone(bench: Bench) -> None:
    await bench.set("pause", HOUR)
    await bench.set("pause", 3 * HOUR)

    bench.clock.advance(2 * HOUR)
    await bench.jobs().do_due()
    assert bench.rung() == []

    bench.clock.advance(HOUR)
    await bench.jobs().do_due()
    assert bench.rung() == ["pause"]


async def test_what_was_due_before_it_was_set_is_done_at_once(bench: Bench) -> None:
    await bench.set("late", -HOUR)

    await bench.jobs().do_due()

    assert bench.rung() == ["late"]


async def test_a_job_that_raises_is_undone_parked_and_noticed_while_the_next_one_is_done(bench: Bench) -> None:
    bench.broken.add("broken")
    await bench.set("broken", timedelta())
    await bench.set("sound", timedelta(seconds=1))
    ((job_id,),) = bench.rows("SELECT id FROM due_job WHERE subject = 'broken'")

    bench.clock.advance(HOUR)
    await bench.try_three_times()

    assert bench.rung() == ["sound"]
    assert bench.rows("SELECT subject, params FROM notice WHERE cleared_at IS NULL") == [
        (f"due-job:{job_id}", {"kind": "due-job", "id": job_id, "error": "ValueError"})
    ]
    bench.broken.clear()
    await bench.jobs().do_due()
    assert bench.rung() == ["sound"]
    async with bench.database.transaction() as conn:
        await unpark_row(conn, PolledRow("due-job", str(job_id), bench.house.centre), bench.clock.now())
    await bench.jobs().do_due()
    assert bench.rung() == ["sound", "broken"]
    assert bench.rows("SELECT FROM notice WHERE cleared_at IS NULL") == []
    assert bench.rows("SELECT FROM parked_row") == []


async def test_a_job_of_a_kind_that_this_hub_does_not_know_is_kept_and_noticed(bench: Bench) -> None:
    await bench.set("row", timedelta(), kind="of-a-later-hub")

    await bench.try_three_times()

    assert bench.rows("SELECT kind FROM due_job") == [("of-a-later-hub",)]
    assert bench.rows("SELECT code FROM notice") == [("row-parked",)]


async def test_a_job_that_another_hub_does_now_is_left_to_it(bench: Bench) -> None:
    await bench.set("taken", timedelta())
    await bench.set("free", timedelta(seconds=1))
    bench.clock.advance(HOUR)

    with psycopg.connect(bench.url) as other:
        other.execute("SELECT FROM due_job WHERE subject = 'taken' FOR UPDATE")
        await bench.jobs().do_due()

    assert bench.rung() == ["free"]


@pytest.mark.parametrize("behind", BEHIND)
async def test_a_clock_behind_makes_no_job_wait_longer_than_when_it_was_made(bench: Bench, behind: timedelta) -> None:
    jobs = bench.jobs()
    await bench.set("an hour", HOUR)

    bench.clock.set_wall(-behind)
    await jobs.do_due()
    bench.clock.advance(HOUR - timedelta(seconds=1))
    await jobs.do_due()
    assert bench.rung() == []

    bench.clock.advance(timedelta(seconds=1))
    await jobs.do_due()
    assert bench.rung() == ["an hour"]


@pytest.mark.parametrize("behind", BEHIND)
async def test_a_clock_that_was_behind_and_is_set_right_does_nothing_early(bench: Bench, behind: timedelta) -> None:
    jobs = bench.jobs()
    await bench.set("three hours", 3 * HOUR)
    bench.clock.set_wall(-behind)
    await jobs.do_due()
    bench.clock.advance(HOUR)
    await jobs.do_due()

    bench.clock.set_wall(behind)
    await jobs.do_due()
    bench.clock.advance(2 * HOUR - timedelta(seconds=1))
    await jobs.do_due()
    assert bench.rung() == []

    bench.clock.advance(timedelta(seconds=1))
    await jobs.do_due()
    assert bench.rung() == ["three hours"]


async def test_a_hub_that_starts_after_the_clock_was_set_right_does_nothing_early(bench: Bench) -> None:
    await bench.set("an hour", HOUR)
    bench.clock.set_wall(timedelta(days=-9000))
    await bench.jobs().do_due()

    bench.clock.set_wall(timedelta(days=9000))
    bench.clock.advance(HOUR - timedelta(seconds=1))
    await bench.jobs().do_due()
    assert bench.rung() == []

    bench.clock.advance(timedelta(seconds=1))
    await bench.jobs().do_due()
    assert bench.rung() == ["an hour"]


async def test_a_hub_that_starts_while_the_clock_is_behind_does_not_begin_the_wait_again(bench: Bench) -> None:
    await bench.set("an hour", HOUR)
    bench.clock.set_wall(timedelta(days=-9000))
    await bench.jobs().do_due()

    bench.clock.advance(HOUR)
    await bench.jobs().do_due()

    assert bench.rung() == ["an hour"]


async def test_a_clock_that_is_set_only_nearer_to_right_does_nothing_early(bench: Bench) -> None:
    jobs = bench.jobs()
    await bench.set("an hour", HOUR)
    bench.clock.set_wall(timedelta(days=-9000))
    await jobs.do_due()

    bench.clock.set_wall(timedelta(days=8999))
    await jobs.do_due()
    bench.clock.advance(HOUR - timedelta(seconds=1))
    await jobs.do_due()
    assert bench.rung() == []

    bench.clock.advance(timedelta(seconds=1))
    await jobs.do_due()
    assert bench.rung() == ["an hour"]


async def test_a_clock_that_falls_back_further_begins_the_wait_again_from_there(bench: Bench) -> None:
    jobs = bench.jobs()
    await bench.set("an hour", HOUR)
    bench.clock.set_wall(-2 * HOUR)
    await jobs.do_due()

    bench.clock.set_wall(timedelta(days=-365))
    await jobs.do_due()
    bench.clock.advance(HOUR)
    await jobs.do_due()

    assert bench.rung() == ["an hour"]


async def test_a_job_made_under_a_clock_ahead_waits_as_long_as_it_was_to(bench: Bench) -> None:
    bench.clock.set_wall(timedelta(days=4000))
    jobs = bench.jobs()
    await bench.set("an hour", HOUR)

    bench.clock.set_wall(timedelta(days=-4000))
    await jobs.do_due()
    assert bench.rung() == []
    bench.clock.advance(HOUR)
    await jobs.do_due()

    assert bench.rung() == ["an hour"]


async def test_the_loop_hears_of_a_job_that_is_set_and_does_not_wait_for_its_next_look(bench: Bench) -> None:
    changes = Changes(bench.url)
    loop = DueJobs(bench.database, changes, bench.clock, {"ring": bench.ring})
    housekeeping = Housekeeping(TaskReports(bench.database, bench.clock).report)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(changes.run()), group.create_task(loop.run(housekeeping, tick=3600))]
        await asyncio.wait_for(changes.ready(), 5)
        await bench.set("now", timedelta())

        await until(lambda: bench.rung() == ["now"])

        for task in tasks:
            task.cancel()


async def test_a_job_that_becomes_due_is_done_though_nothing_is_heard(bench: Bench) -> None:
    changes = Changes(bench.url)
    loop = DueJobs(bench.database, changes, bench.clock, {"ring": bench.ring})
    housekeeping = Housekeeping(TaskReports(bench.database, bench.clock).report)
    await bench.set("later", HOUR)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(loop.run(housekeeping, tick=0.01))
        bench.clock.advance(HOUR)

        await until(lambda: bench.rung() == ["later"])

        task.cancel()


async def test_a_clock_that_may_be_years_ahead_does_no_job_of_the_calendar(bench: Bench) -> None:
    await bench.set("consent", timedelta(days=100))
    with psycopg.connect(bench.url) as conn:
        conn.execute(
            "INSERT INTO clock_doubt (doubt, newest, ahead_by) VALUES ('ahead', %s, '3 years')", (bench.clock.now(),)
        )
    bench.clock.reboot()
    bench.clock.set_wall(timedelta(days=365 * 3))
    jobs = bench.jobs()
    await jobs.do_due()
    assert bench.rung() == []

    with psycopg.connect(bench.url) as conn:
        conn.execute("DELETE FROM clock_doubt")
    await jobs.do_due()
    assert bench.rung() == ["consent"]
