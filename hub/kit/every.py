"""Housekeeping: work that is done every so many seconds, and that never ends what runs beside it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn, TypeAlias

import psycopg

from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.db import WORLD_IS_DOWN

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 30.0
"""The longest pause before the next try while the database is down or busy."""
LONGEST_PAUSE_SECONDS: Final = 3600.0
"""The longest pause of a task that raises, unless it is due more rarely anyway."""

Report: TypeAlias = Callable[[str, Defect | None], Awaitable[None]]
"""Notifies people that the task of this name raised, or (None) that it works again. May raise: it is retried."""


class Housekeeping:
    """Runs the hub's housekeeping. A task that raises is logged, reported and retried with backoff."""

    def __init__(self, report: Report) -> None:
        self._report = report

    async def every(self, seconds: float, work: Callable[[], Awaitable[object]], name: str) -> NoReturn:
        """Do `work` now and then every `seconds`, until cancelled.

        While the database is down, or a wait took too long, it is retried after at most 30 s. Whatever else it
        raises is a defect of ours: the pause doubles each time, up to an hour or `seconds`, whichever is longer.
        """
        failures = 0
        was_reported = True  # a notice of an earlier process may stand: the first turn that works clears it
        while True:
            try:
                outcome = await run_in_bulkhead(f"the task {name}", work, expected=WORLD_IS_DOWN)
            except (psycopg.OperationalError, TimeoutError) as error:
                pause = min(seconds, AGAIN_SECONDS)
                log.warning("the task %s waits, again in %.0f s: %s %s", name, pause, type(error).__name__, error)
                await asyncio.sleep(pause)
                continue
            defect = outcome if isinstance(outcome, Defect) else None
            failures = 0 if defect is None else failures + 1
            if defect is not None or was_reported:
                told = await self._report_defect(name, defect)
                was_reported = defect is not None or not told
            await asyncio.sleep(pause_after(failures, seconds))

    async def _report_defect(self, name: str, defect: Defect | None) -> bool:
        try:
            told = await run_in_bulkhead(
                f"the report about the task {name}", lambda: self._report(name, defect), expected=WORLD_IS_DOWN
            )
        except (psycopg.OperationalError, TimeoutError) as error:
            log.warning("how the task %s fares is reported later: %s", name, error)
            return False
        return not isinstance(told, Defect)


def pause_after(failures: int, seconds: float) -> float:
    """Seconds until the next turn of a task that is due every `seconds`, after so many failures one after the other."""
    longest = max(seconds, LONGEST_PAUSE_SECONDS)
    return seconds if failures == 0 else min(seconds * 2.0 ** min(failures, 30), longest)
