"""How is a batch of messages committed, and how are its senders answered? The same for every lane."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final, TypeVar

import psycopg

from devices.contract.messages import serialize_message
from devices.contract.topics import Kind, build_topic, parse_topic
from hub.ingest.decode import decode_message
from hub.ingest.model import AddressedAck, Decoded, QuarantineReason, ReceivedMessage, SendToDevice, Undecodable
from hub.kit.bulkhead import Defect, call_in_bulkhead
from hub.kit.db import Conn, Database
from hub.mqtt.model import Inbound, Unreachable

log = logging.getLogger(__name__)

ATTEMPT_SECONDS: Final = 5.0
"""More than a lock is waited for (`kit.db.LOCK_WITHIN`): what blocks an attempt is named before the attempt ends."""
RETRY_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 5.0

ANSWERS_A_PART: Final = 50
"""So many senders are answered before everybody else has a turn."""

T = TypeVar("T")


async def commit_batch(database: Database, messages: int, work: Callable[[Conn], Awaitable[T]]) -> T:
    """Do `work` in a transaction within 5 s; once more after a deadlock, for then the others have gone on.

    Raises psycopg.Error and TimeoutError.
    """
    try:
        return await _attempt_commit(database, work)
    except psycopg.errors.DeadlockDetected as error:
        log.warning("a deadlock ended a batch of %d messages, which is retried: %s", messages, error)
        return await _attempt_commit(database, work)


async def _attempt_commit(database: Database, work: Callable[[Conn], Awaitable[T]]) -> T:
    async with asyncio.timeout(ATTEMPT_SECONDS), database.transaction() as conn:
        return await work(conn)


def in_parts(answered: Sequence[T]) -> Iterator[Sequence[T]]:
    """What is answered at once, part by part."""
    for first in range(0, len(answered), ANSWERS_A_PART):
        yield answered[first : first + ANSWERS_A_PART]


async def send_acks(answers: Sequence[AddressedAck], send: SendToDevice) -> None:
    """Send acks. One that is lost does no harm: the device repeats its message and is answered again."""
    for answer in answers:
        where = build_topic(answer.topic.centre, Kind.ACK, answer.topic.device)
        with suppress(Unreachable, TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await send(where, serialize_message(answer.ack))


def receive_message(inbound: Inbound) -> ReceivedMessage:
    """A message, as far as it can be read."""
    return ReceivedMessage(inbound, _decode_in_bulkhead(inbound))


def _decode_in_bulkhead(inbound: Inbound) -> Decoded:
    """Read a message; a defect of ours in decoding makes it undecodable, never a crash loop."""
    decoded = call_in_bulkhead("reading a message", lambda: decode_message(inbound.topic, inbound.payload))
    return (
        Undecodable(parse_topic(inbound.topic), QuarantineReason.DEFECT, decoded.error)
        if isinstance(decoded, Defect)
        else decoded
    )
