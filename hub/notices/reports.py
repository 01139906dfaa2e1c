"""Says on the board which task of the hub's housekeeping raises, until it works again."""

from hub.centre.service import find_centre
from hub.kit.bulkhead import Defect
from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.notices import service
from hub.notices.model import NoticeCode, Raised


class TaskReports:
    """What `Housekeeping` reports to; before the first import there is no board to say it on."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def report(self, name: str, defect: Defect | None) -> None:
        """Raise the notice of the task `name`, or clear it when it works. Raises psycopg.OperationalError."""
        now, subject = self._clock.now(), f"task:{name}"
        async with self._database.transaction() as conn:
            centre_id = await find_centre(conn)
            if centre_id is None:
                return
            if defect is None:
                await service.clear_notice(conn, centre_id, NoticeCode.TASK_FAILED, subject, now)
            else:
                params = {"task": name, "error": defect.error}
                await service.raise_notice(conn, Raised(centre_id, NoticeCode.TASK_FAILED, subject, params=params), now)
