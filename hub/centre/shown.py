"""What do pages show of the centre?"""

from datetime import time

from psycopg.rows import class_row
from pydantic import BaseModel

from hub.kit.db import Conn
from hub.kit.ids import CentreId


class ShownCentre(BaseModel):
    """A centre as its pages show it; the hours are wall time of `timezone`, `phone` is empty where none is known."""

    id: CentreId
    name: str
    name_en: str
    opens: time
    closes: time
    timezone: str
    phone: str


async def read_shown_centre(conn: Conn, centre_id: CentreId) -> ShownCentre:
    """The centre as pages show it, for any role that reads."""
    async with conn.cursor(row_factory=class_row(ShownCentre)) as cur:
        await cur.execute(
            """
            SELECT id, name, name_en, opens, closes, timezone, phone
              FROM centre
             WHERE id = %(centre_id)s
            """,
            {"centre_id": centre_id},
        )
        found = await cur.fetchone()
    assert found is not None, "rows that name a centre refer to it"
    return found
