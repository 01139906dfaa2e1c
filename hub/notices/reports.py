"""Says on the board which task of the hub raises, until it works again."""

from datetime import datetime

from hub.centre.service import find_centre
from hub.kit.bulkhead import Defect
from hub.kit.clock import Clock
from hub.kit.db import Conn, Database
from hub.kit.ids import CentreId
from hub.notices import service
from hub.notices.model import NoticeCode, Raised


class TaskReports:
    """What `Housekeeping` reports to; before the first import there is no board to say it on."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def report(self, name: str, defect: Defect | None) -> None:
        """Raise the notice of the task `name`, or clear it when it works. Raises psycopg.OperationalError."""
        async with self._database.transaction() as conn:
            centre_id = await find_centre(conn)
            if centre_id is not None:
                await report_task(conn, centre_id, name, "" if defect is None else defect.error, self._clock.now())


async def report_task(conn: Conn, centre_id: CentreId, name: str, error: str, now: datetime) -> None:
    """Raise the notice of the task `name` with the class of what it raised, or clear it when that is empty."""
    subject = f"task:{name}"
    if error:
        params = {"task": name, "error": error}
        await service.raise_notice(conn, Raised(centre_id, NoticeCode.TASK_FAILED, subject, params=params), now)
    else:
        await service.clear_notice(conn, centre_id, NoticeCode.TASK_FAILED, subject, now)
