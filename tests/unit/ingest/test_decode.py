"""What does a message say, and what makes two messages the same?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.contract.messages import AlarmMessage, Reason, parse_message
from devices.contract.topics import Kind
from hub.ingest.decode import decode_message, digest_message
from hub.ingest.model import DecodedMessage, Undecodable

TOPIC = "anling/v1/jq/alarm/b-01"
PRESS = b'{"v":1,"id":"9f3c2a7be41d0c55-1042","seq":1042,"kind":"press","at":"2026-11-23T02:14:05.120Z","age_ms":350}'


def test_a_press_is_understood() -> None:
    decoded = decode_message(TOPIC, PRESS)

    assert isinstance(decoded, DecodedMessage)
    assert isinstance(decoded.said, AlarmMessage)
    assert (decoded.topic.centre, decoded.topic.device, decoded.said.seq) == ("jq", "b-01", 1042)


@pytest.mark.parametrize(
    ("topic", "payload", "reason", "message_id"),
    [
        (TOPIC, b"\xff", Reason.NOT_UTF8, None),
        (TOPIC, b"help", Reason.NOT_JSON, None),
        (TOPIC, PRESS.replace(b'"v":1', b'"v":2'), Reason.UNKNOWN_VERSION, "9f3c2a7be41d0c55-1042"),
        (TOPIC, PRESS + b" " * 5000, Reason.TOO_LONG, None),
        ("anling/v1/jq/ack/b-01", b"{}", "unknown-topic", None),
        ("zigbee2mqtt/button", b"{}", "unknown-topic", None),
    ],
)
def test_what_cannot_be_read_says_why(topic: str, payload: bytes, reason: str, message_id: str | None) -> None:
    decoded = decode_message(topic, payload)

    assert isinstance(decoded, Undecodable)
    assert (decoded.reason, decoded.message_id) == (reason, message_id)


@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_have_a_reason(payload: bytes) -> None:
    assert isinstance(decode_message(TOPIC, payload), DecodedMessage | Undecodable)


def digest_of(payload: bytes) -> bytes:
    return digest_message(parse_message(Kind.ALARM, payload))


def test_a_retry_is_the_same_message_and_another_kind_is_not() -> None:
    retry = PRESS.replace(b'"age_ms":350', b'"age_ms":9350,"battery":12,"signal":-90,"new_field":true')

    assert digest_of(retry) == digest_of(PRESS)
    assert digest_of(PRESS.replace(b'"press"', b'"fall"')) != digest_of(PRESS)
