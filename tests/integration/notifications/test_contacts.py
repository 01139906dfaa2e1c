"""How people are reached is written as it should be now: once, in order, and nothing else is used."""

import psycopg
import pytest

from hub.access.errors import NoSuchAccount
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.ids import AccountId
from hub.ledger.edit import COMMAND_LINE, open_edit
from hub.notifications import service
from hub.notifications.errors import WrongAddress
from hub.notifications.model import ChannelName, ContactRecord
from tests.fakes.entries import entries_of, person_of
from tests.fakes.house import House

HOOK = ContactRecord(ChannelName.WEBHOOK, "https://hongtai.example/hooks/admin")
MAIL = ContactRecord(ChannelName.EMAIL, "admin@hongtai.example")


@pytest.fixture
def database(pages_database: Database) -> Database:
    """Here people change something: the pages' login."""
    return pages_database


async def write(database: Database, clock: SetClock, account_id: AccountId, *contacts: ContactRecord) -> None:
    async with open_edit(database, COMMAND_LINE, clock.now()) as editing:
        await service.write_contacts(editing, account_id, contacts)


def in_use(url: str, account_id: str) -> list[str]:
    with psycopg.connect(url) as conn:
        found = conn.execute(
            "SELECT channel FROM contact_method WHERE account_id = %s AND verified_at IS NOT NULL ORDER BY rank",
            (account_id,),
        ).fetchall()
    return [row[0] for row in found]


async def test_contacts_are_written_once_reordered_and_retired(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    steps = [(HOOK, MAIL), (HOOK, MAIL), (MAIL, HOOK), (MAIL,), (MAIL, MAIL), ()]
    seen = []
    for contacts in steps:
        await write(database, clock, house.admin, *contacts)
        seen.append(in_use(database_url, house.admin))

    assert seen == [["webhook", "email"], ["webhook", "email"], ["email", "webhook"], ["email"], ["email"], []]
    said = {"person": person_of(database_url, "account", "admin"), "by": "command line"}
    assert entries_of(database_url) == [
        ("contacts.written", {**said, "webhook": 1, "email": 1}),
        ("contacts.written", {**said, "webhook": 1, "email": 1}),
        ("contacts.written", {**said, "email": 1}),
        ("contacts.written", said),
    ]


@pytest.mark.parametrize(
    "contact",
    [ContactRecord(ChannelName.WEBHOOK, "ftp://hongtai.example/x"), ContactRecord(ChannelName.EMAIL, "nobody")],
)
async def test_an_address_has_the_form_of_its_channel(
    database: Database, database_url: str, house: House, clock: SetClock, contact: ContactRecord
) -> None:
    with pytest.raises(WrongAddress):
        await write(database, clock, house.admin, HOOK, contact)

    assert in_use(database_url, house.admin) == []


async def test_nobody_can_be_reached_who_has_no_account(database: Database, house: House, clock: SetClock) -> None:
    with pytest.raises(NoSuchAccount):
        await write(database, clock, AccountId("nobody"), HOOK)
