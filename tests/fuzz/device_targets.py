"""MQTT packets and devices' messages: do the codec and the decoders decide about each?"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Final

from devices.contract.messages import MODEL_OF, Unreadable, parse_message
from devices.contract.topics import FROM_DEVICE, TO_DEVICE, Kind
from hub.ingest.alarm_lane import identify_press
from hub.ingest.decode import decode_message, digest_message
from hub.ingest.last_heard import collect_battery_levels, collect_odd_values
from hub.ingest.model import DecodedMessage, ReceivedMessage, Undecodable
from hub.ingest.timing import DeviceClocks, estimate_time
from hub.mqtt import codec
from hub.mqtt.codec import Connect, Malformed, Packet, Publish, Subscribe, Unsubscribe, Will
from hub.mqtt.conversation import Admit, Conversation, ConversationStage, TakePublish
from hub.mqtt.encode import encode_packet
from hub.mqtt.model import Inbound
from hub.mqtt.parser import MAX_PACKET_BYTES, Parser
from tests.fuzz.mutations import cut_in_pieces, mutate_bytes, mutate_object, name_refusal

NOON: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
PRESS: Final[dict[str, object]] = {
    "v": 1, "id": "9f3c2a7be41d0c55-1042", "seq": 1042, "kind": "press", "at": "2026-11-23T02:14:05.120Z",
    "age_ms": 350, "battery": 93, "signal": -71,
}  # fmt: skip
READING: Final = {"name": "temperature", "value": 21.4, "unit": "Cel"}
MESSAGES: Final[tuple[tuple[Kind, dict[str, object]], ...]] = (
    (Kind.ALARM, PRESS),
    (Kind.ALARM, {**PRESS, "kind": "test"}),
    (Kind.ALARM, {**PRESS, "kind": "cancel", "of": "9f3c2a7be41d0c55-1041"}),
    (Kind.ALARM, {"v": 1, "id": "SOS", "kind": "pull_cord"}),
    (Kind.TELE, {"v": 1, "id": "x-1", "seq": 88, "age_ms": 0, "readings": [READING, {**READING, "name": "battery"}]}),
    (Kind.VISIT, {"v": 1, "id": "x-1", "seq": 1, "token": "AD70", "what": "enter", "room": "gym", "age_ms": 5}),
    (Kind.STATUS, {"v": 1, "state": "online", "fw": "1.2.0"}),
    (Kind.DONE, {"v": 1, "nonce": "n-1", "state": "sounding", "reason": None, "at": "2026-11-23T02:14:05Z"}),
    (Kind.ACK, {"v": 1, "id": "x-1", "status": "duplicate", "of": "committed", "alarm": "a-" + "0" * 26}),
    (Kind.CUE, {"v": 1, "alarm": "a-" + "0" * 26, "n": 7, "cue": "coming", "text": "李护士正在赶来"}),
    (Kind.CMD, {"v": 1, "nonce": "n-1", "do": "siren", "args": {"on": False}, "until": "2026-11-23T02:14:05Z"}),
)
TOPIC: Final = "anling/v1/jiuquan-road/alarm/b-01"
PACKETS: Final[tuple[Packet, ...]] = (
    Connect("b-01", True, 60, Will(TOPIC.replace("alarm", "status"), b"{}", 1, retain=True), "b-01", "secret"),
    Connect("b-01", clean_session=False, username="b-01", password="secret"),
    Publish(TOPIC, json.dumps(PRESS).encode(), qos=1, packet_id=7),
    Publish(TOPIC, b"SOS", qos=1, retain=True, dup=True, packet_id=65535),
    Publish(TOPIC.replace("alarm", "tele"), b"{}", qos=0),
    Publish(TOPIC, b" " * 300, qos=2, packet_id=1),
    Subscribe(3, ((TOPIC.replace("alarm", "ack"), 1), ("anling/#", 2))),
    Unsubscribe(4, (TOPIC, "+/+")),
    *(codec.Puback(9), codec.Pubrec(9), codec.Pubrel(9), codec.Pubcomp(9), codec.Pingreq(), codec.Disconnect()),
    *(
        codec.Suback(3, (1, 128)),
        codec.Unsuback(3),
        codec.Connack(session_present=True, code=codec.ConnackCode.ACCEPTED),
    ),
)
ENCODED: Final = tuple(encode_packet(packet) for packet in PACKETS)
MQTT_WORDS: Final = (
    b"MQTT",
    b"MQIsdp",
    b"\x00\x04",
    b"\x05",
    b"\xff\xff\xff\x7f",
    b"\x80\x80\x80\x80",
    b"+",
    b"#",
    *ENCODED,
)
JSON_WORDS: Final = (
    b'"v":1,',
    b'"id":"x"',
    b'"kind":"test"',
    b"\\u0000",
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b"1e999",
    b"\0",
)


def draw_packets(chance: random.Random) -> bytes:
    """Some packets one after the other, most often after a CONNECT, of which some are changed."""
    packets = [ENCODED[0]] if chance.random() < 0.6 else []
    packets += chance.choices(ENCODED, k=chance.randint(1, 4))
    at = chance.randrange(len(packets))
    packets[at] = mutate_bytes(packets[at], chance, MQTT_WORDS)
    if chance.random() < 0.5 and len(packets[at]) > 2:  # what is behind a right length is read to its end
        body = packets[at][2:129]
        packets[at] = bytes([packets[at][0], len(body)]) + body
    return b"".join(packets)


def read_packets(content: bytes, chance: random.Random) -> str:
    """One connection. Its parser holds no more than a packet that is taken, and one piece of the network's."""
    parser, conversation = Parser(), Conversation(0.0)
    told = ["nothing"]
    try:
        for piece in cut_in_pieces(content, chance):
            parser.add(piece)
            while conversation.stage is not ConversationStage.ENDED and (frame := parser.next_frame()) is not None:
                told.append(_take_frame(conversation, *frame))
            assert len(parser._pending) <= MAX_PACKET_BYTES + len(content)
    except Malformed as malformed:
        told.append(name_refusal(malformed))
    return told[-1]


