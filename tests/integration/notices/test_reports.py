"""Does anybody see that a task of the hub's housekeeping raises?"""

import asyncio

import psycopg

from hub.kit.clock import SetClock
from hub.kit.db import Database
from hub.kit.every import Housekeeping
from hub.notices.reports import TaskReports
from tests.fakes.house import House


def notices(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute("SELECT code, subject, params, cleared_at IS NULL FROM notice").fetchall()


async def test_a_task_that_raises_stands_on_the_board_until_it_works(
    database: Database, database_url: str, house: House, clock: SetClock
) -> None:
    works = [False]

    async def work() -> None:
        if not works[0]:
            raise ValueError("a month of thirteen")

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(Housekeeping(TaskReports(database, clock).report).every(0.01, work, "readings"))
        while not notices(database_url):
            await asyncio.sleep(0.01)
        failed = ("task-failed", "task:readings", {"task": "readings", "error": "ValueError"})
        assert notices(database_url) == [(*failed, True)]
        works[0] = True
        while notices(database_url) != [(*failed, False)]:
            await asyncio.sleep(0.01)
        task.cancel()
