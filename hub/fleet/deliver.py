"""Sends what the device outbox holds, until it is proven or nobody needs it any more."""

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import psycopg

from devices.contract.topics import Kind, build_topic
from hub.fleet import store
from hub.fleet.model import DueDeviceMessage
from hub.fleet.retries import LONGEST_WAIT, next_try
from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.changes import Changes
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Conn, Database
from hub.mqtt.model import Transport, Unreachable
from hub.notices import parking
from hub.notices import service as notices
from hub.notices.model import NoticeCode, Raised
from hub.notices.parking import PolledRow

log = logging.getLogger(__name__)

_TICK = 0.5  # seconds; a commit wakes the loop at once, the tick is for retries
_BATCH = 100
_PUBLISH_WITHIN = 3.0  # seconds


@dataclass(frozen=True, slots=True)
class _Try:
    """A message that goes out now, and when it would go out again."""

    outgoing: DueDeviceMessage
    again_at: datetime


@dataclass(frozen=True, slots=True)
class _Due:
    """What goes out now, and how many rows were looked at for it."""

    tries: Sequence[_Try]
    now: datetime
    looked_at: int


class DeviceMessageDeliverer:
    """The one loop that sends messages to devices for the rest of the hub."""

    def __init__(self, database: Database, changes: Changes, transport: Transport, clock: Clock) -> None:
        self._database = database
        self._changes = changes
        self._transport = transport
        self._clock = clock
        self._in_flight: set[str] = set()

    async def run(self) -> None:
        """Send until cancelled; while the database is down, retry every tick.

        What is due is looked for while earlier messages still wait for the broker: one of them that it does not
        confirm holds up no siren.
        """
        with self._changes.subscribe("device_command", "device") as heard:
            async with asyncio.TaskGroup() as group:
                while True:
                    try:
                        claiming = partial(self._claim_all, group)
                        await run_in_bulkhead("the device outbox", claiming, expected=WORLD_IS_DOWN)
                    except (psycopg.OperationalError, TimeoutError) as error:
                        log.warning("the device outbox cannot be read (%s): trying again in %s s", error, _TICK)
                    await heard.next_within(_TICK)

    async def _claim_all(self, group: asyncio.TaskGroup) -> None:
        while (due := await self._claim_due()).looked_at == _BATCH:
            group.create_task(self._send_apart(due))
        group.create_task(self._send_apart(due))

    async def send_due(self) -> int:
        """Send what is due now, and wait until all of it is confirmed or not. Returns how many were looked at."""
        due = await self._claim_due()
        await self._send_claimed(due)
        return due.looked_at

    async def _claim_due(self) -> _Due:
        """What goes out now.

        Its next attempt is written before it goes out, and no row is locked while a broker is waited for: a crash
        in between sends it again then, never not at all.
        """
        now = self._clock.now()
        async with self._database.transaction() as conn:
            due = await store.lock_due_messages(conn, now, _BATCH, LONGEST_WAIT, self._in_flight)
            tries = [_Try(one, next_try(one.tries + 1, now)) for one in due if one.until_at > now]
            await store.set_next_attempts(conn, {one.outgoing.id: one.again_at for one in tries})
            for outgoing in due:
                if outgoing.until_at <= now:
                    await _end_or_park(conn, outgoing, now)
        self._in_flight.update(one.outgoing.id for one in tries)
        return _Due(tries, now, len(due))

    async def _send_apart(self, due: _Due) -> None:
        try:
            await run_in_bulkhead(
                "a batch of messages to devices", partial(self._send_claimed, due), expected=WORLD_IS_DOWN
            )
        except (psycopg.OperationalError, TimeoutError) as error:
            # Their next attempts stand in their rows already.
            log.warning("what became of %d messages to devices could not be written down: %s", len(due.tries), error)

    async def _send_claimed(self, due: _Due) -> None:
        try:
            await self._send_batch(due.tries, due.now)
        finally:
            self._in_flight.difference_update(one.outgoing.id for one in due.tries)

    async def _send_batch(self, tries: Sequence[_Try], now: datetime) -> None:
        """Hand all of them to the broker at once, in their order; note those that were taken.

        One that raises is parked at the third time.
        """
        async with asyncio.TaskGroup() as group:
            handed = [(one, group.create_task(self._publish_apart(one.outgoing))) for one in tries]
        outcomes = [(one, publishing.result()) for one, publishing in handed]
        taken = {one.outgoing.id: one.again_at for one, outcome in outcomes if outcome is True}
        raised = [(one.outgoing, outcome) for one, outcome in outcomes if isinstance(outcome, Defect)]
        if taken:
            async with self._database.transaction() as conn:
                await store.set_sent(conn, taken, now)
        for outgoing, defect in raised:
            async with self._database.transaction() as conn:
                await parking.park_row(conn, _polled_row_of(outgoing), defect, now)

    async def _publish_apart(self, outgoing: DueDeviceMessage) -> bool | Defect:
        return await run_in_bulkhead(
            f"message {outgoing.id} to a device", lambda: self._publish_message(outgoing), expected=WORLD_IS_DOWN
        )

    async def _publish_message(self, outgoing: DueDeviceMessage) -> bool:
        """Hand one message to the broker; False when nobody took it."""
        where = build_topic(outgoing.centre_id, Kind(outgoing.subtopic), outgoing.device_id)
        try:
            async with asyncio.timeout(_PUBLISH_WITHIN):
                await self._transport.publish(where, json.dumps(outgoing.payload, ensure_ascii=False).encode())
        except (Unreachable, TimeoutError):
            return False
        return True


def _polled_row_of(outgoing: DueDeviceMessage) -> PolledRow:
    return PolledRow("device-command", outgoing.id, outgoing.centre_id)


async def _end_or_park(conn: Conn, outgoing: DueDeviceMessage, now: datetime) -> None:
    """End one message apart from the others of its batch."""
    ended = await parking.run_in_savepoint(
        conn, f"the end of message {outgoing.id}", lambda: _end_expired_message(conn, outgoing, now)
    )
    if isinstance(ended, Defect):
        await parking.park_row(conn, _polled_row_of(outgoing), ended, now)


async def _end_expired_message(conn: Conn, outgoing: DueDeviceMessage, now: datetime) -> None:
    """Nobody needs it any more; a command that was never proven is noticed, unless the device is off."""
    await store.end_command(conn, outgoing.id, now)
    if outgoing.nonce is not None and not outgoing.is_off:
        unproven = Raised(outgoing.centre_id, NoticeCode.COMMAND_UNPROVEN, f"device:{outgoing.device_id}")
        await notices.raise_notice(conn, unproven, now)
