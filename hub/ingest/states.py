"""What becomes of what devices say of themselves and of their commands? The device outbox is the alarm path's.

Two transactions: who waits for a rule holds no message to a device, which a change of an alarm may want.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from devices.contract.messages import Done, StatusMessage
from hub.fleet import service as fleet
from hub.fleet.model import DeviceState as FleetState
from hub.ingest import quarantine, store
from hub.ingest.model import DecodedMessage, QuarantineReason, ReceivedMessage, Sender, Undecodable
from hub.ingest.neighbours import Neighbours
from hub.kit.db import Conn
from hub.rules.model import ReportedState, StatusHeard


def select_readable(arrived: Sequence[ReceivedMessage]) -> list[DecodedMessage]:
    """The states and proofs among these."""
    understood = [message.decoded for message in arrived if isinstance(message.decoded, DecodedMessage)]
    return [one for one in understood if isinstance(one.said, StatusMessage | Done)]


async def store_states(conn: Conn, arrived: Sequence[ReceivedMessage], now: datetime) -> None:
    """Store states, and proofs of commands.

    Twice does no harm, for a batch that is refused afterwards is retried message by message: a notice is counted, or a
    cue sent, once more.
    """
    said = select_readable(arrived)
    nonces = [one.said.nonce for one in said if isinstance(one.said, Done)]
    senders = await store.find_senders(conn, sorted({one.topic.device for one in said}), now)
    await fleet.lock_messages_to(conn, [sender.device_id for sender in senders.values()], nonces, now)
    for one in said:
        sender = senders.get(one.topic.device)
        if sender is None or sender.centre_id != one.topic.centre:
            continue
        match one.said:
            case StatusMessage(state=state, fw=firmware):
                await fleet.record_status(conn, sender.device_id, FleetState(state), firmware, now)
            case Done(nonce=nonce, state=state):
                await fleet.record_proof(conn, sender.device_id, nonce, state, now)


async def evaluate_states(
    conn: Conn, arrived: Sequence[ReceivedMessage], neighbours: Neighbours, now: datetime
) -> None:
    """Let the rules hear states, the alarms conclude; what is undecodable or of an unknown sender is quarantined."""
    spoke = {m.decoded.topic.device for m in arrived if m.decoded.topic is not None}
    senders = await store.find_senders(conn, sorted(spoke), now)
    events = []
    for message in arrived:
        match message.decoded:
            case Undecodable() as undecodable:
                await quarantine.quarantine_message(conn, message.inbound, undecodable, neighbours.centre_id, now)
            case DecodedMessage(topic, said) as understood:
                sender = senders.get(topic.device)
                if sender is None or sender.centre_id != topic.centre or not isinstance(said, StatusMessage | Done):
                    to_quarantine = _describe_undecodable(
                        understood, is_known=sender is not None and sender.centre_id == topic.centre
                    )
                    await quarantine.quarantine_message(conn, message.inbound, to_quarantine, neighbours.centre_id, now)
                elif isinstance(said, StatusMessage):
                    events.append(_build_status_event(message, said, sender))
    if events and (findings := await neighbours.rules.evaluate_events(conn, events, now)):
        await neighbours.conclude(conn, findings, now, (), lambda: now)


def _describe_undecodable(understood: DecodedMessage, *, is_known: bool) -> Undecodable:
    if is_known:
        return Undecodable(understood.topic, QuarantineReason.WRONG_LANE, "neither a state nor a proof")
    return Undecodable(
        understood.topic, QuarantineReason.UNKNOWN_DEVICE, "no device of this id is registered at this centre"
    )


def _build_status_event(message: ReceivedMessage, said: StatusMessage, sender: Sender) -> StatusHeard:
    return StatusHeard(
        centre_id=sender.centre_id,
        device_id=sender.device_id,
        state=ReportedState(said.state),
        received_at=message.inbound.received_at,
        senior_id=sender.senior_id,
        room_id=sender.room_id,
    )
