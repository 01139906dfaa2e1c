"""Does a message stay what it is, although a value beside the point is odd?"""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.contract.messages import (
    AlarmKind,
    AlarmMessage,
    Done,
    Reading,
    StatusMessage,
    TeleMessage,
    Unreadable,
    VisitMessage,
)
from devices.contract.side_values import DeviceMessage, ReadMessage, read_message
from devices.contract.topics import FROM_DEVICE, Kind
from devices.contract.units import Unit

TEST = b'{"v":1,"id":"x-1","kind":"test"'
PLAIN_TEST = AlarmMessage(id="x-1", kind=AlarmKind.TEST)

ODD_READINGS = (
    b'{"v":1,"id":"x-1","seq":"88","readings":[{"name":"battery","value":"255","unit":"%EL"},'
    b'{"name":"temperature","value":21.4,"unit":"Cel"},{"name":"humidity","value":NaN,"unit":"%RH"},'
    b'{"name":"x","value":0x1,"unit":"Cel"},{"name":"Y z","value":1,"unit":"Cel"}]}'
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("value", "odd"),
    [
        (b'"battery":255', "battery"),
        (b'"battery":-1', "battery"),
        (b'"battery":"low"', "battery"),
        (b'"battery":true', "battery"),
        (b'"battery":NaN', "battery"),
        (b'"battery":-Infinity', "battery"),
        (b'"battery":1e999', "battery"),
        (b'"battery":' + b"9" * 3900, "battery"),
        (b'"battery":93%', "battery"),
        (b'"battery":0x5D', "battery"),
        (b'"battery":05', "battery"),
        (b'"battery":', "battery"),
        (b'"battery":[[93]]', "battery"),
        (b'"battery":90,"battery":91', "battery"),
        (b'"signal":-71000', "signal"),
        (b'"signal":"-71 dBm"', "signal"),
        (b'"seq":"1042"', "seq"),
        (b'"seq":-1', "seq"),
        (b'"seq":1042.5', "seq"),
        (b'"seq":99999999999999999999', "seq"),
        (b'"age_ms":-350', "age_ms"),
        (b'"age_ms":"350"', "age_ms"),
        (b'"age_ms":9007199254740992', "age_ms"),
        (b'"at":"yesterday"', "at"),
        (b'"at":1795400000', "at"),
        (b'"at":"2026-11-23T02:14:05"', "at"),
        (b'"at":"2026-02-30T02:14:05Z"', "at"),
        (b'"at":"0001-01-01T00:00:00+23:59"', "at"),
        (b'"at":"9999-12-31T23:59:60Z"', "at"),
        (b'"at":"2026-11-23T02:14:05Z\\u0000"', "at"),
        (b'"at":"2026-11-23\t02:14:05Z"', "at"),
        (b'"of":17', "of"),
        (b'"of":"\\ud800"', "of"),
    ],
)
def test_a_test_press_with_an_odd_value_stays_one_without_it(value: bytes, odd: str) -> None:
    assert read_message(Kind.ALARM, TEST + b"," + value + b"}") == ReadMessage(PLAIN_TEST, (odd,))


@pytest.mark.parametrize(
    ("payload", "mark"),
    [
        (b"\xef\xbb\xbf" + TEST + b"}", "byte-order-mark"),
        (TEST + b"}\0", "nul"),
        (TEST + b"}\r\n\0\0\0\0", "nul"),
        ((TEST + b"}").decode().encode("utf-16"), "encoding"),
        ((TEST + b"}").decode().encode("utf-16-be"), "encoding"),
        (TEST + ',"name":"王奶奶"}'.encode("gb18030"), "encoding"),
        (TEST + b',"name":"Caf\xe9"}', "encoding"),
        (TEST + b',"name":"\xff"}', "encoding"),
    ],
)
def test_what_stands_around_a_message_or_how_its_text_is_encoded_does_not_decide_it(payload: bytes, mark: str) -> None:
    assert read_message(Kind.ALARM, payload) == ReadMessage(PLAIN_TEST, (mark,))


@pytest.mark.parametrize(
    "rest",
    [
        b"}",
        b',"heart":72}',
        b',"heart":' + b"[" * 1900 + b"]" * 1900 + b"}",
        b',"heart":{"a":[1,{"id":"other","kind":"press"}]}}',
        b',"heart":"\x01 \xf0\x9f\x92\x97, } ] \\" {"}',
        b',"heart":0x17}',
        b',"kind":"test"}',
        b',"id" : "\\u0078-1"}',
        b',"battery":null}',
        b",}",
        b"}\r\n",
    ],
)
def test_what_nobody_asks_for_is_not_even_noticed(rest: bytes) -> None:
    assert read_message(Kind.ALARM, TEST + rest) == ReadMessage(PLAIN_TEST)


@pytest.mark.parametrize("odd", [b'"battery":255', b'"seq":"7"', b'"age_ms":-1', b'"at":0', b'"x":' + b"[" * 999])
def test_a_cancel_stays_a_cancel_of_its_press(odd: bytes) -> None:
    payload = b'{"v":1,"id":"x-2","kind":"cancel","of":"x-1",' + odd + (b"]" * odd.count(b"[")) + b"}"

    assert read_message(Kind.ALARM, payload).message == AlarmMessage(id="x-2", kind=AlarmKind.CANCEL, of="x-1")


