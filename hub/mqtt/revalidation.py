"""When may an authenticated device no longer stay connected? When its rows change: its connections are revalidated."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from hub.kit.changes import Change, Changes
from hub.mqtt.broker import Broker
from hub.mqtt.model import AuthenticationUnavailable

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 1.0


async def recheck_changed(changes: Changes, broker: Broker) -> None:
    """Shut connections whose rows changed, as they change, until cancelled."""
    with changes.subscribe("device") as heard:
        async for change in heard:
            await _recheck_connections(change, broker)


async def _recheck_connections(change: Change, broker: Broker) -> None:
    while True:
        try:
            return await (broker.revalidate_all() if change.kind == "lost" else broker.revalidate_device(change.id))
        except AuthenticationUnavailable as error:
            log.warning("connections are revalidated later: %s", error)
            await asyncio.sleep(AGAIN_SECONDS)
