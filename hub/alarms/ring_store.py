"""The rows of what rings while the database is down. One function, one statement."""

from psycopg.rows import class_row

from hub.alarms.model import OpenAlarm
from hub.kit.db import Conn
from hub.kit.ids import CentreId


async def list_open_alarms(conn: Conn, centre_id: CentreId) -> list[OpenAlarm]:
    """The alarms that nobody has taken, the oldest first."""
    async with conn.cursor(row_factory=class_row(OpenAlarm)) as cur:
        await cur.execute(
            """
            SELECT id, number, room_id, klass, priority, summary
              FROM alarm
             WHERE centre_id = %(centre_id)s AND state = 'open'
             ORDER BY opened_at, id
            """,
            {"centre_id": centre_id},
        )
        return await cur.fetchall()
