"""Accounts are written down once, and a password that somebody has chosen is never overwritten."""

from dataclasses import replace

import psycopg
import pytest

from hub.access import accounts
from hub.access.errors import PhoneMissing
from hub.access.model import AccountRecord, Role
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import AccountId
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.ledger.model import Chain
from tests.fakes.entries import entries_of, person_of
from tests.fakes.house import House


def record(house: House) -> AccountRecord:
    return AccountRecord(
        id=AccountId("ma"),
        centre_id=house.centre,
        organisation_id=None,
        role=Role.STAFF,
        name="马兰",
        name_en="Ma Lan",
        phone="",
        email="",
        language="zh-CN",
        password_hash=None,
        simulated=False,
    )


async def write(database: Database, clock: SetClock, *records: AccountRecord) -> list[AccountId]:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        return await accounts.write_accounts(editing, records)


async def test_an_account_is_new_once_and_changed_when_something_is_different(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    steps = [record(house), record(house), replace(record(house), role=Role.LEAD)]

    new = [await write(database, clock, one) for one in steps]

    assert new == [["ma"], [], []]
    said = {"person": person_of(database_url, "account", "ma"), "by": "command line"}
    assert entries_of(database_url, Chain.ACCESS) == [
        ("account.added", {**said, "role": "staff"}),
        ("account.changed", {**said, "role": "lead"}),
    ]


async def test_a_password_that_was_chosen_stays_and_who_is_disabled_stays_disabled(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    await write(database, clock, record(house))
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE account SET password_hash = 'chosen', active = false WHERE id = 'ma'")

    await write(database, clock, replace(record(house), name="马岚", password_hash="the demo's", simulated=True))

    with psycopg.connect(database_url) as conn:
        assert conn.execute(
            "SELECT name, password_hash, simulated, active FROM account WHERE id = 'ma'"
        ).fetchone() == (
            "马岚",
            "chosen",
            False,
            False,
        )


async def test_a_family_member_has_a_telephone_number(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    with pytest.raises(PhoneMissing):
        await write(database, clock, replace(record(house), role=Role.FAMILY))

    assert entries_of(database_url, Chain.ACCESS) == []
