"""Sends what the outbox holds, until a provider has taken it or no channel is left."""

import asyncio
import logging
import math
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, assert_never

import psycopg

from hub.kit.bulkhead import Defect, run_in_bulkhead
from hub.kit.changes import Changes
from hub.kit.clock import Clock
from hub.kit.db import WORLD_IS_DOWN, Conn, Database
from hub.kit.ids import AccountId, CentreId, new_id
from hub.notices import parking
from hub.notices import service as notices
from hub.notices.model import NoticeCode, Raised
from hub.notices.parking import PolledRow
from hub.notifications import answer_store, due_store, store
from hub.notifications.channels import AcceptUrls, Channel, Result, SendAccepted, SendRefused, SendRetry
from hub.notifications.model import LeasedNotification
from hub.notifications.retries import LONGEST_WAIT, next_try
from hub.notifications.service import token_hash
from hub.notifications.slots import CLOSED, Circuit, Destination, DueNotification, choose_next

log = logging.getLogger(__name__)

_TICK: Final = 0.5  # seconds; a commit wakes the loop at once, the tick is for retries and expired leases
_OF_EACH: Final = 32
"""Of one channel and address so many due rows are looked at in one transaction."""
CIRCUIT_OPEN: Final = "circuit-open"
LEASE: Final = timedelta(seconds=10)
"""Twice what a channel may take. The lease of a process that died in between expires after this."""
LINK_HOLDS: Final = timedelta(hours=24)
"""How long an accept link works (DECISIONS 21)."""


@dataclass(frozen=True, slots=True)
class SendingRound:
    """What goes out now, the most urgent and oldest first, and what goes over another channel instead."""

    leased: tuple[LeasedNotification, ...]
    refused: tuple[DueNotification, ...]


