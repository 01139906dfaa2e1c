"""The ledger's rows: appended in the transaction of what they record, never changed."""

from datetime import timedelta

import psycopg
import pytest

from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.ledger import service, store
from hub.ledger.chain import find_first_broken
from hub.ledger.model import Chain, Entry
from hub.ledger.service import Verified
from tests.fakes.house import House


async def test_entries_of_several_transactions_make_one_whole_chain(
    database: Database, house: House, clock: SetClock
) -> None:
    for number in range(3):
        clock.advance(timedelta(seconds=1))
        async with database.transaction() as conn:
            await service.append_entries(
                conn, house.centre, Chain.CARE, [Entry("alarm.opened", {"alarm": f"a-{number}"})], clock.now()
            )

    async with database.transaction() as conn:
        links = await store.links_after(conn, house.centre, Chain.CARE, 0, clock.now(), 10)
    assert [link.n for link in links] == [1, 2, 3]
    assert find_first_broken(links) is None


async def test_nothing_is_recorded_of_a_transaction_that_failed(
    database: Database, house: House, clock: SetClock
) -> None:
    with pytest.raises(RuntimeError):
        async with database.transaction() as conn:
            await service.append_entries(conn, house.centre, Chain.CARE, [Entry("alarm.opened")], clock.now())
            raise RuntimeError

    async with database.transaction() as conn:
        assert await store.links_after(conn, house.centre, Chain.CARE, 0, clock.now(), 10) == []


@pytest.mark.parametrize("statement", ["UPDATE ledger_care SET entry = ''", "DELETE FROM ledger_care"])
async def test_the_hub_cannot_change_what_is_recorded(
    database: Database, house: House, clock: SetClock, statement: str
) -> None:
    async with database.transaction() as conn:
        await service.append_entries(conn, house.centre, Chain.CARE, [Entry("alarm.opened")], clock.now())

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with database.transaction() as conn:
            await conn.execute(statement.encode())


def test_not_even_the_owner_changes_a_recorded_row(database_url: str, house: House) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("INSERT INTO ledger_care VALUES ('jiuquan-road', 1, '2026-11-23Z', '{}', sha256('x'))")

        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            conn.execute("UPDATE ledger_care SET entry = 'y'")


async def append_three(database: Database, house: House, clock: SetClock) -> None:
    entries = [Entry("alarm.opened", {"alarm": f"a-{number}"}) for number in range(3)]
    async with database.transaction() as conn:
        await service.append_entries(conn, house.centre, Chain.CARE, entries, clock.now())


async def verified(database: Database, house: House) -> dict[Chain, Verified]:
    async with database.transaction() as conn:
        return {chain: await service.verify_chain(conn, house.centre, chain) for chain in Chain}


async def test_a_whole_chain_is_whole_however_many_rows_are_looked_at_at_once(
    database: Database, house: House, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await append_three(database, house, clock)
    monkeypatch.setattr(service, "ROWS_AT_ONCE", 2)

    assert await verified(database, house) == {Chain.CARE: Verified(3, None), Chain.ACCESS: Verified(0, None)}


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE ledger_care SET entry = replace(entry, 'a-1', 'a-9') WHERE n = 2", 2),
        ("DELETE FROM ledger_care WHERE n = 1", 1),
        ("DELETE FROM ledger_care WHERE n = 3", 3),
        ("UPDATE ledger_head SET hash = sha256('x') WHERE chain = 'care'", 3),
    ],
)
async def test_what_somebody_changed_past_every_rule_is_found_at_its_row(
    database: Database, database_url: str, house: House, clock: SetClock, tampering: str, broken_at: int
) -> None:
    await append_three(database, house, clock)
    with psycopg.connect(database_url) as conn:
        conn.execute("ALTER TABLE ledger_care DISABLE TRIGGER USER")
        conn.execute(tampering.encode())

    assert (await verified(database, house))[Chain.CARE] == Verified(3, broken_at)
