"""May this packet leave now? A lease that the hub renews, from which moment on, and whether clear or blurred."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hub.video.model import LEASE_SECONDS, Picture


@dataclass(frozen=True, slots=True)
class Gate:
    """What one viewing may be sent; moments in monotonic seconds.

    Only what was captured at or after `allowed_since` passes, only before `lease_until`, and nothing once it is closed;
    a clear picture only where `picture`, which the hub granted last, is a clear one.
    """

    allowed_since: float
    lease_until: float
    picture: Picture
    is_shut: bool = False

    def passes(self, shown: Picture, captured_at: float, now: float) -> bool:
        """Whether a packet of a picture captured then may leave now; first sending and retransmission alike."""
        if shown is Picture.CLEAR and self.picture is not Picture.CLEAR:
            return False
        return self.is_leased(now) and captured_at >= self.allowed_since

    def is_leased(self, now: float) -> bool:
        return not self.is_shut and now < self.lease_until


def open_gate(picture: Picture, as_of: float, held_seconds: float, now: float) -> Gate:
    """The gate of a new viewing whose grant had held for `held_seconds` at `as_of`."""
    at = min(as_of, now)
    return Gate(allowed_since=at - held_seconds, lease_until=at + LEASE_SECONDS, picture=picture)


def renew_gate(gate: Gate, picture: Picture, as_of: float, now: float) -> Gate:
    """The gate after the hub found at `as_of` that the grant still holds, for this picture.

    Where the lease had run out nobody knows what happened since, and where only a blurred picture was granted nothing
    clear was allowed: then only what is captured from now on may be shown.
    """
    if gate.is_shut:
        return gate
    has_held = gate.is_leased(now) and gate.picture in (picture, Picture.CLEAR)
    allowed_since = gate.allowed_since if has_held else now
    return Gate(allowed_since, max(gate.lease_until, min(as_of, now) + LEASE_SECONDS), picture)


def shut_gate(gate: Gate) -> Gate:
    """The gate after the viewing ended: for ever."""
    return replace(gate, is_shut=True)
