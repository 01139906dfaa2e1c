"""Whether a packet may leave, and the laws of a lease."""

from hypothesis import given
from hypothesis import strategies as st

from hub.video.media.gate import Gate, open_gate, renew_gate, shut_gate
from hub.video.model import LEASE_SECONDS, Picture

moments = st.floats(0, 1000)
pictures = st.sampled_from(Picture)
gates = st.builds(Gate, moments, moments, pictures, st.booleans())

CLEAR, BLURRED = Picture.CLEAR, Picture.BLURRED


def test_a_new_viewing_is_shown_what_its_grant_has_held_for() -> None:
    gate = open_gate(CLEAR, as_of=100.0, held_seconds=5.0, now=100.01)

    assert gate.passes(CLEAR, 95.0, 100.1)
    assert not gate.passes(CLEAR, 94.9, 100.1)


def test_a_lease_runs_out() -> None:
    gate = open_gate(CLEAR, as_of=100.0, held_seconds=5.0, now=100.0)

    assert gate.passes(CLEAR, 100.0, 100.79)
    assert not gate.passes(CLEAR, 100.0, 100.8)


def test_a_renewal_that_lay_in_a_socket_is_worth_less() -> None:
    gate = renew_gate(open_gate(CLEAR, as_of=100.0, held_seconds=5.0, now=100.0), CLEAR, as_of=100.25, now=100.7)

    assert gate.is_leased(101.04)
    assert not gate.is_leased(101.05)


def test_after_a_gap_only_what_is_captured_from_then_on_passes() -> None:
    gate = renew_gate(open_gate(CLEAR, as_of=100.0, held_seconds=5.0, now=100.0), CLEAR, as_of=103.0, now=103.0)

    assert not gate.passes(CLEAR, 102.9, 103.1)
    assert gate.passes(CLEAR, 103.0, 103.1)


def test_what_was_captured_while_only_a_blurred_picture_was_granted_is_not_shown_clear_afterwards() -> None:
    blurred = renew_gate(open_gate(CLEAR, as_of=100.0, held_seconds=5.0, now=100.0), BLURRED, as_of=100.2, now=100.2)
    gate = renew_gate(blurred, CLEAR, as_of=100.4, now=100.4)

    assert not gate.passes(CLEAR, 100.3, 100.5)
    assert gate.passes(CLEAR, 100.4, 100.5)


def test_whoever_may_see_the_room_clear_may_see_it_blurred() -> None:
    gate = renew_gate(open_gate(CLEAR, as_of=100.0, held_seconds=5.0, now=100.0), BLURRED, as_of=100.2, now=100.2)

    assert gate.passes(BLURRED, 95.0, 100.3)


@given(gates, moments, moments, moments, moments)
def test_nothing_clear_passes_while_a_blurred_picture_is_granted(
    gate: Gate, as_of: float, at: float, captured_at: float, now: float
) -> None:
    assert not open_gate(BLURRED, as_of, 5.0, at).passes(CLEAR, captured_at, now)
    assert not renew_gate(gate, BLURRED, as_of, at).passes(CLEAR, captured_at, now)


@given(gates, pictures, moments, moments, moments, moments)
def test_a_shut_gate_stays_shut(
    gate: Gate, picture: Picture, as_of: float, at: float, captured_at: float, now: float
) -> None:
    assert not renew_gate(shut_gate(gate), picture, as_of, at).passes(CLEAR, captured_at, now)


@given(gates, moments, moments, moments, moments)
def test_a_renewal_never_lets_through_what_was_captured_before_a_gap(
    gate: Gate, as_of: float, now: float, captured_at: float, later: float
) -> None:
    after = renew_gate(gate, CLEAR, as_of, now)

    if not gate.is_leased(now) and captured_at < now:
        assert not after.passes(CLEAR, captured_at, later)


@given(gates, moments, moments)
def test_no_lease_lasts_longer_than_its_facts_are_young(gate: Gate, as_of: float, now: float) -> None:
    after = renew_gate(gate, CLEAR, as_of, now)

    assert after.lease_until <= max(gate.lease_until, min(as_of, now) + LEASE_SECONDS)
