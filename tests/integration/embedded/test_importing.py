"""A centre's file may be the first that a database of the installation's own hears of Anling."""

import asyncio
from pathlib import Path

import psycopg

from hub.embedded import importing, logins
from tests.conftest import MORNING
from tests.fakes.deadlocks import WAITS_FOR_A_LOCK, delay_deadlock_detection
from tests.fakes.logins import PASSWORDS
from tests.fakes.shipped import shipped_centre


async def test_a_database_that_was_named_has_its_tables_before_the_first_run(
    tmp_path: Path, empty_database_url: str
) -> None:
    logins.save_passwords(
        tmp_path, PASSWORDS
    )  # the server's other tests know these; a set-up of its own would make others
    async with importing.database_of(tmp_path, empty_database_url) as url:
        assert await importing.find_held_centre(url) is None


async def test_an_import_that_lost_a_deadlock_is_done_all_the_same(tmp_path: Path, database_url: str) -> None:
    centre = shipped_centre()
    await importing.import_real(database_url, tmp_path, centre, MORNING)
    delay_deadlock_detection(database_url)
    first, last = centre.seniors[0].id, centre.seniors[-1].id
    async with (
        asyncio.timeout(20),
        await psycopg.AsyncConnection.connect(database_url) as other,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as onlooker,
        asyncio.TaskGroup() as tasks,
    ):
        await other.execute("SET deadlock_timeout = '10s'")  # who finds the deadlock is ended by it: the import
        await other.execute("SELECT FROM senior WHERE id = %s FOR UPDATE", (last,))
        again = tasks.create_task(importing.import_real(database_url, tmp_path, centre, MORNING))
        while not await (await onlooker.execute(WAITS_FOR_A_LOCK)).fetchall():
            await asyncio.sleep(0.01)
        await other.execute("SELECT FROM senior WHERE id = %s FOR UPDATE", (first,))
        await other.commit()

    assert again.result().new_devices == 0