class NotificationDeliverer:
    """The one loop that sends to people's providers. What hangs at one of them holds up no message to another."""

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
        self._in_flight: dict[str, Destination] = {}
        self._being_refused: set[str] = set()
        self._circuits: dict[Destination, Circuit] = {}
        self._some_wait = False
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Send until cancelled; while the database is down, retry every tick."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            looked_at = -math.inf
            while True:
                self._wake.clear()
                try:
                    due = await self.lease_due()
                    for outgoing in due.leased:
                        group.create_task(self._send_one(outgoing))
                    if due.refused:
                        group.create_task(self._refuse_apart(due.refused))
                    if time.monotonic() - looked_at >= _TICK:  # after what is new: a phone waits for that
                        await self.requeue_expired()
                        looked_at = time.monotonic()
                except psycopg.OperationalError as error:
                    log.warning("the outbox cannot be read (%s): trying again in %s s", error, _TICK)
                await self._wait_for_work()

    async def requeue_expired(self) -> None:
        """Queue again what was leased and never settled."""
        async with self._database.transaction() as conn:
            requeued = await due_store.requeue_expired(conn, sorted(self._in_flight), LEASE, self._clock.now())
        if requeued:
            log.warning("%d notifications were leased and never settled: they are sent again", requeued)
            self._wake.set()

    async def lease_due(self) -> SendingRound:
        """Lease what `slots` chooses of what is due, each message with an accept link where it asks.

        What it refuses is for `refuse_unsent`, and is not looked at again before that has been called.
        """
        async with self._database.transaction() as conn:
            now = self._clock.now()
            rows = await due_store.list_due_notifications(
                conn, now, LONGEST_WAIT, _OF_EACH, [*self._in_flight, *self._being_refused]
            )
            choice = choose_next(rows, Counter(self._in_flight.values()), self._circuits, self._clock.monotonic())
            outgoing = await self._lease(conn, [one.id for one in choice.send], now)
            if choice.drop:
                await due_store.drop_superseded(conn, [one.id for one in choice.drop], now)
        chosen = {one.id: one.destination for one in choice.send}
        self._in_flight.update((one.id, chosen[one.id]) for one in outgoing)
        self._being_refused.update(one.id for one in choice.refuse)
        self._some_wait = len(rows) > len(outgoing)
        return SendingRound(outgoing, choice.refuse)

    async def _lease(self, conn: Conn, ids: Sequence[str], now: datetime) -> tuple[LeasedNotification, ...]:
        if not ids:
            return ()
        leased = await due_store.lease_notifications(conn, self._name, now + LEASE, ids)
        for unusable in leased.unusable:
            await self._park(conn, unusable.row, unusable.defect)
        return tuple([await self._with_link(conn, one) for one in leased.usable])

    async def send(self, outgoing: LeasedNotification) -> None:
        """Send one leased message and write down what became of it. Raises psycopg.OperationalError."""
        try:
            result = await self._hand_over(outgoing)
            self._note_outcome(Destination(outgoing.channel, outgoing.to.address), result)
            async with self._database.transaction() as conn:
                await self._record(conn, outgoing, result)
        finally:
            self._in_flight.pop(outgoing.id, None)

    async def refuse_unsent(self, due: DueNotification) -> None:
        """Its address has hung: the person's next channel has the message. Raises psycopg.OperationalError."""
        now = self._clock.now()
        try:
            async with self._database.transaction() as conn:
                await store.lock_message(conn, due.alarm_id, due.n, due.account_id)
                if await due_store.refuse_unsent(conn, due.id, CIRCUIT_OPEN, now):
                    await _take_next_channel(conn, _Refused.of_unsent(due), CIRCUIT_OPEN, now)
        finally:
            self._being_refused.discard(due.id)

    async def _refuse_apart(self, rows: Iterable[DueNotification]) -> None:
        """Each in a transaction of its own, one after the other: none of them waits for a provider."""
        for due in rows:
            try:
                await run_in_bulkhead(
                    f"notification {due.id}", partial(self.refuse_unsent, due), expected=WORLD_IS_DOWN
                )
            except (psycopg.OperationalError, TimeoutError) as error:
                log.warning("notification %s could not be refused: %s", due.id, error)
        self._wake.set()

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
            if self._some_wait:  # a slot is free for it; what is queued later wakes the loop itself
                self._wake.set()

    def _note_outcome(self, destination: Destination, result: Result) -> None:
        """What the circuit of a destination learns of one message. Forgotten at a restart: it is found out again."""
        now, circuit = self._clock.monotonic(), self._circuits.get(destination, CLOSED)
        hung = isinstance(result, SendRetry) and result.hung
        pause = result.pause_seconds if isinstance(result, SendRetry) else None
        learned = circuit.after_hang(now) if hung else circuit.after_answer(now, pause)
        if learned.is_open and not circuit.is_open:
            log.warning(
                "a %s address has hung %d times: it is tried with one message at a time",
                destination.channel,
                learned.hangs,
            )
        if learned == CLOSED:
            self._circuits.pop(destination, None)
        else:
            self._circuits[destination] = learned

    async def _park(self, conn: Conn, row: PolledRow, defect: Defect) -> None:
        """One that raises before or after it is sent is retried, and at the third time parked, with a notice.

        Then the same message goes over the next channel at once. The others go on.
        """
        now = self._clock.now()
        await store.release_after_defect(conn, row.id, self._name, now)
        if await parking.park_row(conn, row, defect, now):
            await store.queue_next_channel(conn, row.id, new_id("n", now), now)

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
                        conn, outgoing.centre_id, NoticeCode.UNTOLD, _notice_subject(outgoing.to.account_id), now
                    )
            case SendRetry(reason):
                again = next_try(outgoing.tries, now)
                circuit = self._circuits.get(Destination(outgoing.channel, outgoing.to.address), CLOSED)
                if again is None or circuit.is_open:
                    await self._give_up(conn, outgoing, reason)
                else:
                    await self._retry(conn, outgoing, reason, again)
            case SendRefused(reason):
                await self._give_up(conn, outgoing, reason)
            case _:
                assert_never(result)

    async def _retry(self, conn: Conn, outgoing: LeasedNotification, reason: str, again: datetime) -> None:
        """Retry then. Where the provider has asked for a pause, the person's next channel has it at once, too."""
        resting = self._circuits.get(Destination(outgoing.channel, outgoing.to.address), CLOSED)
        is_resting = resting.is_resting(self._clock.monotonic())
        if is_resting:
            await store.lock_message(conn, outgoing.alarm_id, outgoing.n, outgoing.to.account_id)
        if await store.set_retry(conn, outgoing.id, self._name, reason, again) and is_resting:
            now = self._clock.now()
            await store.queue_next_channel(conn, outgoing.id, new_id("n", now), now)

    async def _give_up(self, conn: Conn, outgoing: LeasedNotification, reason: str) -> None:
        """This channel is at its end: the next one at once, and when there is none, a notice that says so."""
        now = self._clock.now()
        log.warning("notification %s failed over %s: %s", outgoing.id, outgoing.channel, reason)
        await store.lock_message(conn, outgoing.alarm_id, outgoing.n, outgoing.to.account_id)
        if await store.set_refused(conn, outgoing.id, self._name, reason, now):
            await _take_next_channel(conn, _Refused.of_sent(outgoing), reason, now)

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


@dataclass(frozen=True, slots=True)
class _Refused:
    """A notification whose channel is at its end."""

    id: str
    centre_id: CentreId
    account_id: AccountId
    channel: str

    @classmethod
    def of_sent(cls, outgoing: LeasedNotification) -> "_Refused":
        return cls(outgoing.id, outgoing.centre_id, outgoing.to.account_id, outgoing.channel)

    @classmethod
    def of_unsent(cls, due: DueNotification) -> "_Refused":
        return cls(due.id, due.centre_id, due.account_id, due.destination.channel)


async def _take_next_channel(conn: Conn, refused: _Refused, reason: str, now: datetime) -> None:
    """Queue the message over the person's next channel; when none is left or may still reach her, notice it."""
    if await store.queue_next_channel(conn, refused.id, new_id("n", now), now):
        return
    if await store.set_dead_if_last(conn, refused.id):
        untold = Raised(
            refused.centre_id,
            NoticeCode.UNTOLD,
            _notice_subject(refused.account_id),
            params={"channel": refused.channel, "reason": reason},
        )
        await notices.raise_notice(conn, untold, now)


def _notice_subject(account_id: AccountId) -> str:
    return f"account:{account_id}"
