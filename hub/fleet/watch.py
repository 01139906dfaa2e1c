"""Is the broker up that devices use, when it is not our own? While it is down, that is a notice."""

import asyncio
from datetime import timedelta
from typing import Final

from hub.kit.clock import Clock
from hub.kit.db import Database
from hub.kit.ids import CentreId
from hub.mqtt.client import ExternalBroker
from hub.notices import service as notices
from hub.notices.model import NoticeCode, Raised

PATIENCE: Final = timedelta(seconds=10)
"""A broker that only starts again is back sooner."""
_SUBJECT: Final = "broker"


class BrokerWatch:
    """Raises `broker-away` once another's broker has been down for ten seconds, and clears it.

    `report_outage` is due every second.
    """

    EVERY_SECONDS: Final = 1.0

    def __init__(self, database: Database, clock: Clock, centre_id: CentreId, broker: ExternalBroker) -> None:
        self._database = database
        self._clock = clock
        self._centre_id = centre_id
        self._broker = broker
        self._up_at = clock.now()
        self._told: bool | None = None  # whether it is down, as the rows say; not known before the first round

    async def report_outage(self) -> None:
        """Raise or clear the notice. Raises psycopg.OperationalError or TimeoutError: then nothing was written."""
        now = self._clock.now()
        if self._broker.is_up:
            self._up_at = now
        away = now - self._up_at >= PATIENCE
        if away == self._told or not (away or self._broker.is_up):
            return
        async with asyncio.timeout(3), self._database.transaction() as conn:
            if away:
                await notices.raise_notice(conn, Raised(self._centre_id, NoticeCode.BROKER_AWAY, _SUBJECT), now)
            else:
                await notices.clear_notice(conn, self._centre_id, NoticeCode.BROKER_AWAY, _SUBJECT, now)
        self._told = away
