"""What becomes of a message on the alarm lane, in one transaction: a press, its finding, its alarm, and an answer.

Nothing a registered device says here is refused: what is undecodable is an alarm too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from devices.contract.messages import Ack, AckStatus, AlarmKind, AlarmMessage
from devices.contract.topics import Topic
from hub.ingest import quarantine, store
from hub.ingest.decode import digest_message
from hub.ingest.model import (
    AddressedAck,
    DecodedMessage,
    QuarantineReason,
    ReceivedMessage,
    SeenLane,
    Sender,
    Undecodable,
)
from hub.ingest.neighbours import Neighbours
from hub.ingest.repeats import EarlierPress, RepeatedMessage, has_own_form, is_new_call
from hub.ingest.store import Before, MessageIdentity, Press
from hub.ingest.timing import DeviceClocks, When, estimate_time
from hub.kit.clock import ReadClock
from hub.kit.db import Conn
from hub.kit.ids import AlarmId, DeviceId, PressId, new_id
from hub.mqtt.model import Inbound
from hub.notices.model import NoticeCode, Raised
from hub.notices.service import raise_notice
from hub.rules.model import PressHeard, PressKind

CANCEL_COUNTS_WITHIN: Final = timedelta(seconds=10)
"""Between the times of the press and of its cancel, not of their arrivals: either may be late, or come first."""
UNREADABLE_AGAIN_AFTER: Final = timedelta(minutes=10)
"""While their alarm is live the same undecodable bytes are a repeat for so long; then somebody has pressed again."""


@dataclass(frozen=True, slots=True)
class _PressBatch:
    """What everything in one transaction has in common."""

    conn: Conn
    neighbours: Neighbours
    clocks: DeviceClocks
    now: datetime
    clock: ReadClock


@dataclass(frozen=True, slots=True)
class _AskedSender:
    """A sender, and the moment for which was asked whose it is."""

    sender: Sender
    at: datetime


@dataclass(frozen=True, slots=True)
class _StoredPress:
    """A message after its rows are written: new, or a repeat of one that was."""

    topic: Topic
    message_id: str | None
    press_id: PressId | None
    event: PressHeard | None
    """None for a repeat."""
    cancels: str | None = None
    """The id of the press that a cancel names."""


async def store_presses(
    conn: Conn,
    arrived: Sequence[ReceivedMessage],
    neighbours: Neighbours,
    clocks: DeviceClocks,
    clock: ReadClock,
) -> list[AddressedAck]:
    """Store what arrived; the rules hear it, the alarms conclude. Returns the answers to give after the commit."""
    batch = _PressBatch(conn, neighbours, clocks, clock(), clock)
    kept = [one for message in arrived if (one := await _store_one(batch, message)) is not None]
    repeated = [one.press_id for one in kept if one.press_id is not None and one.event is None]
    alarms = await store.alarms_of(conn, repeated) if repeated else {}
    alarms |= await _conclude_presses(batch, [one for one in kept if one.event is not None])
    return [_build_ack(one, alarms) for one in kept if one.message_id is not None]


async def _conclude_presses(batch: _PressBatch, new: Sequence[_StoredPress]) -> dict[PressId, AlarmId]:
    """Let the rules hear what is new; what was cancelled within 10 s is said too, whichever message came first.

    Returns the alarm of each press that has one: of the first finding that gave it one.
    """
    if not new:
        return {}
    findings = await batch.neighbours.rules.evaluate_events(
        batch.conn, [one.event for one in new if one.event], batch.now
    )
    named = [(DeviceId(one.topic.device), one.cancels or one.message_id) for one in new]
    cancelled = await store.find_cancelled_presses(batch.conn, named, CANCEL_COUNTS_WITHIN)
    if not findings and not cancelled:
        return {}
    concluded = await batch.neighbours.conclude(batch.conn, findings, batch.now, cancelled, batch.clock)
    alarms: dict[PressId, AlarmId] = {}
    for finding, belonging in zip(findings, concluded, strict=True):
        if finding.press_id is not None and belonging.alarm_id is not None:
            alarms.setdefault(finding.press_id, belonging.alarm_id)
    return alarms


async def _store_one(batch: _PressBatch, arrived: ReceivedMessage) -> _StoredPress | None:
    """None for a message of an unknown device: it is quarantined."""
    inbound = arrived.inbound
    match arrived.decoded:
        case DecodedMessage(topic, AlarmMessage() as said):
            # Whose it was when it was pressed, which most devices say; only their clock is not known yet.
            guess = _press_time(inbound, said, timedelta()).at
            if (sender := await _find_sender(batch, topic, guess)) is not None:
                return await _store_readable(batch, inbound, topic, said, _AskedSender(sender, guess))
            to_quarantine = Undecodable(topic, QuarantineReason.UNKNOWN_DEVICE, "no device of this id is registered")
        case Undecodable(Topic() as topic) as undecodable:
            if (sender := await _find_sender(batch, topic, inbound.received_at)) is not None:
                return await _store_undecodable(batch, inbound, undecodable, sender)
            to_quarantine = undecodable
        case Undecodable() as undecodable:
            to_quarantine = undecodable
        case DecodedMessage(topic):
            to_quarantine = Undecodable(topic, QuarantineReason.WRONG_LANE, "not a message of the alarm lane")
    await quarantine.quarantine_press(batch.conn, inbound, to_quarantine, batch.neighbours.centre_id, batch.now)
    return None


async def _store_readable(
    batch: _PressBatch, inbound: Inbound, topic: Topic, said: AlarmMessage, asked: _AskedSender
) -> _StoredPress:
    device_id = DeviceId(topic.device)
    seen = MessageIdentity(device_id, SeenLane.ALARM, said.id, digest_message(said))
    before = await store.read_earlier_message(batch.conn, seen)
    if before.press_id is not None and not _is_new_call(inbound, said, before, asked.sender.clock_behind):
        return _StoredPress(topic, said.id, before.press_id, None)
    if not inbound.replayed:
        batch.clocks.note_message(device_id, inbound.received_at, said.at, said.age_ms)
    sender, behind = asked.sender, asked.sender.clock_behind
    moment = _press_time(inbound, said, batch.clocks.offset_of(device_id) if behind is None else behind)
    if moment.at != asked.at:
        whose = await _find_sender(batch, topic, moment.at)
        assert whose is not None, "it was registered a statement ago, and devices are never deleted"
        sender = whose
    press = _build_press(inbound, sender, said, moment, seen.digest, batch.now)
    if not await store.renew_seen_message(batch.conn, seen, press.id, before.press_id, batch.now):
        return await _repeat_of_another(batch, topic, said.id, seen)
    await _notice_anomalies(batch, inbound, sender, reused=before.is_reused or before.press_id is not None)
    await store.insert_press(batch.conn, press)
    return _StoredPress(topic, said.id, press.id, _build_event(press, degraded=inbound.degraded), press.of_message_id)


async def _repeat_of_another(
    batch: _PressBatch, topic: Topic, message_id: str | None, seen: MessageIdentity
) -> _StoredPress:
    """The same message was committed while this transaction ran, by whoever received it too."""
    committed = await store.read_earlier_message(batch.conn, seen)
    return _StoredPress(topic, message_id, committed.press_id, None)


def _is_new_call(inbound: Inbound, said: AlarmMessage, before: Before, behind: timedelta | None) -> bool:
    """Whether a message that was seen calls anew: see `hub.ingest.repeats`."""
    moment = _press_time(inbound, said, behind or timedelta())
    arrival = RepeatedMessage(
        message_id=said.id,
        received_at=inbound.received_at,
        is_redelivery=inbound.dup or inbound.replayed,
        age_ms=said.age_ms,
        pressed_at=None if moment.uncertain else moment.at,
    )
    return is_new_call(arrival, _earlier_press(before))


def _earlier_press(before: Before) -> EarlierPress:
    assert before.received_at is not None, "asked only of a press that is there"
    return EarlierPress(before.received_at, before.has_alarm, before.alarm_ended_at)


def _press_time(inbound: Inbound, said: AlarmMessage, learned: timedelta) -> When:
    """When it was pressed. What a broker had kept was that old before it was sent to us: its age says nothing."""
    age_ms = None if inbound.replayed else said.age_ms
    return estimate_time(inbound.received_at, said.at, age_ms, learned)


async def _store_undecodable(
    batch: _PressBatch, inbound: Inbound, undecodable: Undecodable, sender: Sender
) -> _StoredPress:
    assert undecodable.topic is not None
    seen = MessageIdentity(sender.device_id, SeenLane.UNREADABLE, "", _digest_undecodable(inbound, undecodable))
    before = await store.read_earlier_message(batch.conn, seen)
    if before.press_id is not None and not _counts_again(inbound, undecodable, before):
        return _StoredPress(undecodable.topic, undecodable.message_id, before.press_id, None)
    press = _build_undecodable_press(inbound, undecodable, sender, seen.digest, batch.now)
    if not await store.renew_seen_message(batch.conn, seen, press.id, before.press_id, batch.now):
        return await _repeat_of_another(batch, undecodable.topic, undecodable.message_id, seen)
    await store.insert_press(batch.conn, press)
    await quarantine.quarantine_press(batch.conn, inbound, undecodable, batch.neighbours.centre_id, batch.now)
    return _StoredPress(
        undecodable.topic, undecodable.message_id, press.id, _build_event(press, degraded=inbound.degraded)
    )


def _digest_undecodable(inbound: Inbound, undecodable: Undecodable) -> bytes:
    """What makes two undecodable messages the same: an id of our form where there is one, else all of their bytes."""
    if undecodable.message_id is not None and has_own_form(undecodable.message_id):
        return sha256(b"id " + undecodable.message_id.encode()).digest()
    return sha256(inbound.payload).digest()


def _counts_again(inbound: Inbound, undecodable: Undecodable, before: Before) -> bool:
    """Whether undecodable bytes that were seen count: as a new call, or once more for an alarm that is live."""
    earlier = _earlier_press(before)
    is_redelivery = inbound.dup or inbound.replayed
    arrival = RepeatedMessage(undecodable.message_id, inbound.received_at, is_redelivery)
    if is_redelivery or has_own_form(undecodable.message_id) or earlier.alarm_ended_at is not None:
        return is_new_call(arrival, earlier)
    waited = inbound.received_at - earlier.received_at
    return not timedelta() <= waited < UNREADABLE_AGAIN_AFTER  # negative: the clock has been set back since


def _build_undecodable_press(
    inbound: Inbound, undecodable: Undecodable, sender: Sender, of_bytes: bytes, now: datetime
) -> Press:
    return Press(
        id=PressId(new_id("p", now)),
        centre_id=sender.centre_id,
        device_id=sender.device_id,
        message_id=undecodable.message_id,
        seq=None,
        kind=PressKind.PRESS,
        of_message_id=None,
        pressed_at=inbound.received_at,
        received_at=inbound.received_at,
        late=False,
        time_uncertain=True,
        old=inbound.replayed,
        senior_id=sender.senior_id,
        room_id=sender.room_id,
        digest=of_bytes,
        unreadable_reason=undecodable.reason,
    )


async def _find_sender(batch: _PressBatch, topic: Topic, at: datetime) -> Sender | None:
    return (await store.find_senders(batch.conn, [topic.device], at)).get(topic.device)


def _build_press(
    inbound: Inbound, sender: Sender, said: AlarmMessage, moment: When, of_content: bytes, now: datetime
) -> Press:
    return Press(
        id=PressId(new_id("p", now)),
        centre_id=sender.centre_id,
        device_id=sender.device_id,
        message_id=said.id,
        seq=said.seq,
        kind=said.kind,
        of_message_id=said.of if said.kind is AlarmKind.CANCEL else None,
        pressed_at=moment.at,
        received_at=inbound.received_at,
        late=moment.late,
        time_uncertain=moment.uncertain,
        old=inbound.replayed,
        senior_id=sender.senior_id,
        room_id=sender.room_id,
        digest=of_content,
        unreadable_reason=None,
    )


def _build_event(press: Press, *, degraded: bool) -> PressHeard:
    return PressHeard(
        press_id=press.id,
        centre_id=press.centre_id,
        device_id=press.device_id,
        kind=PressKind(press.kind),
        senior_id=press.senior_id,
        room_id=press.room_id,
        pressed_at=press.pressed_at,
        received_at=press.received_at,
        late=press.late,
        time_uncertain=press.time_uncertain,
        unreadable=press.unreadable_reason is not None,
        old=press.old,
        degraded=degraded,
    )


async def _notice_anomalies(batch: _PressBatch, inbound: Inbound, sender: Sender, *, reused: bool) -> None:
    subject = f"device:{sender.device_id}"
    if reused:
        await raise_notice(batch.conn, Raised(sender.centre_id, NoticeCode.MESSAGE_ID_REUSED, subject), batch.now)
    if inbound.live_retain:
        await raise_notice(batch.conn, Raised(sender.centre_id, NoticeCode.PRESS_RETAINED, subject), batch.now)


def _build_ack(kept: _StoredPress, alarms: dict[PressId, AlarmId]) -> AddressedAck:
    assert kept.message_id is not None
    alarm_id = alarms.get(kept.press_id) if kept.press_id is not None else None
    if kept.event is not None:
        return AddressedAck(kept.topic, Ack(id=kept.message_id, status=AckStatus.COMMITTED, alarm=alarm_id))
    repeat = Ack(id=kept.message_id, status=AckStatus.DUPLICATE, of=AckStatus.COMMITTED, alarm=alarm_id)
    return AddressedAck(kept.topic, repeat)
