"""What can a channel say of a message it was given? One file for each kind of channel."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeAlias

from hub.notifications.model import LeasedNotification


@dataclass(frozen=True, slots=True)
class SendAccepted:
    """The provider has it: HTTP or SMTP success, and success in the body where a body says anything."""

    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class SendRetry:
    """Not now: the same message over the same channel may work in a moment. `reason` is a code.

    `hung`: nobody answered within the time. `pause_seconds`: the provider wants no message for so long.
    """

    reason: str
    hung: bool = False
    pause_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class SendRefused:
    """Never: the channel refuses this message or this address. `reason` is a code."""

    reason: str


Result: TypeAlias = SendAccepted | SendRetry | SendRefused


@dataclass(frozen=True, slots=True)
class AcceptUrls:
    """Two ways to one answer: `page` asks a person first, `api` is what a program posts to."""

    page: str
    api: str

    @classmethod
    def of(cls, public_url: str, token: str) -> "AcceptUrls":
        """The addresses of the link with this token."""
        return cls(page=f"{public_url}/#take/{token}", api=f"{public_url}/api/a/{token}")


class Channel(Protocol):
    """A way to people. Answers within `SEND_WITHIN`; never raises for what the world does."""

    async def send(self, outgoing: LeasedNotification, accept: AcceptUrls | None, now: datetime) -> Result:
        """Hand `outgoing` to the provider."""
        ...


SEND_WITHIN = 5.0
"""Seconds. A provider that needs longer is retried."""

HUNG: Final = SendRetry("timeout", hung=True)
