"""Where does an undecodable message go? Into quarantine, with its reason, where staff see it; nothing else stops."""

from __future__ import annotations

import logging
from datetime import datetime
from hashlib import sha256
from typing import Final

import psycopg

from hub.ingest import store
from hub.ingest.model import Undecodable
from hub.ingest.store import NewQuarantined, Quarantined
from hub.kit.db import LOCK_WITHIN, Conn
from hub.kit.ids import CentreId, new_id
from hub.mqtt.model import Inbound
from hub.notices.model import NoticeCode, NoticePriority, Raised
from hub.notices.service import raise_notice

log = logging.getLogger(__name__)

_PRESS_WAITS: Final = "200ms"
"""Longer than telemetry takes to commit what it has written; a press may wait 1.5 s in all."""
KEPT_PER_CENTRE: Final = 1000
"""The newest: a device that sends nonsense without end fills no disk."""


async def quarantine_message(
    conn: Conn, inbound: Inbound, undecodable: Undecodable, home: CentreId, now: datetime
) -> None:
    """Keep a message and why it is undecodable; `home` is the centre that is notified when its sender is unknown."""
    device_id = undecodable.topic.device if undecodable.topic is not None else inbound.publisher
    sender = (await store.find_senders(conn, [device_id], now)).get(device_id) if device_id is not None else None
    centre_id = sender.centre_id if sender is not None else home
    quarantined = NewQuarantined(
        id=new_id("q", now),
        centre_id=centre_id,
        device_id=device_id,
        topic=inbound.topic[:256],
        reason=undecodable.reason,
        detail=undecodable.detail[:200],
        payload=inbound.payload,
        digest=sha256(inbound.payload).digest(),
        received_at=inbound.received_at,
    )
    await store.upsert_quarantined(conn, quarantined)
    await store.trim_quarantine(conn, centre_id, KEPT_PER_CENTRE)
    subject = f"device:{sender.device_id}" if sender is not None else "hub"
    raised = Raised(
        centre_id, NoticeCode.MESSAGE_UNREADABLE, subject, NoticePriority.P4, {"reason": undecodable.reason}
    )
    await raise_notice(conn, raised, now)


async def quarantine_press(
    conn: Conn, inbound: Inbound, undecodable: Undecodable, home: CentreId, now: datetime
) -> None:
    """`quarantine_message` in the transaction of a press, which waits for nobody to have its message in quarantine.

    Telemetry writes the same notice and the same message: while it stands still in that, this is left out. The press
    and its alarm are there all the same, with the reason.
    """
    try:
        async with conn.transaction():
            await conn.execute(f"SET LOCAL lock_timeout = '{_PRESS_WAITS}'")
            await quarantine_message(conn, inbound, undecodable, home, now)
            await conn.execute(f"SET LOCAL lock_timeout = '{LOCK_WITHIN}'")
    except psycopg.errors.LockNotAvailable:
        log.warning("an undecodable message of the alarm lane is not in quarantine: its rows are locked")


async def list_quarantined(conn: Conn, centre_id: CentreId) -> list[Quarantined]:
    """What is in quarantine at a centre, newest first."""
    return await store.list_quarantined(conn, centre_id, KEPT_PER_CENTRE)
