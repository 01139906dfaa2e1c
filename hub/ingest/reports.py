"""What becomes of everything but presses: states and proofs of commands, then readings, visits and what the rules hear.

Two transactions: who waits for a rule or an alarm holds no message to a device, which a change of an alarm may want.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, assert_never

from devices.contract.messages import (
    Ack,
    AckStatus,
    AlarmMessage,
    Done,
    State,
    StatusMessage,
    TeleMessage,
    VisitMessage,
)
from hub.attendance import service as attendance
from hub.attendance.model import CardRead, What
from hub.fleet import service as fleet
from hub.fleet.model import DeviceState as FleetState
from hub.ingest import quarantine, store
from hub.ingest.decode import digest
from hub.ingest.model import Answer, Arrived, Garbled, Neighbours, Sender, Understood
from hub.ingest.store import Seen
from hub.ingest.timing import DeviceClocks, reading_time, when
from hub.kit.db import Conn
from hub.kit.ids import DeviceId, RoomId
from hub.rules.model import DeviceState, Event, ReadingHeard, StatusHeard, VisitHeard, VisitKind

BATTERY: Final = "battery"
STRANGE_PER_BATCH: Final = 20
"""Of one topic. A device that talks nonsense without end must not cost the others their second."""


@dataclass(slots=True)
class _Desk:
    """What one transaction gathers."""

    conn: Conn
    neighbours: Neighbours
    clocks: DeviceClocks
    now: datetime
    senders: dict[str, Sender]
    events: list[Event] = field(default_factory=list)
    readings: list[ReadingHeard] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    strange: Counter[str] = field(default_factory=Counter)


async def keep_states(
    conn: Conn, arrived: Sequence[Arrived], _neighbours: Neighbours, _clocks: DeviceClocks, now: datetime
) -> list[Answer]:
    """Store what devices say of themselves and of their commands. Nothing is answered.

    `keep` tells the rules of the states. Twice does no harm, for a batch that is refused
    afterwards comes again message by message: a notice is counted, or a cue sent, once more.
    """
    said = states(arrived)
    nonces = [one.said.nonce for one in said if isinstance(one.said, Done)]
    senders = await store.senders(conn, sorted({one.topic.device for one in said}), now)
    await fleet.lock_messages_to(conn, [sender.device_id for sender in senders.values()], nonces, now)
    for one in said:
        sender = senders.get(one.topic.device)
        if sender is None or sender.centre_id != one.topic.centre:
            continue
        match one.said:
            case StatusMessage(state=state, fw=firmware):
                await fleet.status(conn, sender.device_id, FleetState(state), firmware, now)
            case Done(nonce=nonce, state=state):
                await fleet.proof(conn, sender.device_id, nonce, state, now)
    return []


def states(arrived: Sequence[Arrived]) -> list[Understood]:
    """The states and proofs among these."""
    understood = [message.decoded for message in arrived if isinstance(message.decoded, Understood)]
    return [one for one in understood if isinstance(one.said, StatusMessage | Done)]


async def keep(
    conn: Conn, arrived: Sequence[Arrived], neighbours: Neighbours, clocks: DeviceClocks, now: datetime
) -> list[Answer]:
    """Store the rest; the rules hear it and the states, the alarms conclude.

    Returns the answers to give after the commit.
    """
    spoke = {m.decoded.topic.device for m in arrived if m.decoded.topic is not None}
    desk = _Desk(conn, neighbours, clocks, now, await store.senders(conn, sorted(spoke), now))
    for message in arrived:
        await _keep_one(desk, message)
    if desk.readings:
        await neighbours.keep_readings(conn, desk.readings)
    if desk.events and (findings := await neighbours.rules.hear(conn, desk.events, now)):
        await neighbours.conclude(conn, findings, now)
    return desk.answers


async def _keep_one(desk: _Desk, arrived: Arrived) -> None:
    strange: Garbled
    match arrived.decoded:
        case Garbled() as garbled:
            strange = garbled
        case Understood(topic) as understood:
            sender = desk.senders.get(topic.device)
            if sender is not None and sender.centre_id == topic.centre:
                await _keep_said(desk, arrived, understood, sender)
                return
            strange = Garbled(topic, "unknown-device", "no device of this id is registered at this centre")
        case _:
            assert_never(arrived.decoded)
    desk.strange[arrived.inbound.topic] += 1
    if desk.strange[arrived.inbound.topic] <= STRANGE_PER_BATCH:
        await quarantine.set_aside(desk.conn, arrived.inbound, strange, desk.neighbours.centre_id, desk.now)


async def _keep_said(desk: _Desk, arrived: Arrived, understood: Understood, sender: Sender) -> None:
    match understood.said:
        case TeleMessage() as said:
            _keep_readings(desk, arrived, said, sender)
        case VisitMessage() as said:
            await _keep_visit(desk, arrived, understood, said, sender)
        case StatusMessage() as said:
            _hear_status(desk, arrived, said, sender)
        case Done():
            pass  # `keep_states` wrote it
        case AlarmMessage():
            strange = Garbled(understood.topic, "wrong-lane", "a call for help off the alarm lane")
            await quarantine.set_aside(desk.conn, arrived.inbound, strange, sender.centre_id, desk.now)
        case _:
            assert_never(understood.said)


def _keep_readings(desk: _Desk, arrived: Arrived, said: TeleMessage, sender: Sender) -> None:
    received_at = arrived.inbound.received_at
    desk.clocks.learn(sender.device_id, received_at, said.at, said.age_ms)
    at = reading_time(received_at, said.at, said.age_ms, desk.clocks.learned(sender.device_id))
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
    desk.readings += heard
    desk.events += heard


async def _keep_visit(
    desk: _Desk, arrived: Arrived, understood: Understood, said: VisitMessage, sender: Sender
) -> None:
    received_at = arrived.inbound.received_at
    seen = Seen(sender.device_id, "visit", said.id, digest(said))
    if not await store.note_seen(desk.conn, seen, None, desk.now):
        repeat = Ack(id=said.id, status=AckStatus.DUPLICATE, of=AckStatus.COMMITTED)
        desk.answers.append(Answer(understood.topic, repeat))
        return
    desk.clocks.learn(sender.device_id, received_at, said.at, said.age_ms)
    at = when(received_at, said.at, said.age_ms, desk.clocks.learned(sender.device_id)).at
    read = CardRead(
        centre_id=sender.centre_id,
        device_id=sender.device_id,
        token=said.token,
        what=What(said.what),
        room_id=RoomId(said.room) if said.room is not None else None,
        at=at,
    )
    attended = await attendance.card_read(desk.conn, read, desk.now)
    desk.events.append(
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
    desk.answers.append(Answer(understood.topic, Ack(id=said.id, status=AckStatus.COMMITTED)))


def _hear_status(desk: _Desk, arrived: Arrived, said: StatusMessage, sender: Sender) -> None:
    desk.events.append(
        StatusHeard(
            centre_id=sender.centre_id,
            device_id=sender.device_id,
            state=DeviceState(said.state),
            received_at=arrived.inbound.received_at,
            senior_id=sender.senior_id,
            room_id=sender.room_id,
        )
    )


def heard(arrived: Sequence[Arrived]) -> dict[DeviceId, datetime]:
    """When devices spoke. What a broker had stored is old, and a Last Will is what a broker says of a device."""
    spoke: dict[DeviceId, datetime] = {}
    for message in arrived:
        match message.decoded:
            case Understood(_, StatusMessage(state=State.OFFLINE)):
                continue
            case Understood(topic) | Garbled(topic) if topic is not None and not message.inbound.replayed:
                spoke[DeviceId(topic.device)] = message.inbound.received_at
    return spoke


def batteries(arrived: Sequence[Arrived]) -> dict[DeviceId, float]:
    """What these messages say of batteries, in percent to a tenth; what no battery can have says nothing of one."""
    said: dict[DeviceId, float] = {}
    for message in arrived:
        match message.decoded:
            case Understood(topic, AlarmMessage(battery=float() | int() as percent)):
                said[DeviceId(topic.device)] = round(percent, 1)
            case Understood(topic, TeleMessage(readings=readings)):
                for reading in readings:
                    if reading.name == BATTERY and reading.unit == "%EL" and 0 <= reading.value <= 100:
                        said[DeviceId(topic.device)] = round(reading.value, 1)
    return said