@given(
    st.dictionaries(st.sampled_from(["seq", "at", "age_ms", "battery", "signal", "note", "v2"]), json_values),
    st.sampled_from([kind for kind in AlarmKind if kind is not AlarmKind.CANCEL]),
)
def test_no_side_value_changes_what_a_message_is(side: dict[str, object], kind: AlarmKind) -> None:
    read = read_message(Kind.ALARM, json.dumps({**side, "v": 1, "id": "x-1", "kind": kind}).encode())

    assert isinstance(read.message, AlarmMessage)
    assert (read.message.id, read.message.kind) == ("x-1", kind)
    assert set(read.left_out) <= side.keys()


@pytest.mark.parametrize(
    ("payload", "reason", "message_id"),
    [
        (b" " * 4097, "too-long", None),
        (b"\xff\xfe", "not-utf8", None),
        (b"", "not-json", None),
        (b"\0", "not-json", None),
        (b"SOS", "not-json", None),
        (b"[" * 4000, "not-json", None),
        (b"[]", "not-an-object", None),
        (TEST, "not-json", None),
        (TEST + b'}{"v":1}', "not-json", None),
        (TEST + b',"heart":[}', "not-json", None),
        (TEST + b',"heart":"}', "not-json", None),
        (b'{"v":2,"id":"x-1","kind":"test","battery":255}', "unknown-version", "x-1"),
        (b'{"v":true,"id":"x-1","kind":"test"}', "unknown-version", "x-1"),
        (b'{"id":"x-1","kind":"test","battery":255}', "unknown-version", "x-1"),
        (b'{"id":"x-1","kind":"test"}', "unknown-version", "x-1"),
        (b'{"v":1,"kind":"test","battery":255}', "missing-field", None),
        (b'{"v":1,"id":"x-1","battery":255}', "missing-field", "x-1"),
        (b'{"v":1,"id":17,"kind":"test"}', "bad-field", None),
        (b'{"v":1,"id":"x-1","kind":"shout","battery":255}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":press}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"test","kind":"press"}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","id":"x-2","kind":"test"}', "bad-field", None),
        (b'{"v":1,"v":2,"id":"x-1","kind":"test"}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"cancel","of":255}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"cancel","of":"a","of":"b"}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"cancel","battery":255}', "bad-field", "x-1"),
    ],
)
def test_what_decides_is_never_guessed(payload: bytes, reason: str, message_id: str | None) -> None:
    with pytest.raises(Unreadable) as raised:
        read_message(Kind.ALARM, payload)

    assert (raised.value.reason, raised.value.message_id) == (reason, message_id)


@pytest.mark.parametrize(
    ("kind", "payload", "read"),
    [
        (
            Kind.TELE,
            ODD_READINGS,
            ReadMessage(
                TeleMessage(id="x-1", readings=(Reading(name="temperature", value=21.4, unit=Unit.CELSIUS),)),
                ("readings.3", "readings.battery", "readings.humidity", "seq"),
            ),
        ),
        (
            Kind.TELE,
            b'{"v":1,"id":"x-1","readings":[{"name":"battery","value":NaN,"unit":"%EL"}]}',
            ReadMessage(TeleMessage(id="x-1", readings=()), ("readings.battery",)),
        ),
        (
            Kind.VISIT,
            b'{"v":1,"id":"x-1","token":"AD70","what":"arrive","room":"","age_ms":"0"}',
            ReadMessage(VisitMessage.model_validate({"id": "x-1", "token": "AD70", "what": "arrive"}, strict=False),
                        ("age_ms", "room")),
        ),
        (
            Kind.STATUS,
            b'{"v":1,"state":"online","fw":"1.0\\u0000"}',
            ReadMessage(StatusMessage.model_validate({"state": "online"}, strict=False), ("fw",)),
        ),
        (
            Kind.DONE,
            b'{"v":1,"nonce":"n-1","state":"sounding","reason":"Not a code","at":12}',
            ReadMessage(Done.model_validate({"nonce": "n-1", "state": "sounding"}, strict=False), ("at", "reason")),
        ),
    ],
)  # fmt: skip
def test_each_kind_of_message_is_read_without_its_odd_values(kind: Kind, payload: bytes, read: ReadMessage) -> None:
    assert read_message(kind, payload) == read


def test_an_entering_without_a_room_that_can_be_read_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        read_message(Kind.VISIT, b'{"v":1,"id":"x-1","token":"AD70","what":"enter","room":"The Gym"}')


@pytest.mark.parametrize("kind", sorted(FROM_DEVICE))
def test_any_bytes_are_read_or_unreadable(kind: Kind) -> None:
    members = st.tuples(st.sampled_from(['"v":1', '"id":"x"', '"kind":"press"', '"seq":', '"readings":[', "}", "\0"]))
    texts = st.lists(members | st.tuples(st.text(max_size=6)), max_size=8).map(
        lambda parts: ("{" + ",".join(part for (part,) in parts) + "}").encode("utf-8", "replace")
    )

    @given(texts | st.binary(max_size=60))
    def reads_version_1(payload: bytes) -> None:
        with suppress(Unreadable):
            read: DeviceMessage = read_message(kind, payload).message
            assert read.v == 1

    reads_version_1()
