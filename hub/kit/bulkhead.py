"""How far does a defect of ours reach? The one place that catches any exception: around one row, message or camera.

What is logged of a defect is its type and its places, with the work and the row's id that the caller names. Its text is
logged nowhere: it may repeat a camera's address with its password, a name or a reading.
"""

import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

Expected: TypeAlias = tuple[type[Exception], ...]


@dataclass(frozen=True, slots=True)
class Defect:
    """Work that raised what nobody foresaw: `what` it was, and the name of the exception's class."""

    what: str
    error: str


async def run_in_bulkhead(what: str, work: Callable[[], Awaitable[T]], *, expected: Expected) -> T | Defect:
    """Do `work`; a defect in it is logged and returned, so that the next row goes on.

    `what` names the work and the row's id, never a person. What is `expected` is no defect, and raised; for work with
    the database that is `WORLD_IS_DOWN` (`kit/db`). Of a group in which everything is expected the first is raised.
    """
    try:
        return await work()
    except Exception as error:  # noqa: BLE001 - the bulkhead: one row that raises must not stop the others
        if (world := _find_expected(error, expected)) is not None:
            raise world from error.__cause__
        return _log_defect(what, error)


def call_in_bulkhead(what: str, work: Callable[[], T]) -> T | Defect:
    """`run_in_bulkhead` for work that waits for nothing, and of which nothing is expected."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - the bulkhead: one row that raises must not stop the others
        return _log_defect(what, error)


def _find_expected(error: Exception, expected: Expected) -> Exception | None:
    """The error that says that it is no defect; None for a defect.

    PostgreSQL refuses values that are too much for it as "program limit exceeded" (SQLSTATE 54), every time anew;
    psycopg counts that among the errors of a server that is down.
    """
    if isinstance(error, ExceptionGroup):
        found = [_find_expected(one, expected) for one in error.exceptions]
        return None if None in found else found[0]
    is_of_values = (getattr(error, "sqlstate", None) or "").startswith("54")
    return error if isinstance(error, expected) and not is_of_values else None


def _log_defect(what: str, error: Exception) -> Defect:
    log.error("%s raised, the others go on:\n%s", what, "".join(_describe_places(error)))
    return Defect(what, type(error).__name__)


def _describe_places(error: BaseException) -> Iterator[str]:
    """The type and the places of an exception, after those of what it came from or is a group of."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _describe_places(before)
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _describe_places(one)
    yield f"{type(error).__name__} at\n"
    yield from traceback.format_tb(error.__traceback__)