def _take_frame(conversation: Conversation, head: int, body: bytes) -> str:
    packet = codec.decode_packet(head, body)
    action = conversation.receive(packet, 1.0)
    match action:
        case Admit(connect):
            conversation.admitted(connect, 1.0)
        case TakePublish(publish, lane):
            encoded = encode_packet(publish)
            again = Parser(MAX_PACKET_BYTES * 2)
            again.add(encoded)
            assert list(again.packets()) == [publish], "what is taken is what can be written"
            assert lane
        case _ if type(action).__name__ in ("Refuse", "RefuseVersion", "Leave", "Violation"):
            conversation.end()
    return type(action).__name__


def draw_message(chance: random.Random) -> bytes:
    """The kind of a message, a zero byte, and its payload."""
    kind, message = chance.choice(MESSAGES)
    payload = mutate_object(message, chance)
    if chance.random() < 0.3:
        payload = mutate_bytes(payload, chance, JSON_WORDS)
    return kind.encode() + b"\0" + payload


def read_device_message(content: bytes, _chance: random.Random) -> str:
    """One message on its lane: a message, or the reason why it is none. On the alarm lane both are an alarm."""
    name, _, payload = content.partition(b"\0")
    kind = Kind(name.decode())
    if kind in TO_DEVICE:
        return _read_at_device(kind, payload)
    assert kind in FROM_DEVICE
    topic = TOPIC.replace("alarm", kind)
    decoded = decode_message(topic, payload)
    received = ReceivedMessage(Inbound(topic, payload, 1, "b-01", False, False, NOON), decoded)
    collect_odd_values([received])
    collect_battery_levels([received])
    if isinstance(decoded, Undecodable):
        assert decoded.topic is not None, "whose call it is"
        assert len(decoded.detail) <= 200
        assert "\0" not in decoded.detail
        return str(decoded.reason)
    return _follow_decoded(received, decoded)


def _read_at_device(kind: Kind, payload: bytes) -> str:
    try:
        return type(parse_message(kind, payload)).__name__
    except Unreadable as unreadable:
        return str(unreadable.reason)


def _follow_decoded(received: ReceivedMessage, decoded: DecodedMessage) -> str:
    """What the lanes do with a message that was read, up to the database."""
    said = decoded.said
    assert isinstance(said, MODEL_OF[decoded.topic.kind])
    at, age_ms = getattr(said, "at", None), getattr(said, "age_ms", None)
    clocks = DeviceClocks()
    clocks.note_message("b-01", NOON, at, age_ms)
    when = estimate_time(NOON, at, age_ms, clocks.offset_of("b-01"))
    assert when.at <= NOON
    if decoded.topic.kind is Kind.ALARM:
        assert identify_press(received) is not None
    if decoded.topic.kind in (Kind.ALARM, Kind.VISIT):
        later = said.model_copy(update={"age_ms": 9_000})
        assert digest_message(said) == digest_message(later), "a retry is the same message"  # type: ignore[arg-type]
    assert timedelta() <= NOON - when.at
    return f"{decoded.topic.kind} without {len(decoded.left_out)}" if decoded.left_out else str(decoded.topic.kind)
