"""What becomes of presses while the database cannot commit? They are spooled, answered, rung, and committed later.

They are committed in the order of receipt, and before anything that comes meanwhile: that is spooled behind them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import psycopg

from devices.contract.messages import Ack, AckStatus, AlarmMessage
from hub.alarms.unrecorded import UnrecordedCalls
from hub.ingest.attempts import RETRY_SECONDS, receive_message
from hub.ingest.batch_size import BatchSize
from hub.ingest.lane import Waiting, device_of
from hub.ingest.model import AddressedAck, DecodedMessage, ReceivedMessage
from hub.ingest.spool import Spool, SpoolFull
from hub.kit.bulkhead import Defect
from hub.kit.ids import CentreId, DeviceId, PressId
from hub.mqtt.model import Inbound
from hub.rules.model import PressHeard, PressKind

log = logging.getLogger(__name__)

DRAIN_BATCH: Final = 100
DRAIN_BATCH_SECONDS: Final = 1.0
"""Nobody waits for one: what comes meanwhile is spooled and answered."""

CommitOutcome: TypeAlias = list[AddressedAck] | Defect | psycopg.OperationalError | TimeoutError
"""What one attempt to commit gave: the answers, a defect of ours, or that the database is down."""


@dataclass(frozen=True, slots=True)
class WithoutDatabase:
    """What the alarm lane has when the database cannot commit: a file to keep presses in, and what rings them."""

    spool: Spool
    calls: UnrecordedCalls
    centre_id: CentreId


@dataclass(frozen=True, slots=True)
class CommitWork:
    """How the alarm lane commits: an attempt, what one message comes to that raised, what follows a commit."""

    attempt: Callable[[Sequence[Waiting]], Awaitable[CommitOutcome]]
    attempt_refused: Callable[[Waiting, Defect], Awaitable[CommitOutcome]]
    settle: Callable[[Sequence[Waiting], Sequence[AddressedAck]], Awaitable[None]]
    give_up: Callable[[Waiting, Defect], Awaitable[None]]


class SpooledPresses:
    """Presses that are in the spool and not committed yet."""

    def __init__(self, without: WithoutDatabase, work: CommitWork) -> None:
        self._without = without
        self._work = work
        self._waiting: deque[Waiting] = deque()
        self._changing = asyncio.Lock()
        self._is_draining = False
        self._size = BatchSize(DRAIN_BATCH, DRAIN_BATCH_SECONDS)
        self._alone = 0  # so many of the next are tried one by one: a batch with them raised

    @property
    def is_draining(self) -> bool:
        """Whether there are any: what comes now waits behind them."""
        return self._is_draining

    def restore(self) -> list[Waiting]:
        """What an earlier run had spooled; `drain` commits it."""
        self._waiting.extend(_build_spooled(inbound) for inbound in self._without.spool.waiting)
        self._is_draining = bool(self._waiting)
        return list(self._waiting)

    async def add(self, batch: Sequence[Waiting]) -> list[AddressedAck] | None:
        """Spool a batch; gives the answers to its senders. None when it cannot be spooled: nobody is answered."""
        async with self._changing:
            try:
                await self._without.spool.append([(one.device, one.message.inbound) for one in batch])
            except (SpoolFull, OSError) as error:
                log.error("%d messages of the alarm lane cannot be spooled: %s", len(batch), error)
                return None
            for waiting in batch:
                waiting.is_spooled = True
                waiting.message = replace(waiting.message, inbound=replace(waiting.message.inbound, degraded=True))
            self._waiting.extend(batch)
        log.warning("%d messages of the alarm lane are spooled: the database does not commit", len(batch))
        for waiting in batch:
            self._without.calls.note_spooled(str(waiting.number), _build_call(waiting, self._without.centre_id))
        return [ack for waiting in batch if (ack := build_spooled_ack(waiting.message)) is not None]

    def begin_draining(self) -> bool:
        """Whether whoever asks has to call `drain`: nobody else does."""
        is_first, self._is_draining = not self._is_draining, True
        return is_first

    async def drain(self, lingering: tuple[Sequence[Waiting], asyncio.Task[CommitOutcome]] | None = None) -> None:
        """Commit all of them, and begin the spool anew.

        `lingering`: an attempt with the first of them that is still under way, and may yet commit them.
        """
        if lingering is not None:
            batch, attempt = lingering
            await self._take_outcome(batch, await attempt)
        while await self._drain_batch():
            pass

    async def _drain_batch(self) -> bool:
        """Commit the first of them; False when there are none, and the file begins anew."""
        if not self._waiting:
            return not await self._finish()
        most = 1 if self._alone else self._size.size
        batch = [self._waiting[n] for n in range(min(most, len(self._waiting)))]
        began = asyncio.get_running_loop().time()
        outcome = await self._work.attempt(batch)
        if isinstance(outcome, list):
            self._size.note_commit(len(batch), asyncio.get_running_loop().time() - began)
        await self._take_outcome(batch, outcome)
        return True

    async def _take_outcome(self, batch: Sequence[Waiting], outcome: CommitOutcome) -> None:
        match outcome:
            case list():
                await self._settle(batch, outcome)
            case Defect() if len(batch) == 1:
                await self._take_refused(batch[0], outcome)
            case Defect():
                self._alone = len(batch)
            case _:
                if isinstance(outcome, TimeoutError):
                    self._size.note_failure(len(batch))
                await asyncio.sleep(RETRY_SECONDS)

    async def _take_refused(self, waiting: Waiting, defect: Defect) -> None:
        outcome = await self._work.attempt_refused(waiting, defect)
        if isinstance(outcome, list):
            await self._settle([waiting], outcome)
        elif isinstance(outcome, Defect):
            await self._work.give_up(waiting, outcome)
            self._remove_first([waiting])
        else:
            await asyncio.sleep(RETRY_SECONDS)

    async def _settle(self, batch: Sequence[Waiting], answers: Sequence[AddressedAck]) -> None:
        self._remove_first(batch)
        await self._work.settle(batch, answers)

    def _remove_first(self, batch: Sequence[Waiting]) -> None:
        for waiting in batch:
            assert self._waiting[0] is waiting, "they are committed in the order of receipt"
            self._waiting.popleft()
            self._without.calls.note_recorded(str(waiting.number))
        self._alone = max(0, self._alone - len(batch))

    async def _finish(self) -> bool:
        """Begin the file anew, unless more was spooled meanwhile; whether it did."""
        async with self._changing:
            if self._waiting:
                return False
            try:
                await self._without.spool.clear()
            except OSError as error:  # what stands in it is committed again at the next start, and counts once
                log.error("the spool cannot be cleared: %s", error)
            self._is_draining = False
            log.info("all that was spooled is committed")
            return True


def build_spooled_ack(message: ReceivedMessage) -> AddressedAck | None:
    """What the device of a spooled message is told; None without a topic or an id."""
    decoded = message.decoded
    message_id = decoded.message_id if not isinstance(decoded, DecodedMessage) else _id_of(decoded)
    if decoded.topic is None or message_id is None:
        return None
    return AddressedAck(decoded.topic, Ack(id=message_id, status=AckStatus.SPOOLED))


def _id_of(decoded: DecodedMessage) -> str | None:
    return decoded.said.id if isinstance(decoded.said, AlarmMessage) else None


def _build_spooled(inbound: Inbound) -> Waiting:
    message = receive_message(inbound)
    waiting = Waiting(message, device_of(message), is_spooled=True)
    waiting.settle()
    return waiting


def _build_call(waiting: Waiting, centre_id: CentreId) -> PressHeard:
    """The press as the safety rules hear it, before it has a row."""
    inbound, decoded = waiting.message.inbound, waiting.message.decoded
    said = decoded.said if isinstance(decoded, DecodedMessage) else None
    return PressHeard(
        press_id=PressId(""),
        centre_id=centre_id,
        device_id=DeviceId(waiting.device),
        kind=PressKind(said.kind) if isinstance(said, AlarmMessage) else PressKind.PRESS,
        senior_id=None,
        room_id=None,
        pressed_at=inbound.received_at,
        received_at=inbound.received_at,
        unreadable=not isinstance(said, AlarmMessage),
        old=inbound.replayed,
        degraded=True,
    )
