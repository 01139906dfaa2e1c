"""What is written into the spool is what is read from it, whatever else its file holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.spool_records import ALIGNMENT, SpoolRecord, encode_record, number_records, read_records
from hub.mqtt.model import Inbound
from simulators.prove.spool import list_spooled

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PRESS = b'{"v":1,"id":"9f3c2a7be41d0c55-1042","seq":1042,"kind":"press"}'
TOPIC = "anling/v1/jq/alarm/b-01"
INBOUNDS = st.builds(
    Inbound,
    topic=st.sampled_from([TOPIC, "anling/v1/jq/alarm/b-02"]),
    payload=st.binary(max_size=2000),
    qos=st.integers(0, 1),
    publisher=st.none() | st.just("b-01"),
    live_retain=st.booleans(),
    replayed=st.booleans(),
    received_at=st.integers(0, 2**40).map(lambda ms: NINE + timedelta(milliseconds=ms)),
    degraded=st.just(value=True),
)


def spooled(payload: bytes = PRESS, **changes: object) -> Inbound:
    plain = Inbound(TOPIC, payload, 1, "b-01", False, False, NINE, degraded=True)
    return replace(plain, **changes)  # type: ignore[arg-type]  # the fields of Inbound, by name


def record(seq: int, payload: bytes = PRESS) -> SpoolRecord:
    return SpoolRecord(seq, "b-01", spooled(payload))


def written(*records: SpoolRecord) -> bytes:
    return b"".join(map(encode_record, records)) + bytes(ALIGNMENT)


@given(st.lists(INBOUNDS, max_size=8), st.integers(0, 2**60))
def test_records_are_read_as_they_were_written(inbounds: list[Inbound], first: int) -> None:
    records = number_records([("b-01", inbound) for inbound in inbounds], first)
    content = written(*records)

    assert read_records(content) == records
    assert len(content) % ALIGNMENT == 0


def test_an_empty_file_and_one_of_zeros_hold_nothing() -> None:
    assert read_records(b"") == []
    assert read_records(bytes(16 * ALIGNMENT)) == []


def test_a_record_that_was_torn_does_not_count_and_those_before_it_do() -> None:
    torn = bytearray(encode_record(record(2)))
    torn[40:] = bytes(len(torn) - 40)

    assert read_records(encode_record(record(1)) + bytes(torn)) == [record(1)]


def test_a_record_that_has_rotted_costs_none_behind_it() -> None:
    rotten = bytearray(encode_record(record(2)))
    rotten[30] ^= 1

    assert read_records(encode_record(record(1)) + bytes(rotten) + written(record(3))) == [record(1), record(3)]


def test_what_an_earlier_filling_left_behind_is_no_record() -> None:
    assert read_records(encode_record(record(7)) + written(record(3))) == [record(7)]


def test_the_prover_reads_the_same_from_the_format_alone() -> None:
    content = written(record(1), SpoolRecord(2, "b-02", spooled(b"help me", received_at=NINE + timedelta(seconds=1))))

    assert list_spooled(content) == {("b-01", "9f3c2a7be41d0c55-1042"), ("b-02", "")}
