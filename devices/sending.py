"""Who repeats what the outbox keeps, until the hub has it?"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from devices.contract.messages import Ack, AckStatus, AlarmMessage, Unreadable, VisitMessage, parse_message
from devices.contract.times import DeviceClock
from devices.contract.topics import Kind
from devices.link import DeviceLink
from devices.outbox import CannotKeep, Outbox, StoredMessage
from devices.retries import wait_after

log = logging.getLogger(__name__)

_IDLE: Final = 60.0  # seconds to sleep when nothing waits; whatever is to be sent wakes the loop
_AT_ONCE: Final = 10
"""Messages sent in one go, oldest first: after a long cut the next presses follow as the first are answered."""


@dataclass(slots=True)
class _Waiting:
    """One kept message and how far its repetition is."""

    kept: StoredMessage
    tries: int = 0
    spooled: bool = False
    due: float = 0.0


@dataclass(frozen=True, slots=True)
class Condition:
    """What a trigger says about itself with each publication."""

    battery: float | None = None
    signal: float | None = None


class Sending:
    """The outbox of one device and its repetition. `on_answer` hears which message the hub has answered, and how."""

    def __init__(
        self,
        outbox: Outbox,
        clock: DeviceClock,
        *,
        condition: Callable[[], Condition] = Condition,
        on_answer: Callable[[StoredMessage, Ack], None] = lambda _kept, _ack: None,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._condition = condition
        self._on_answer = on_answer
        self._waiting = {kept.id: _Waiting(kept) for kept in _load_stored_messages(outbox)}
        self._answered: list[StoredMessage] = []
        self._unkept = 0
        self._wake = asyncio.Event()

    @property
    def unsent(self) -> tuple[StoredMessage, ...]:
        """What the hub has not committed yet, oldest first."""
        return tuple(waiting.kept for waiting in self._waiting.values())

    async def store_message(self, kind: Kind, draft: AlarmMessage | VisitMessage) -> StoredMessage:
        """Write a message down and have it sent; it is durable when this returns.

        Storage that takes nothing does not keep a call for help from being sent: it is repeated from memory then.
        """
        made_at = self._clock.monotonic()
        try:
            kept = await asyncio.to_thread(self._outbox.store_message, kind, draft, made_at)
        except CannotKeep as error:
            log.error("the outbox took nothing (%s): sending from memory", error)
            kept = self._in_memory(kind, draft, made_at)
        self._waiting[kept.id] = _Waiting(kept)
        self._wake.set()
        return kept

    def hear_ack(self, payload: bytes) -> None:
        """One `ack` of the hub: a committed message is deleted, a spooled one is repeated more slowly."""
        try:
            ack = parse_message(Kind.ACK, payload)
        except Unreadable as error:
            log.warning("an ack could not be read: %s", error)
            return
        waiting = self._waiting.get(ack.id)
        if waiting is None:
            return
        if ack.is_committed or (ack.status is AckStatus.REJECTED and waiting.kept.kind is not Kind.ALARM):
            del self._waiting[ack.id]
            self._answered.append(waiting.kept)
        elif AckStatus.SPOOLED in (ack.status, ack.of):
            waiting.spooled = True
            waiting.due = self._clock.monotonic() + wait_after(waiting.tries, spooled=True)
        self._wake.set()
        self._on_answer(waiting.kept, ack)

    def make_all_due(self) -> None:
        """The line is back: everything is due now."""
        for waiting in self._waiting.values():
            waiting.due, waiting.tries = 0.0, 0
        self._wake.set()

    async def run(self, link: DeviceLink) -> None:
        """Send and repeat until cancelled."""
        while True:
            self._wake.clear()
            await self._forget_answered()
            pause = self._send_due(link)
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _in_memory(self, kind: Kind, draft: AlarmMessage | VisitMessage, made_at: float) -> StoredMessage:
        """A device without storage sends no `seq`; its id must still be its own."""
        self._unkept += 1
        message = draft.model_copy(update={"id": f"{self._outbox.boot}-m{self._unkept}"})
        return StoredMessage(message.id, kind, 0, made_at, message)

    def _send_due(self, link: DeviceLink) -> float:
        """Publish what is due; gives the seconds until something is again. Without a line nothing is due."""
        if not link.connected or not self._waiting:
            return _IDLE
        now = self._clock.monotonic()
        due = [waiting for waiting in self._waiting.values() if waiting.due <= now]
        for waiting in due[:_AT_ONCE]:
            self._publish(link, waiting, now)
        return max(0.05, min(waiting.due for waiting in self._waiting.values()) - now)

    def _publish(self, link: DeviceLink, waiting: _Waiting, now: float) -> None:
        condition = self._condition()
        payload = waiting.kept.bytes_at(now, battery=condition.battery, signal=condition.signal)
        if link.send(waiting.kept.kind, payload):
            waiting.tries += 1
            waiting.due = now + wait_after(waiting.tries, spooled=waiting.spooled)

    async def _forget_answered(self) -> None:
        """Take what is answered out of storage. What stays there by a defect is a duplicate after the next boot."""
        answered, self._answered = self._answered, []
        for kept in answered:
            try:
                await asyncio.to_thread(self._outbox.delete_message, kept)
            except CannotKeep as error:
                log.error("%s stays in the outbox: %s", kept.id, error)


def _load_stored_messages(outbox: Outbox) -> list[StoredMessage]:
    """What storage holds from before; a device whose storage cannot be read still sends what is pressed now."""
    try:
        return outbox.list_unanswered()
    except CannotKeep as error:
        log.error("the outbox cannot be read (%s): what it holds is not sent before the next start", error)
        return []
