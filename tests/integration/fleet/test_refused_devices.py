"""What becomes of wrong passwords of devices: answered from memory, counted, written together, noticed from ten."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest

from hub.fleet.authenticator import DeviceAuthenticator
from hub.kit.changes import Changes
from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.mqtt.model import AuthenticationUnavailable
from hub.notices import store as notices
from hub.notices.model import NoticeCode
from hub.notices.refusals import RefusalReports
from tests.fakes.house import House, password_of

TO_LIS_PASSWORD = """
    UPDATE device
       SET credential_hash = (SELECT credential_hash FROM device WHERE id = 'b-li')
     WHERE id = 'b-wang'
"""


@pytest.fixture
def authenticator(database: Database, clock: SetClock, house: House) -> DeviceAuthenticator:
    return DeviceAuthenticator(database, clock)


@pytest.fixture
def reports(database: Database, clock: SetClock, authenticator: DeviceAuthenticator) -> RefusalReports:
    return RefusalReports(database, clock, authenticator.refusals, NoticeCode.WRONG_CREDENTIALS)


@pytest.fixture
async def followed(database_url: str, authenticator: DeviceAuthenticator) -> AsyncIterator[DeviceAuthenticator]:
    """The authenticator while it hears of changed rows."""
    changes = Changes(database_url)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(changes.run()), tasks.create_task(authenticator.follow(changes))]
        await changes.ready()
        yield authenticator
        for task in running:
            task.cancel()


def entries_of(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as conn:
        return [row[0] for row in conn.execute("SELECT entry FROM ledger_access ORDER BY n").fetchall()]


async def standing(database: Database, house: House) -> list[tuple[str, int]]:
    async with database.transaction() as conn:
        found = await notices.list_standing_notices(conn, house.centre, 10)
        return [(one.subject, int(one.params["refused"])) for one in found]


@pytest.mark.parametrize(
    ("username", "password"),
    [("b-wang", "b-li-secret"), ("b-wang", ""), ("nobody", "x"), ("../etc", "x"), ("", "")],
)
async def test_wrong_credentials_are_refused(authenticator: DeviceAuthenticator, username: str, password: str) -> None:
    assert await authenticator.authenticate(username, password, "10.0.0.7") is None
    assert await authenticator.authenticate(username, password, "10.0.0.7") is None
    assert authenticator.refusals.total == 2


async def test_a_wrong_password_is_answered_from_memory(
    database_url: str, clock: SetClock, house: House, database: Database
) -> None:
    async with Database.open(database_url, size=1, name="one connection") as single:
        authenticator = DeviceAuthenticator(single, clock)
        await authenticator.authenticate("b-wang", "wrong", "10.0.0.7")
        await authenticator.authenticate("b-99", "wrong", "10.0.0.7")

        async with single.transaction():  # nobody else gets a connection meanwhile
            for number in range(50):
                assert await authenticator.authenticate("b-wang", f"guess {number}", "10.0.0.7") is None
                assert await authenticator.authenticate("b-99", f"guess {number}", "10.0.0.7") is None

    assert authenticator.refusals.total == 102


async def test_the_right_password_is_never_refused_from_memory(authenticator: DeviceAuthenticator) -> None:
    for _ in range(20):
        assert await authenticator.authenticate("b-wang", "wrong", "10.0.0.66") is None

    assert await authenticator.authenticate("b-wang", password_of("b-wang"), "10.0.0.7") is not None


async def test_a_password_that_is_given_is_right_at_once(
    followed: DeviceAuthenticator, database_url: str, house: House
) -> None:
    assert await followed.authenticate("b-wang", password_of("b-li"), "10.0.0.7") is None
    with psycopg.connect(database_url) as conn:
        conn.execute(TO_LIS_PASSWORD)

    async with asyncio.timeout(10):
        while await followed.authenticate("b-wang", password_of("b-li"), "10.0.0.7") is None:
            await asyncio.sleep(0.01)
    assert await followed.authenticate("b-wang", password_of("b-wang"), "10.0.0.7") is None


async def test_a_device_that_was_off_is_authenticated_at_once(
    followed: DeviceAuthenticator, database_url: str, house: House
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE device SET enabled = false WHERE id = 'b-wang'")
    assert await followed.authenticate("b-wang", password_of("b-wang"), "10.0.0.7") is None
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE device SET enabled = true WHERE id = 'b-wang'")

    async with asyncio.timeout(10):
        while await followed.authenticate("b-wang", password_of("b-wang"), "10.0.0.7") is None:
            await asyncio.sleep(0.01)


async def test_what_is_remembered_is_read_again_after_a_minute(
    authenticator: DeviceAuthenticator, database_url: str, clock: SetClock, house: House
) -> None:
    """Whoever listens for changes may have gone: nothing is refused for long because of it."""
    assert await authenticator.authenticate("b-wang", password_of("b-li"), "10.0.0.7") is None
    with psycopg.connect(database_url) as conn:
        conn.execute(TO_LIS_PASSWORD)

    clock.advance(timedelta(seconds=61))

    assert await authenticator.authenticate("b-wang", password_of("b-li"), "10.0.0.7") is not None


async def test_one_address_with_new_names_without_end_keeps_no_device_out(
    database_url: str, clock: SetClock, house: House, database: Database
) -> None:
    async with Database.open(database_url, size=1, name="one connection") as single:
        authenticator = DeviceAuthenticator(single, clock)
        async with asyncio.TaskGroup() as tasks:
            async with single.transaction():
                flood = [tasks.create_task(_try(authenticator, f"b-{number}")) for number in range(400)]
                await asyncio.sleep(0)
                device = tasks.create_task(authenticator.authenticate("b-wang", password_of("b-wang"), "10.0.0.7"))
                await asyncio.sleep(0)
            assert await device is not None
            done_before = sum(one.done() for one in flood)

    assert sum(one.result() for one in flood) >= 300 - 2, "more than wait at once are told to come again"
    assert done_before < 320, "the device had its turn before the hundred that wait at the other address"


async def _try(authenticator: DeviceAuthenticator, username: str) -> bool:
    """Whether it was told to come again."""
    try:
        await authenticator.authenticate(username, "x", "10.0.0.66")
    except AuthenticationUnavailable:
        return True
    return False


async def test_what_was_refused_is_written_together(
    authenticator: DeviceAuthenticator, reports: RefusalReports, database_url: str, house: House
) -> None:
    for _ in range(7):
        await authenticator.authenticate("b-wang", "wrong", "10.0.0.7")
    await authenticator.authenticate("nobody", "wrong", "10.0.0.7")
    assert entries_of(database_url) == []

    await reports.write()
    await reports.write()

    first, second = entries_of(database_url)
    assert '"password-refused"' in first
    assert '"device":"b-wang"' in first.replace(" ", "")
    assert '"times":7' in first.replace(" ", "")
    assert '"subject":"broker"' in second.replace(" ", "")


async def test_from_ten_a_minute_on_it_is_noticed(
    authenticator: DeviceAuthenticator, reports: RefusalReports, database: Database, house: House
) -> None:
    for _ in range(9):
        await authenticator.authenticate("b-wang", "wrong", "10.0.0.7")
        await authenticator.authenticate("nobody", "wrong", "10.0.0.7")
    await reports.write()
    assert await standing(database, house) == []

    await authenticator.authenticate("b-wang", "wrong", "10.0.0.7")
    await reports.write()

    assert await standing(database, house) == [("device:b-wang", 10)]


async def test_slow_wrong_tries_are_only_counted(
    authenticator: DeviceAuthenticator, reports: RefusalReports, database: Database, clock: SetClock, house: House
) -> None:
    for _ in range(15):
        await authenticator.authenticate("b-wang", "wrong", "10.0.0.7")
        clock.advance(timedelta(seconds=7))
        await reports.write()

    assert await standing(database, house) == []


async def test_under_many_names_one_write_has_few_entries(
    authenticator: DeviceAuthenticator, reports: RefusalReports, database_url: str, house: House
) -> None:
    with psycopg.connect(database_url) as conn:
        devices = [row[0] for row in conn.execute("SELECT id FROM device").fetchall()]
    for device_id in devices:
        await authenticator.authenticate(device_id, "wrong", "10.0.0.7")
    for number in range(600):
        authenticator.refusals.count(f"device:x-{number}", ("device", f"x-{number}"))

    await reports.write()

    assert len(entries_of(database_url)) == 21
