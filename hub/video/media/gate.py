"""May this packet leave now? A lease that the hub renews, and the moment before which nothing may be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.video.model import LEASE_SECONDS


@dataclass(frozen=True, slots=True)
class Gate:
    """What one viewing may be sent; moments in monotonic seconds.

    Only what was captured at or after `allowed_since` passes, only before `lease_until`, and nothing once it is closed.
    """

    allowed_since: float
    lease_until: float
    is_shut: bool = False

    def passes(self, captured_at: float, now: float) -> bool:
        """Whether a packet of a picture captured then may leave now; first sending and retransmission alike."""
        return self.is_leased(now) and captured_at >= self.allowed_since

    def is_leased(self, now: float) -> bool:
        return not self.is_shut and now < self.lease_until


def open_gate(as_of: float, held_seconds: float, now: float) -> Gate:
    """The gate of a new viewing whose grant had held for `held_seconds` at `as_of`."""
    at = min(as_of, now)
    return Gate(allowed_since=at - held_seconds, lease_until=at + LEASE_SECONDS)


def renew_gate(gate: Gate, as_of: float, now: float) -> Gate:
    """The gate after the hub found at `as_of` that the grant still holds.

    Where the lease had run out nobody knows what happened since: only what is captured from now on may be shown.
    """
    if gate.is_shut:
        return gate
    allowed_since = gate.allowed_since if gate.is_leased(now) else now
    return Gate(allowed_since, max(gate.lease_until, min(as_of, now) + LEASE_SECONDS))


def shut_gate(gate: Gate) -> Gate:
    """The gate after the viewing ended: for ever."""
    return replace(gate, is_shut=True)
