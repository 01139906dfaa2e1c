"""While the database cannot commit, a press is in the spool before it is answered, and committed once, afterwards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from hub.alarms.unrecorded import UnrecordedCalls
from hub.ingest.intake import Intake
from hub.ingest.neighbours import Neighbours
from hub.ingest.spool import FILE_NAME, Spool, SpoolFull
from hub.ingest.spooled_presses import WithoutDatabase
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.mqtt.model import Inbound
from hub.notifications.channels import AcceptUrls, Result, SendAccepted
from hub.notifications.model import ChannelName, LeasedNotification, Template
from hub.rules.service import Rules
from simulators.prove.spool import list_spooled
from tests.fakes.house import House
from tests.integration.ingest.lanes import CENTRE, PRESS, Acks, answers, hand_over, rows, said


@dataclass
class Phone:
    """A channel that keeps what it was given to send."""

    sent: list[LeasedNotification] = field(default_factory=list)

    async def send(self, outgoing: LeasedNotification, accept: AcceptUrls | None, now: datetime) -> Result:
        self.sent.append(outgoing)
        return SendAccepted()


@dataclass
class Centre:
    """The alarm lane with a spool, and what rings from memory."""

    intake: Intake
    spool: Spool
    calls: UnrecordedCalls
    folder: Path
    url: str
    phone: Phone
    acks: Acks
    commands: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    async def publish(self, topic: str, payload: bytes) -> None:
        self.commands.append((topic, json.loads(payload)))

    def spooled(self) -> set[tuple[str, str]]:
        return list_spooled((self.folder / FILE_NAME).read_bytes())

    async def receive(self, *inbounds: Inbound) -> None:
        async with asyncio.timeout(20):
            await asyncio.gather(*(hand_over(self.intake.receivers.alarm, inbound) for inbound in inbounds))


@asynccontextmanager
async def opened(
    database: Database, url: str, clock: SetClock, folder: Path, size: int = 2**20
) -> AsyncIterator[Centre]:
    spool, phone, acks = Spool.open(folder, size), Phone(), Acks()
    calls = UnrecordedCalls(database, clock, CENTRE, dict.fromkeys(ChannelName, phone))
    neighbours = Neighbours(Rules([], clock), CENTRE)
    intake = Intake(database, database, clock, neighbours, WithoutDatabase(spool, calls, CENTRE))
    centre = Centre(intake, spool, calls, folder, url, phone, acks)
    async with asyncio.TaskGroup() as tasks:
        loops = [tasks.create_task(intake.run_alarms(acks.send)), tasks.create_task(calls.run(centre.publish))]
        yield centre
        for loop in loops:
            loop.cancel()
    spool.close()


@pytest.fixture
async def centre(
    database: Database, database_url: str, house: House, clock: SetClock, tmp_path: Path
) -> AsyncIterator[Centre]:
    async with opened(database, database_url, clock, tmp_path) as started:
        yield started


@asynccontextmanager
async def locked(url: str) -> AsyncIterator[None]:
    """A database that commits no press."""
    with psycopg.connect(url) as conn:
        conn.execute("LOCK TABLE press IN ACCESS EXCLUSIVE MODE")
        yield
        conn.rollback()


def press(clock: SetClock, number: int, device: str = "b-wang") -> Inbound:
    return said(clock, "alarm", device, {**PRESS, "id": f"9f3c2a7be41d0c55-{number}", "seq": number})


async def until_committed(centre: Centre, count: int) -> None:
    async with asyncio.timeout(20):
        while len(rows(centre.url, "SELECT FROM press")) < count or centre.spooled():
            await asyncio.sleep(0.02)


async def test_a_press_is_spooled_before_it_is_answered_and_committed_once_the_database_is_back(
    centre: Centre, clock: SetClock
) -> None:
    async with locked(centre.url):
        await centre.receive(press(clock, 1), press(clock, 2, "b-li"))
        assert centre.spooled() == {("b-wang", "9f3c2a7be41d0c55-1"), ("b-li", "9f3c2a7be41d0c55-2")}
        assert {ack["status"] for ack in await answers(centre.acks, 2)} == {"spooled"}
    await until_committed(centre, 2)

    assert [ack["status"] for ack in (await answers(centre.acks, 4))[2:]] == ["committed", "committed"]
    assert rows(centre.url, "SELECT state, times_pressed FROM alarm") == [("open", 1)] * 2
    assert rows(centre.url, "SELECT count(*) FROM press") == [(2,)]


FULL_DISK = """
    CREATE FUNCTION public.no_space() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END
    $$;
    CREATE TRIGGER no_space BEFORE INSERT ON press FOR EACH ROW EXECUTE FUNCTION public.no_space()
