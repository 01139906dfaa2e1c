"""What the prover of shares sends, and how it judges."""

from __future__ import annotations

import math

import pytest

from hub.mqtt import codec
from hub.mqtt.codec import Connect, Publish
from hub.mqtt.parser import Parser
from simulators.prove.packets import connect_packet, publish_packet
from simulators.prove.shares import Share, percentile_of


def test_a_flood_sends_what_a_broker_reads() -> None:
    parser = Parser()
    parser.add(connect_packet("b-1", "b-001", "secret"))
    parser.add(publish_packet("anling/v1/jq/alarm/b-001", b"x" * 300, qos=1, packet_id=513))
    parser.add(publish_packet("anling/v1/jq/tele/t-01", b"{}", qos=0, packet_id=7))

    connect, press, reading = parser.packets()

    assert connect == Connect("b-1", True, 60, None, "b-001", "secret")
    assert press == Publish("anling/v1/jq/alarm/b-001", b"x" * 300, qos=1, packet_id=513)
    assert reading == Publish("anling/v1/jq/tele/t-01", b"{}")
    assert codec.PUBACK_HEAD == b"\x40\x02"  # four bytes each, as a flood counts them


@pytest.mark.parametrize(
    ("values", "share", "value"),
    [([3.0, 1.0, 2.0], 0.99, 3.0), ([1.0], 0.5, 1.0), ([float(n) for n in range(1, 101)], 0.99, 99.0)],
)
def test_a_percentile_is_a_value_that_was_measured(values: list[float], share: float, value: float) -> None:
    assert percentile_of(values, share) == value


def test_without_an_answer_a_percentile_is_without_end() -> None:
    assert percentile_of([], 0.99) == math.inf


@pytest.mark.parametrize(
    ("canary", "quiet", "refused", "is_fair"),
    [(250, 10, 0, True), (251, 10, 0, False), (500, 100, 0, True), (501, 100, 0, False), (20, 10, 1, False)],
)
def test_a_share_is_fair_within_250_ms_or_five_times_quiet(
    canary: float, quiet: float, refused: int, is_fair: bool
) -> None:
    assert Share(canary, quiet, refused, presses=40, taps=20).is_fair == is_fair
