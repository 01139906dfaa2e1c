"""One edit is one transaction, and what it changed is in the ledger by whoever made it."""

import asyncio

import psycopg
import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.ledger.edit import COMMAND_LINE, Author, Edit, open_edit
from hub.ledger.model import Chain
from tests.fakes.deadlocks import WAITS_FOR_A_LOCK
from tests.fakes.entries import entries_of
from tests.fakes.house import House


async def note_both(database: Database, house: House, clock: SetClock, author: Author) -> None:
    async with open_edit(database, author, clock.now()) as editing:
        editing.note_entry(house.centre, Chain.CARE, "senior.added", senior="one")
        editing.note_entry(house.centre, Chain.CARE, "senior.added", senior="two")
        editing.note_entry(house.centre, Chain.ACCESS, "account.added", person="three")


async def test_entries_are_appended_in_their_order_and_say_who_made_them(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await note_both(database, house, clock, Author("a-person", house.admin))

    assert entries_of(database_url) == [
        ("senior.added", {"senior": "one", "by": "a-person"}),
        ("senior.added", {"senior": "two", "by": "a-person"}),
    ]
    assert entries_of(database_url, Chain.ACCESS) == [("account.added", {"person": "three", "by": "a-person"})]


async def test_nothing_stays_of_an_edit_that_failed(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    with pytest.raises(RuntimeError):
        async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
            await editing.conn.execute("UPDATE senior SET risks = 'x'")
            editing.note_entry(house.centre, Chain.CARE, "senior.changed", senior="one")
            raise RuntimeError

    assert entries_of(database_url) == []
    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT count(*) FROM senior WHERE risks = 'x'").fetchone() == (0,)


async def test_an_edit_knows_whether_it_has_changed_anything(database: Database, house: House, clock: SetClock) -> None:
    async with database.transaction() as conn:
        editing = Edit(conn, COMMAND_LINE, clock.now())
        before = editing.is_empty
        editing.note_entry(house.centre, Chain.CARE, "senior.changed", senior="one")

    assert (before, editing.is_empty) == (True, False)


async def test_no_press_waits_for_an_edit_that_waits_for_the_access_chain(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await note_both(database, house, clock, COMMAND_LINE)  # so that both heads are there
    async with (
        asyncio.timeout(20),
        await psycopg.AsyncConnection.connect(database_url) as signing_in,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as pressing,
        asyncio.TaskGroup() as tasks,
    ):
        await signing_in.execute("SELECT FROM ledger_head WHERE chain = 'access' FOR UPDATE")
        tasks.create_task(note_both(database, house, clock, COMMAND_LINE))
        while not await (await pressing.execute(WAITS_FOR_A_LOCK)).fetchall():
            await asyncio.sleep(0.01)
        await pressing.execute("SELECT FROM ledger_head WHERE chain = 'care' FOR UPDATE NOWAIT")
        await signing_in.commit()

    assert len(entries_of(database_url)) == 4