"""


async def test_a_press_is_spooled_while_the_databases_disk_is_full(centre: Centre, clock: SetClock) -> None:
    with psycopg.connect(centre.url) as conn:
        conn.execute(FULL_DISK)
    await centre.receive(press(clock, 1))
    assert [ack["status"] for ack in await answers(centre.acks, 1)] == ["spooled"]
    assert centre.spooled() == {("b-wang", "9f3c2a7be41d0c55-1")}

    with psycopg.connect(centre.url) as conn:
        conn.execute("DROP TRIGGER no_space ON press")
    await until_committed(centre, 1)


async def test_a_repeat_of_a_spooled_press_is_answered_spooled_and_makes_no_second_one(
    centre: Centre, clock: SetClock
) -> None:
    async with locked(centre.url):
        await centre.receive(press(clock, 1))
        await centre.receive(press(clock, 1))
        assert [ack["status"] for ack in await answers(centre.acks, 2)] == ["spooled", "spooled"]
    await until_committed(centre, 1)

    assert rows(centre.url, "SELECT count(*) FROM press") == [(1,)]
    assert [ack["status"] for ack in await answers(centre.acks, 3)][2:] == ["committed"]


async def test_what_comes_while_the_spool_is_drained_is_committed_behind_it(centre: Centre, clock: SetClock) -> None:
    async with locked(centre.url):
        await centre.receive(press(clock, 1))
        await centre.receive(press(clock, 2))
        await centre.receive(press(clock, 3))
    await until_committed(centre, 3)

    assert rows(centre.url, "SELECT seq FROM press ORDER BY id") == [(1,), (2,), (3,)]
    assert rows(centre.url, "SELECT times_pressed FROM alarm") == [(3,)]


async def test_a_press_that_came_after_the_first_attempt_is_born_degraded(centre: Centre, clock: SetClock) -> None:
    async with locked(centre.url):
        await centre.receive(press(clock, 1))
        await centre.receive(press(clock, 2, "b-li"))
    await until_committed(centre, 2)

    assert (True,) in rows(centre.url, "SELECT degraded FROM alarm")


async def test_what_a_killed_hub_had_spooled_is_committed_by_the_next_one_and_once(
    database: Database, database_url: str, house: House, clock: SetClock, tmp_path: Path
) -> None:
    before = Spool.open(tmp_path)
    await before.append([("b-wang", press(clock, 1)), ("b-wang", said(clock, "alarm", "b-wang", b"help me"))])
    before.close()
    kept = (tmp_path / FILE_NAME).read_bytes()

    async with opened(database, database_url, clock, tmp_path) as centre:
        await until_committed(centre, 2)
    (tmp_path / FILE_NAME).write_bytes(kept)  # as after a crash between the commit and the new beginning of the file
    async with opened(database, database_url, clock, tmp_path) as centre:
        await until_committed(centre, 2)
        assert {ack["status"] for ack in await answers(centre.acks, 1)} == {"duplicate"}

    assert rows(database_url, "SELECT count(*) FROM press") == [(2,)]
    assert rows(database_url, "SELECT degraded, times_pressed FROM alarm") == [(True, 2)]


async def test_without_room_in_the_spool_a_press_waits_unanswered_for_the_database(
    database: Database, database_url: str, house: House, clock: SetClock, tmp_path: Path
) -> None:
    async with opened(database, database_url, clock, tmp_path, size=512) as centre, asyncio.TaskGroup() as tasks:
        async with locked(database_url):
            waiting = tasks.create_task(centre.receive(press(clock, 1)))
            with pytest.raises(SpoolFull):
                await centre.spool.append([("b-li", press(clock, 2))])
            assert not waiting.done()
        await waiting
        assert [ack["status"] for ack in await answers(centre.acks, 1)] == ["committed"]


async def test_a_press_that_is_not_recorded_rings_the_first_tier_and_the_rooms_siren(
    centre: Centre, clock: SetClock, database_url: str
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(
            """
            INSERT INTO contact_method (id, account_id, channel, address, rank, verified_at)
            SELECT 'c-' || id, id, 'webhook', 'https://example.org/' || id, 1, now() FROM account
                ON CONFLICT DO NOTHING
            """
        )
    async with asyncio.timeout(20):
        while not centre.calls.is_ready:
            await asyncio.sleep(0.02)
    async with locked(database_url), asyncio.timeout(20):
        await centre.receive(press(clock, 1))
        while not centre.commands or not centre.phone.sent:
            await asyncio.sleep(0.02)
    await until_committed(centre, 1)

    assert {topic.rsplit("/", 2)[1] for topic, _ in centre.commands} == {"cmd"}
    assert all(command["do"] == "siren" for _, command in centre.commands)
    assert {message.template for message in centre.phone.sent} == {Template.UNRECORDED}
    assert "王奶奶" in str(centre.phone.sent[0].facts.summary)
