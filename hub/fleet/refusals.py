"""Of which devices does the broker refuse what they send, and why? A notice with the device, for whoever sets it up."""

import asyncio
from typing import Final

from hub.fleet import service
from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.kit.ids import CentreId, DeviceId
from hub.mqtt.model import DeviceRefusal
from hub.notices.model import NoticeCode, Raised
from hub.notices.service import raise_notice

_WRITTEN_WITHIN_SECONDS: Final = 5.0
_LONGEST_DETAIL: Final = 200


class RefusedDevices:
    """Notes refusals where connections end, and writes them apart: no connection waits for a row."""

    EVERY_SECONDS: Final = 2.0

    def __init__(self, database: Database, clock: Clock, centre_id: CentreId) -> None:
        self._database = database
        self._clock = clock
        self._centre_id = centre_id
        self._noted: dict[DeviceId, tuple[DeviceRefusal, str]] = {}
        """Of each device the last; only registered devices get so far."""

    def note_refusal(self, device_id: str, refusal: DeviceRefusal, reason: str) -> None:
        """This device was refused; `reason` is for whoever sets it up."""
        self._noted[DeviceId(device_id)] = (refusal, reason[:_LONGEST_DETAIL])

    async def write(self) -> None:
        """Write what was noted since the last time; due every two seconds.

        Raises psycopg.OperationalError and TimeoutError: then it is kept for the next time.
        """
        noted = dict(self._noted)
        if not noted:
            return
        now = self._clock.now()
        async with asyncio.timeout(_WRITTEN_WITHIN_SECONDS), self._database.transaction() as conn:
            for device_id in sorted(noted):
                refusal, detail = noted[device_id]
                if await service.find_device(conn, device_id) is None:
                    continue
                params = {"why": refusal.value, "detail": detail}
                raised = Raised(self._centre_id, NoticeCode.MESSAGE_REFUSED, f"device:{device_id}", params=params)
                await raise_notice(conn, raised, now)
        self._noted = {device: said for device, said in self._noted.items() if noted.get(device) != said}
