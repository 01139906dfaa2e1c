"""What becomes of readings and visits? They are kept, the rules hear them, and what follows is handed over.

What is undecodable is quarantined in a transaction of its own: the rows it wants are the alarm path's as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from devices.contract.messages import Ack, AckStatus, TeleMessage, VisitMessage
from hub.attendance import service as attendance
from hub.attendance.model import AttendanceAction, CardRead
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
from hub.ingest.store import MessageIdentity
from hub.ingest.timing import DeviceClocks, estimate_time, reading_time
from hub.kit.db import Conn
from hub.kit.ids import CentreId, RoomId
from hub.mqtt.model import Inbound
from hub.rules.findings import dispatch_findings
from hub.rules.model import Event, ReadingHeard, VisitHeard, VisitKind
from hub.rules.service import Rules
from hub.telemetry.service import Telemetry

QUARANTINED_PER_BATCH: Final = 20
"""Of one topic. A device that talks nonsense without end must not cost the others their second."""


@dataclass(frozen=True, slots=True)
class ReportNeighbours:
    """The services that telemetry's intake calls in the transaction of a batch."""

    rules: Rules
    telemetry: Telemetry
    centre_id: CentreId
    """The centre that is told of messages whose sender nobody knows."""


@dataclass(frozen=True, slots=True)
class ToQuarantine:
    """A message to quarantine, and why."""

    inbound: Inbound
    reason: Undecodable


@dataclass(slots=True)
class KeptReports:
    """What is to be done after the commit: acks to send, and messages to quarantine."""

    answers: list[AddressedAck] = field(default_factory=list)
    to_quarantine: list[ToQuarantine] = field(default_factory=list)


@dataclass(slots=True)
class _ReportBatch:
    """What one transaction gathers."""

    conn: Conn
    clocks: DeviceClocks
    now: datetime
    senders: dict[str, Sender]
    events: list[Event] = field(default_factory=list)
    readings: list[ReadingHeard] = field(default_factory=list)
    kept: KeptReports = field(default_factory=KeptReports)
    undecodable: Counter[str] = field(default_factory=Counter)


async def store_reports(
    conn: Conn, arrived: Sequence[ReceivedMessage], neighbours: ReportNeighbours, clocks: DeviceClocks, now: datetime
) -> KeptReports:
    """Store a batch; the rules hear it, and what they find is handed over."""
    spoke = {m.decoded.topic.device for m in arrived if m.decoded.topic is not None}
    batch = _ReportBatch(conn, clocks, now, await store.find_senders(conn, sorted(spoke), now))
    for message in arrived:
        await _store_one(batch, message)
    if batch.readings:
        await neighbours.telemetry.store_readings(conn, batch.readings)
    if batch.events and (findings := await neighbours.rules.evaluate_events(conn, batch.events, now)):
        await dispatch_findings(conn, findings, now)
    return batch.kept


async def quarantine_messages(conn: Conn, to_quarantine: Sequence[ToQuarantine], home: CentreId, now: datetime) -> None:
    """Put messages into quarantine; `home` is the centre that is notified when their sender is unknown."""
    for one in to_quarantine:
        await quarantine.quarantine_message(conn, one.inbound, one.reason, home, now)


async def _store_one(batch: _ReportBatch, arrived: ReceivedMessage) -> None:
    match arrived.decoded:
        case Undecodable() as undecodable:
            _collect_undecodable(batch, arrived, undecodable)
        case DecodedMessage(topic, said) as understood:
            sender = batch.senders.get(topic.device)
            if sender is None or sender.centre_id != topic.centre:
                why = "no device of this id is registered at this centre"
                _collect_undecodable(batch, arrived, Undecodable(topic, QuarantineReason.UNKNOWN_DEVICE, why))
            elif isinstance(said, TeleMessage):
                _store_readings(batch, arrived, said, sender)
            elif isinstance(said, VisitMessage):
                await _store_visit(batch, arrived, understood, said, sender)
            else:
                _collect_undecodable(
                    batch, arrived, Undecodable(topic, QuarantineReason.WRONG_LANE, "neither readings nor a visit")
                )


def _collect_undecodable(batch: _ReportBatch, arrived: ReceivedMessage, reason: Undecodable) -> None:
    batch.undecodable[arrived.inbound.topic] += 1
    if batch.undecodable[arrived.inbound.topic] <= QUARANTINED_PER_BATCH:
        batch.kept.to_quarantine.append(ToQuarantine(arrived.inbound, reason))


def _store_readings(batch: _ReportBatch, arrived: ReceivedMessage, said: TeleMessage, sender: Sender) -> None:
    received_at = arrived.inbound.received_at
    batch.clocks.note_message(sender.device_id, received_at, said.at, said.age_ms)
    at = reading_time(received_at, said.at, said.age_ms, batch.clocks.offset_of(sender.device_id))
    heard = [
        ReadingHeard(
            centre_id=sender.centre_id,
            device_id=sender.device_id,
            senior_id=sender.senior_id,
            room_id=sender.room_id,
            name=reading.name,
            unit=reading.unit,
            value=reading.value,
            at=at,
            received_at=received_at,
        )
        for reading in said.readings
    ]
    batch.readings += heard
    batch.events += heard


async def _store_visit(
    batch: _ReportBatch, arrived: ReceivedMessage, understood: DecodedMessage, said: VisitMessage, sender: Sender
) -> None:
    received_at = arrived.inbound.received_at
    seen = MessageIdentity(sender.device_id, SeenLane.VISIT, said.id, digest_message(said))
    if not await store.insert_seen_message(batch.conn, seen, None, batch.now):
        repeat = Ack(id=said.id, status=AckStatus.DUPLICATE, of=AckStatus.COMMITTED)
        batch.kept.answers.append(AddressedAck(understood.topic, repeat))
        return
    batch.clocks.note_message(sender.device_id, received_at, said.at, said.age_ms)
    at = estimate_time(received_at, said.at, said.age_ms, batch.clocks.offset_of(sender.device_id)).at
    read = CardRead(
        centre_id=sender.centre_id,
        device_id=sender.device_id,
        token=said.token,
        what=AttendanceAction(said.what),
        room_id=RoomId(said.room) if said.room is not None else None,
        at=at,
    )
    attended = await attendance.record_card_read(batch.conn, read, batch.now)
    batch.events.append(
        VisitHeard(
            centre_id=sender.centre_id,
            device_id=sender.device_id,
            senior_id=attended.senior_id,
            room_id=attended.room_id,
            what=VisitKind(said.what),
            at=at,
            received_at=received_at,
        )
    )
    batch.kept.answers.append(AddressedAck(understood.topic, Ack(id=said.id, status=AckStatus.COMMITTED)))
