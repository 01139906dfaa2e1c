"""How does a block that has tasks beside it raise its own error, without the wrapping of the task group?"""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def raise_single_error() -> Iterator[None]:
    """Around an `asyncio.TaskGroup`: an error that is the only one of its group is raised as it is.

    Whoever catches it by its type does not see that there was a group. Several errors stay a group.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        raise
