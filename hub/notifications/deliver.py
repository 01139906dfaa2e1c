"""Sends what the outbox holds, until a provider has taken it or no channel is left."""

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final, assert_never

import psycopg

from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.changes import Changes
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Conn, Database
from hub.kit.ids import new_id
from hub.notices import parking
from hub.notices import service as notices
from hub.notices.model import NoticeCode, Raised
from hub.notices.parking import PolledRow
from hub.notifications import answer_store, store
from hub.notifications.channels import AcceptUrls, Channel, Result, SendAccepted, SendRefused, SendRetry
from hub.notifications.model import LeasedNotification
from hub.notifications.retries import LONGEST_WAIT, next_try
from hub.notifications.service import token_hash

log = logging.getLogger(__name__)

_TICK: Final = 0.5  # seconds; a commit wakes the loop at once, the tick is for retries and expired leases
_AT_ONCE: Final = 32
LEASE: Final = timedelta(seconds=10)
"""Twice what a channel may take. The lease of a process that died in between expires after this."""
LINK_HOLDS: Final = timedelta(hours=24)
"""How long an accept link works (DECISIONS 21)."""


class NotificationDeliverer:
    """The one loop that sends to people's providers."""

    def __init__(
        self, database: Database, changes: Changes, channels: Mapping[str, Channel], clock: Clock, public_url: str
    ) -> None:
        """`channels` by the names that contact methods carry; `public_url` is where accept links lead."""
        self._database = database
        self._changes = changes
        self._channels = channels
        self._clock = clock
        self._public_url = public_url.rstrip("/")
        self._name = f"deliver-{secrets.token_hex(4)}"
        self._in_flight: set[str] = set()
        self._left_some = False
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Send until cancelled; while the database is down, retry every tick."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            looked_at = -math.inf
            while True:
                self._wake.clear()
                try:
                    for outgoing in await self.lease_due():
                        group.create_task(self._send_one(outgoing))
                    if time.monotonic() - looked_at >= _TICK:  # after what is new: a phone waits for that
                        await self.requeue_expired()
                        looked_at = time.monotonic()
                except psycopg.OperationalError as error:
                    log.warning("the outbox cannot be read (%s): trying again in %s s", error, _TICK)
                await self._wait_for_work()

    async def requeue_expired(self) -> None:
        """Queue again what was leased and never settled."""
        async with self._database.transaction() as conn:
            requeued = await store.requeue_expired(conn, sorted(self._in_flight), LEASE, self._clock.now())
        if requeued:
            log.warning("%d notifications were leased and never settled: they are sent again", requeued)
            self._wake.set()

    async def lease_due(self) -> list[LeasedNotification]:
        """Lease as much of what is due as there are free hands, each message with an accept link where it asks."""
        free = _AT_ONCE - len(self._in_flight)
        self._left_some = free == 0
        if free == 0:
            return []
        async with self._database.transaction() as conn:
            now = self._clock.now()
            leased = await store.lease_due_notifications(conn, self._name, now + LEASE, now, free, LONGEST_WAIT)
            for unusable in leased.unusable:
                await self._park(conn, unusable.row, unusable.defect)
            outgoing = [await self._with_link(conn, one) for one in leased.usable]
        self._left_some = len(outgoing) + len(leased.unusable) == free
        self._in_flight.update(one.id for one in outgoing)
        return outgoing

    async def send(self, outgoing: LeasedNotification) -> None:
        """Send one leased message and write down what became of it. Raises psycopg.OperationalError."""
        try:
            result = await self._hand_over(outgoing)
            async with self._database.transaction() as conn:
                await self._record(conn, outgoing, result)
        finally:
            self._in_flight.discard(outgoing.id)

    async def _send_one(self, outgoing: LeasedNotification) -> None:
        try:
            sent = await run_in_bulkhead(
                f"notification {outgoing.id}", lambda: self.send(outgoing), expected=WORLD_IS_DOWN
            )
            if isinstance(sent, Defect):
                async with self._database.transaction() as conn:
                    await self._park(conn, PolledRow("notification", outgoing.id, outgoing.centre_id), sent)
        except (psycopg.OperationalError, TimeoutError) as error:
            # Its lease ends by itself: it is sent once more rather than lost.
            log.warning("what became of notification %s could not be written down: %s", outgoing.id, error)
        finally:
            if self._left_some:  # a hand is free for it; what is queued later wakes the loop itself
                self._wake.set()

    async def _park(self, conn: Conn, row: PolledRow, defect: Defect) -> None:
        """One that raises before or after it is sent waits a minute, with a notice; the others go on."""
        now = self._clock.now()
        await store.release_after_defect(conn, row.id, self._name, now)
        await parking.park_row(conn, row, defect, now)

    async def _with_link(self, conn: Conn, outgoing: LeasedNotification) -> LeasedNotification:
        if not outgoing.asks:
            return outgoing
        now = self._clock.now()
        token = secrets.token_urlsafe(24)
        await answer_store.insert_link(conn, token_hash(token), outgoing, now + LINK_HOLDS, now)
        return replace(outgoing, token=token)

    async def _hand_over(self, outgoing: LeasedNotification) -> Result:
        channel = self._channels.get(outgoing.channel)
        if channel is None:
            return SendRefused("no-channel")
        accept = AcceptUrls.of(self._public_url, outgoing.token) if outgoing.token else None
        what = f"the channel {outgoing.channel} with notification {outgoing.id}"
        sent = await run_in_bulkhead(
            what, lambda: channel.send(outgoing, accept, self._clock.now()), expected=WORLD_IS_DOWN
        )
        return SendRetry("defect") if isinstance(sent, Defect) else sent

    async def _record(self, conn: Conn, outgoing: LeasedNotification, result: Result) -> None:
        now = self._clock.now()
        match result:
            case SendAccepted(provider_id):
                if await store.set_taken(conn, outgoing.id, self._name, provider_id, now):
                    await notices.clear_notice(
                        conn, outgoing.centre_id, NoticeCode.UNTOLD, _notice_subject(outgoing), now
                    )
            case SendRetry(reason):
                again = next_try(outgoing.tries, now)
                if again is None:
                    await self._give_up(conn, outgoing, reason)
                else:
                    await store.set_retry(conn, outgoing.id, self._name, reason, again)
            case SendRefused(reason):
                await self._give_up(conn, outgoing, reason)
            case _:
                assert_never(result)

    async def _give_up(self, conn: Conn, outgoing: LeasedNotification, reason: str) -> None:
        """This channel is at its end: the next one at once, and when there is none, a notice that says so."""
        now = self._clock.now()
        log.warning("notification %s failed over %s: %s", outgoing.id, outgoing.channel, reason)
        await store.lock_message(conn, outgoing)
        if not await store.set_refused(conn, outgoing.id, self._name, reason, now):
            return
        if await store.queue_next_channel(conn, outgoing.id, new_id("n", now), now):
            return
        if await store.set_dead_if_last(conn, outgoing.id):
            untold = Raised(
                outgoing.centre_id,
                NoticeCode.UNTOLD,
                _notice_subject(outgoing),
                params={"channel": outgoing.channel, "reason": reason},
            )
            await notices.raise_notice(conn, untold, now)

    async def _listen(self) -> None:
        with self._changes.subscribe("notification") as heard:
            while True:
                await heard.next()
                heard.waiting()
                self._wake.set()

    async def _wait_for_work(self) -> None:
        try:
            async with asyncio.timeout(_TICK):
                await self._wake.wait()
        except TimeoutError:
            pass


def _notice_subject(outgoing: LeasedNotification) -> str:
    return f"account:{outgoing.to.account_id}"
