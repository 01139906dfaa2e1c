"""An error beside whose block tasks run is caught by its own type."""

import asyncio

import pytest

from hub.kit.single_error import raise_single_error


class NotThere(Exception):
    pass


async def test_the_only_error_of_a_group_is_raised_as_it_is() -> None:
    with pytest.raises(NotThere), raise_single_error():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.Event().wait())
            raise NotThere


async def test_two_errors_stay_a_group() -> None:
    async def fail() -> None:
        raise NotThere

    with pytest.raises(ExceptionGroup) as raised, raise_single_error():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
            tasks.create_task(fail())

    assert [type(error) for error in raised.value.exceptions] == [NotThere, NotThere]
