"""Which rows decisions about a device write. One function, one statement."""

from datetime import datetime

from hub.kit.db import Conn
from hub.kit.ids import DeviceId


async def set_off_until(conn: Conn, device_id: DeviceId, until: datetime | None) -> None:
    """The device is off until then; None: it is not."""
    await conn.execute("UPDATE device SET off_until = %(until)s WHERE id = %(id)s", {"id": device_id, "until": until})


async def clear_credential(conn: Conn, device_id: DeviceId) -> None:
    """No password opens anything for the device any more."""
    await conn.execute("UPDATE device SET credential_hash = NULL WHERE id = %(id)s", {"id": device_id})
