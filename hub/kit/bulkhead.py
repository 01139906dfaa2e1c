"""How far does a defect of ours reach? The one place that catches any exception: around one row, one message, one turn.

The database that is down and a wait that took too long are the world's: they are raised, and the polling loop retries.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import psycopg

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Defect:
    """Work that raised what nobody foresaw: `what` it was, and the name of the exception's class."""

    what: str
    error: str


async def run_in_bulkhead(what: str, work: Callable[[], Awaitable[T]]) -> T | Defect:
    """Do `work`; a defect in it is logged with its traceback and returned, so that the next row goes on.

    `what` names the work and the row's id, never a person. Raises psycopg.OperationalError and TimeoutError.
    """
    try:
        return await work()
    except (psycopg.OperationalError, TimeoutError):
        raise
    except Exception as error:  # noqa: BLE001 - the bulkhead: one row that raises must not stop the others
        return _log_defect(what, error)


def call_in_bulkhead(what: str, work: Callable[[], T]) -> T | Defect:
    """`run_in_bulkhead` for work that waits for nothing."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - the bulkhead: one row that raises must not stop the others
        return _log_defect(what, error)


def _log_defect(what: str, error: Exception) -> Defect:
    log.error("%s raised, the others go on: %s", what, type(error).__name__, exc_info=error)
    return Defect(what, type(error).__name__)
