"""Housekeeping that raises is told and tried again, and ends nothing."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from hub.kit.bulkhead import Defect
from hub.kit.every import Housekeeping, pause_after


def turns(*outcomes: Exception | None) -> tuple[Callable[[], Awaitable[None]], asyncio.Event]:
    """Work that does this in its turns, one after the other, and an event that is set by the turn after the last."""
    left = list(outcomes)
    over = asyncio.Event()

    async def work() -> None:
        if not left:
            over.set()
            return
        outcome = left.pop(0)
        if outcome is not None:
            raise outcome

    return work, over


class Reported:
    """What was reported, in order."""

    def __init__(self, *, raises: Exception | None = None) -> None:
        self.told: list[tuple[str, str | None]] = []
        self._raises = raises

    async def report(self, name: str, defect: Defect | None) -> None:
        self.told.append((name, None if defect is None else defect.error))
        if self._raises is not None:
            raise self._raises


async def run(board: Reported, *outcomes: Exception | None) -> None:
    """Let the task have these turns; it must still be at work afterwards."""
    work, over = turns(*outcomes)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(Housekeeping(board.report).every(0, work, "readings"))
        await over.wait()
        assert not task.done()
        task.cancel()


async def test_a_task_that_raises_is_reported_and_goes_on_until_it_works_which_is_reported_too() -> None:
    board = Reported()

    await run(board, ValueError("no date"), KeyError("st_2"), None, None)

    assert board.told[:3] == [("readings", "ValueError"), ("readings", "KeyError"), ("readings", None)]
    assert len(board.told) == 3


async def test_a_database_that_is_down_is_no_defect_and_is_retried() -> None:
    board = Reported()

    await run(board, psycopg.OperationalError("gone"), TimeoutError(), None)

    assert ("readings", "OperationalError") not in board.told


@pytest.mark.parametrize("raises", [psycopg.OperationalError("gone"), RuntimeError("a report that is broken")])
async def test_a_report_that_fails_ends_nothing_either(raises: Exception) -> None:
    board = Reported(raises=raises)

    await run(board, ValueError("no date"), None)

    assert ("readings", "ValueError") in board.told


@pytest.mark.parametrize(
    ("failures", "seconds", "expected"),
    [(0, 2.0, 2.0), (1, 2.0, 4.0), (3, 2.0, 16.0), (40, 2.0, 3600.0), (9, 7200.0, 7200.0), (1000, 0.5, 3600.0)],
)
def test_the_pause_of_a_task_that_raises_grows_up_to_an_hour(failures: int, seconds: float, expected: float) -> None:
    assert pause_after(failures, seconds) == expected
