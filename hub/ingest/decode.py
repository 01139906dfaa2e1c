"""What does a message say? Pure: topic and bytes in, a message of the contract or the reason why it is none out."""

from __future__ import annotations

import json
from hashlib import sha256

from devices.contract.messages import AlarmMessage, Unreadable, VisitMessage
from devices.contract.side_values import read_message
from devices.contract.topics import FROM_DEVICE, parse_topic
from hub.ingest.model import Decoded, DecodedMessage, QuarantineReason, Undecodable

CHANGED_BY_A_RETRY = frozenset({"age_ms", "battery", "signal"})


def decode_message(topic: str, payload: bytes) -> Decoded:
    """Read one message from a device."""
    parsed = parse_topic(topic)
    if parsed is None or parsed.kind not in FROM_DEVICE:
        return Undecodable(None, QuarantineReason.UNKNOWN_TOPIC, "the topic is none that devices publish to")
    try:
        read = read_message(parsed.kind, payload)
    except Unreadable as unreadable:
        return Undecodable(parsed, QuarantineReason(unreadable.reason), unreadable.detail[:200], unreadable.message_id)
    return DecodedMessage(parsed, read.message, read.left_out)


def digest_message(message: AlarmMessage | VisitMessage) -> bytes:
    """SHA-256 of what a retry of the same message repeats: everything but its age, battery and signal."""
    unchanging = message.model_dump(mode="json", exclude=set(CHANGED_BY_A_RETRY))
    return sha256(json.dumps(unchanging, sort_keys=True, separators=(",", ":")).encode()).digest()
