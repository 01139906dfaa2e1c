"""Do bytes become packets, and packets bytes, whatever the bytes are and however they are cut?"""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mqtt.codec import (
    REFUSED_SUBSCRIPTION,
    Connack,
    ConnackCode,
    Connect,
    Disconnect,
    ForeignConnect,
    Malformed,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
    decode_packet,
)
from hub.mqtt.encode import encode_packet
from hub.mqtt.parser import Parser
from hub.mqtt.topics import is_filter, is_topic

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
TOPICS = st.one_of(st.just("anling/v1/jq/alarm/b-01"), TEXT.filter(is_topic))
FILTERS = st.one_of(st.just("anling/v1/+/alarm/#"), TEXT.filter(is_filter))
PACKET_IDS = st.integers(1, 0xFFFF)
PAYLOADS = st.binary(max_size=300)


def publishes() -> st.SearchStrategy[Publish]:
    at_most_once = st.builds(Publish, TOPICS, PAYLOADS, st.just(0), st.booleans())
    answered = st.builds(Publish, TOPICS, PAYLOADS, st.integers(1, 2), st.booleans(), st.booleans(), PACKET_IDS)
    return st.one_of(at_most_once, answered)


def connects() -> st.SearchStrategy[Connect]:
    wills = st.builds(Will, TOPICS, PAYLOADS, st.integers(0, 2), st.booleans())
    common = (TEXT, st.booleans(), st.integers(0, 0xFFFF), st.one_of(st.none(), wills))
    return st.one_of(st.builds(Connect, *common), st.builds(Connect, *common, TEXT, st.one_of(st.none(), TEXT)))


PACKETS: st.SearchStrategy[Packet] = st.one_of(
    publishes(),
    connects(),
    st.builds(ForeignConnect, st.sampled_from([3, 5])),
    st.builds(Connack, st.booleans(), st.sampled_from(ConnackCode)),
    st.builds(Subscribe, PACKET_IDS, st.lists(st.tuples(FILTERS, st.integers(0, 2)), min_size=1).map(tuple)),
    st.builds(Suback, PACKET_IDS, st.lists(st.sampled_from([0, 1, 2, REFUSED_SUBSCRIPTION]), min_size=1).map(tuple)),
    st.builds(Unsubscribe, PACKET_IDS, st.lists(FILTERS, min_size=1).map(tuple)),
    *(st.builds(kind, PACKET_IDS) for kind in (Puback, Pubrec, Pubrel, Pubcomp, Unsuback)),
    *(st.just(packet) for packet in (Pingreq(), Pingresp(), Disconnect())),
)


def read(received: bytes) -> list[Packet]:
    parser = Parser()
    parser.add(received)
    return list(parser.packets())


@given(st.lists(PACKETS, max_size=4), st.lists(st.integers(1, 40), min_size=1))
def test_however_the_stream_is_cut_the_same_packets_come_out(packets: list[Packet], cuts: list[int]) -> None:
    stream = b"".join(map(encode_packet, packets))
    parser, at = Parser(), 0
    received: list[Packet] = []

    while at < len(stream):
        size = cuts[len(received) % len(cuts)]
        parser.add(stream[at : at + size])
        received += parser.packets()
        at += size

    assert received == packets


@given(st.binary(max_size=200))
def test_random_bytes_are_packets_or_malformed_and_nothing_else(received: bytes) -> None:
    with suppress(Malformed):
        read(received)


@given(st.integers(0, 255), st.binary(max_size=60))
def test_a_random_body_is_a_packet_or_malformed_and_nothing_else(head: int, body: bytes) -> None:
    with suppress(Malformed):
        decode_packet(head, body)


@given(PACKETS, st.data())
def test_a_packet_with_a_byte_changed_is_a_packet_or_malformed(packet: Packet, data: st.DataObject) -> None:
    stream = bytearray(encode_packet(packet))
    stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Malformed):
        read(bytes(stream))


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        (b"\x00\x00", "packet type 0"),
        (b"\xf0\x00", "packet type 15"),
        (b"\x31\xff\xff\xff\xff\x01", "more than four bytes"),
        (b"\x30\x80\x80\x02", "at most 16384"),
        (b"\x36\x05\x00\x01a\x00\x01", "QoS 3"),
        (b"\x38\x03\x00\x01a", "DUP on QoS 0"),
        (b"\x32\x05\x00\x01a\x00\x00", "packet id 0"),
        (b"\x30\x03\x00\x01#", "no topic"),
        (b"\x30\x02\x00\x00", "no topic"),
        (b"\x30\x03\x00\x01\xff", "not UTF-8"),
        (b"\x30\x05\x00\x03\xed\xa0\x80", "not UTF-8"),  # a surrogate, 1.5.3
        (b"\x30\x03\x00\x01\x00", r"U\+0000"),
        (b"\x30\x02\x00\x05", "too early"),
        (b"\x80\x06\x00\x01\x00\x01a\x01", "reserved flags"),
        (b"\x82\x02\x00\x01", "too early"),  # a SUBSCRIBE without filters, 3.8.3
        (b"\x82\x06\x00\x01\x00\x01a\x03", "unknown QoS"),
        (b"\xa2\x02\x00\x01", "too early"),
        (b"\xc0\x01\x00", "left over"),
        (b"\x10\x0c\x00\x04HTTP\x04\x02\x00\x00\x00\x00", "not the MQTT protocol"),
        (b"\x10\x0c\x00\x04MQTT\x04\x03\x00\x00\x00\x00", "reserved flag"),
        (b"\x10\x0c\x00\x04MQTT\x04\x0a\x00\x00\x00\x00", "without a will"),
        (b"\x10\x0c\x00\x04MQTT\x04\x42\x00\x00\x00\x00", "without a username"),
    ],
)
def test_what_the_standard_forbids_is_malformed(received: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        read(received)


def test_a_press_is_these_bytes() -> None:
    press = Publish("a/b", b"{}", qos=1, packet_id=10)

    assert encode_packet(press) == b"\x32\x09\x00\x03a/b\x00\x0a{}"


def test_the_old_and_the_new_version_are_told_apart_from_rubbish() -> None:
    version_3 = b"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00"
    version_5 = b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00"

    assert read(version_3 + version_5) == [ForeignConnect(3), ForeignConnect(5)]
