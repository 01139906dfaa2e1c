"""A "not now" that has an end: it ends at its time, and ledger and pages hear of it."""

import asyncio
from datetime import timedelta

import psycopg

from hub.kit.changes import LOST, Change, Changes
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.notices.jobs import DueJobs
from hub.people import service
from hub.people.model import VETO_ENDS, VetoSource
from tests.fakes.entries import entries_of, person_of
from tests.fakes.house import House
from tests.integration.mqtt.fakes import running

HOUR = timedelta(hours=1)


async def pause(database: Database, house: House, clock: SetClock, hours: int) -> None:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.pause_viewing(editing, house.wang, VetoSource.CARD, clock.now() + hours * HOUR)


def due_jobs(database: Database, database_url: str, clock: SetClock) -> DueJobs:
    return DueJobs(database, Changes(database_url), clock, {VETO_ENDS: service.end_veto})


async def test_a_pause_ends_at_its_time_and_ledger_and_pages_hear_of_it(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await pause(database, house, clock, 1)
    jobs, changes = due_jobs(database, database_url, clock), Changes(database_url)

    clock.advance(HOUR - timedelta(seconds=1))
    await jobs.do_due()
    assert [kind for kind, _ in entries_of(database_url)] == ["viewing.paused"]
    async with asyncio.timeout(10), running(changes.run):
        with changes.subscribe("grant") as heard:
            assert await heard.next() == LOST
            clock.advance(timedelta(seconds=1))
            await jobs.do_due()
            assert await heard.next() == Change("grant", house.wang)
    await jobs.do_due()

    wang = person_of(database_url, "senior", house.wang)
    assert entries_of(database_url)[1:] == [("viewing.pause-ended", {"senior": wang, "by": "time"})]


async def test_a_pause_that_was_revoked_does_not_end_once_more(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await pause(database, house, clock, 1)
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.resume_viewing(editing, house.wang)

    clock.advance(HOUR)
    await due_jobs(database, database_url, clock).do_due()

    assert [kind for kind, _ in entries_of(database_url)] == ["viewing.paused", "viewing.resumed"]


async def test_of_two_pauses_the_longer_one_ends_the_pause(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await pause(database, house, clock, 1)
    await pause(database, house, clock, 2)
    jobs = due_jobs(database, database_url, clock)

    clock.advance(HOUR)
    await jobs.do_due()
    assert [kind for kind, _ in entries_of(database_url)] == ["viewing.paused"] * 2
    clock.advance(HOUR)
    await jobs.do_due()

    assert [kind for kind, _ in entries_of(database_url)][2:] == ["viewing.pause-ended"]


async def test_a_pause_holds_to_its_time_whenever_its_job_is_done(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    """A job may be early: it was set under a clock that was ahead."""
    await pause(database, house, clock, 1)
    with psycopg.connect(database_url) as conn:
        [(veto_id,)] = conn.execute("SELECT id FROM veto").fetchall()

    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.end_veto(editing, veto_id)
    clock.advance(HOUR)
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.end_veto(editing, veto_id)

    assert [kind for kind, _ in entries_of(database_url)] == ["viewing.paused", "viewing.pause-ended"]
