"""Does every message survive the wire, and does nothing else get through?"""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.contract.messages import (
    LARGEST_PAYLOAD,
    Ack,
    AckStatus,
    AlarmKind,
    AlarmMessage,
    AnyMessage,
    Cmd,
    ConnectionState,
    Cue,
    CueKind,
    Do,
    Done,
    DoneState,
    Reading,
    StatusMessage,
    TeleMessage,
    Unreadable,
    VisitAction,
    VisitMessage,
    parse_message,
    serialize_message,
)
from devices.contract.schema import json_schemas
from devices.contract.topics import Kind
from devices.contract.units import Unit

ids = st.from_regex(r"[0-9a-f]{16}-[0-9]{1,9}", fullmatch=True)
alarm_ids = st.from_regex(r"a-[0-9a-hjkmnp-tv-z]{26}", fullmatch=True)
times = st.datetimes(
    datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(9000, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]),
)
seqs = st.none() | st.integers(0, 2**63 - 1)
ages = st.none() | st.integers(0, 2**53 - 1)
numbers = st.floats(allow_nan=False, allow_infinity=False)
lines = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32, exclude_characters="\x7f"), max_size=200)
codes = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True)

arguments = st.booleans() | st.integers(0, 99) | lines.map(lambda line: line[:50])

presses = st.builds(
    AlarmMessage,
    id=ids,
    seq=seqs,
    kind=st.sampled_from(AlarmKind),
    of=ids,
    at=st.none() | times,
    age_ms=ages,
    battery=st.none() | st.floats(0, 100),
    signal=st.none() | st.floats(-200, 100),
)
readings = st.builds(
    Reading,
    name=st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True),
    value=numbers,
    unit=st.sampled_from(Unit),
)
messages: dict[Kind, st.SearchStrategy[AnyMessage]] = {
    Kind.ALARM: presses,
    Kind.TELE: st.builds(
        TeleMessage,
        id=ids,
        seq=seqs,
        at=st.none() | times,
        age_ms=ages,
        readings=st.lists(readings, min_size=1, max_size=8).map(tuple),
    ),
    Kind.VISIT: st.builds(
        VisitMessage, id=ids, seq=seqs, token=ids, what=st.sampled_from(VisitAction), room=st.just("gym"), at=times
    ),
    Kind.STATUS: st.builds(StatusMessage, state=st.sampled_from(ConnectionState), fw=st.none() | st.just("1.2.0")),
    Kind.ACK: st.builds(
        Ack,
        id=ids,
        status=st.sampled_from(AckStatus),
        of=st.sampled_from([None, AckStatus.COMMITTED, AckStatus.SPOOLED]),
        alarm=st.none() | alarm_ids,
        reason=st.none() | codes,
    ),
    Kind.CUE: st.builds(
        Cue, alarm=alarm_ids, n=st.integers(0, 2**31 - 1), cue=st.sampled_from(CueKind), until=times, text=lines
    ),
    Kind.CMD: st.builds(
        Cmd,
        nonce=ids,
        do=st.sampled_from(Do),
        args=st.dictionaries(codes, arguments, max_size=4),
        until=st.none() | times,
    ),
    Kind.DONE: st.builds(Done, nonce=ids, state=st.sampled_from(DoneState), reason=st.none() | codes, at=times),
}

PRESS = (
    b'{"v":1,"id":"9f3c2a7be41d0c55-1042","seq":1042,"kind":"press","at":"2026-11-23T02:14:05.120Z",'
    b'"age_ms":350,"battery":93,"signal":-71}'
)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_sent_is_what_is_read(kind: Kind) -> None:
    @given(messages[kind])
    def survives(message: AnyMessage) -> None:
        assert parse_message(kind, serialize_message(message)) == message

    survives()


@pytest.mark.parametrize("kind", list(Kind))
def test_no_bytes_do_more_harm_than_being_unreadable(kind: Kind) -> None:
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    )

    @given(
        st.binary(max_size=LARGEST_PAYLOAD + 10) | anything.map(lambda value: repr(value).encode("utf-8", "replace"))
    )
    def harmless(payload: bytes) -> None:
        with suppress(Unreadable):
            parse_message(kind, payload)

    harmless()


@given(st.data())
def test_a_press_with_any_field_replaced_is_read_or_unreadable(data: st.DataObject) -> None:
    press = json.loads(PRESS)
    field = data.draw(st.sampled_from(sorted(press)))
    press[field] = data.draw(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)
    )
    with suppress(Unreadable):
        parse_message(Kind.ALARM, json.dumps(press).encode())


