"""An error beside whose block tasks run is caught by its own type."""

import asyncio

import pytest

from hub.kit.single_error import raise_single_error


class NotThere(Exception):
    pass


async def fail() -> None:
    raise NotThere


async def run_beside(count: int) -> None:
    """So many tasks that raise, beside one that waits for ever."""
    with raise_single_error():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.Event().wait())
            for _ in range(count):
                tasks.create_task(fail())


async def test_the_only_error_of_a_group_is_raised_as_it_is() -> None:
    with pytest.raises(NotThere):
        await run_beside(1)


async def test_two_errors_stay_a_group() -> None:
    with pytest.raises(ExceptionGroup) as raised:
        await run_beside(2)

    assert [type(error) for error in raised.value.exceptions] == [NotThere, NotThere]