def test_the_protocol_s_own_example_is_read() -> None:
    press = parse_message(Kind.ALARM, PRESS)

    assert press.kind is AlarmKind.PRESS
    assert press.seq == 1042
    assert press.at == datetime(2026, 11, 23, 2, 14, 5, 120000, UTC)
    assert press.age_ms == 350


def test_a_time_is_written_as_the_protocol_writes_it() -> None:
    press = AlarmMessage(
        id="0123456789abcdef-1", kind=AlarmKind.PRESS, at=datetime(2026, 11, 23, 2, 14, 5, 120000, UTC)
    )

    assert b'"at":"2026-11-23T02:14:05.120Z"' in serialize_message(press)


@pytest.mark.parametrize(
    ("payload", "reason", "message_id"),
    [
        (b" " * 4097, "too-long", None),
        (b"\xff\xfe", "not-utf8", None),
        (b"", "not-json", None),
        (b"help!", "not-json", None),
        (b"[" * 4000, "not-json", None),
        (b"[]", "not-an-object", None),
        (b'"press"', "not-an-object", None),
        (b'{"v":2,"id":"x-1","kind":"press"}', "unknown-version", "x-1"),
        (b'{"v":true,"id":"x-1","kind":"press"}', "unknown-version", "x-1"),
        (b'{"id":"x-1","kind":"press"}', "unknown-version", "x-1"),
        (b'{"v":1,"kind":"press"}', "missing-field", None),
        (b'{"v":1,"id":"x-1"}', "missing-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"shout"}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"cancel"}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"press","seq":true}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"press","battery":NaN}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"press","at":"2026-11-23T02:14:05"}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"press","at":1795400000}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"press","at":"0001-01-01T00:00:00+23:59"}', "bad-field", "x-1"),
        (b'{"v":1,"id":"x-1","kind":"press","at":"9999-12-31T23:59:60Z"}', "bad-field", "x-1"),
    ],
)
def test_an_unreadable_press_says_why_and_keeps_its_id(payload: bytes, reason: str, message_id: str | None) -> None:
    with pytest.raises(Unreadable) as raised:
        parse_message(Kind.ALARM, payload)

    assert (raised.value.reason, raised.value.message_id) == (reason, message_id)


def test_what_is_wrong_is_named_without_repeating_it() -> None:
    with pytest.raises(Unreadable) as raised:
        parse_message(Kind.VISIT, b'{"v":1,"id":"x-1","token":"secret card!","what":"arrive"}')

    assert raised.value.detail.startswith("token: ")
    assert "secret" not in str(raised.value)


def test_a_newer_device_s_extra_field_is_ignored() -> None:
    assert parse_message(Kind.ALARM, b'{"v":1,"id":"x-1","kind":"press","heart":72}').id == "x-1"


def test_we_send_nothing_that_is_not_in_the_contract() -> None:
    with pytest.raises(ValueError, match="heart"):
        AlarmMessage.model_validate({"id": "x-1", "kind": AlarmKind.PRESS, "heart": 72})


def test_a_leap_second_is_the_next_minute() -> None:
    press = parse_message(Kind.ALARM, b'{"v":1,"id":"x-1","kind":"press","at":"2016-12-31T23:59:60Z"}')

    assert press.at == datetime(2017, 1, 1, tzinfo=UTC)


def test_a_duplicate_of_a_committed_press_counts_as_committed() -> None:
    assert Ack(id="x-1", status=AckStatus.DUPLICATE, of=AckStatus.COMMITTED).is_committed
    assert not Ack(id="x-1", status=AckStatus.DUPLICATE, of=AckStatus.SPOOLED).is_committed


def test_a_message_too_long_to_be_read_is_not_sent() -> None:
    wordy = Cmd(nonce="n-1", do=Do.SAY, args={f"line-{n}": "长" * 200 for n in range(8)})

    with pytest.raises(ValueError, match="at most 4096"):
        serialize_message(wordy)


def test_each_message_has_a_schema_that_allows_newer_fields() -> None:
    schemas = json_schemas()

    assert set(schemas) == {kind.value for kind in Kind}
    assert "additionalProperties" not in schemas["alarm"]
    assert schemas["alarm"]["required"] == ["v", "id", "kind"]
