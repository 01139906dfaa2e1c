"""Which kind of press was that? Pure: the moments at which a contact closed and opened."""

from dataclasses import dataclass
from typing import Final

from devices.contract.messages import AlarmKind

DOUBLE_WITHIN: Final = 0.6  # seconds from one closing to the next
LONG_FROM: Final = 2.0  # seconds between closing and opening
BOUNCE: Final = 0.03  # seconds in which a contact that closes may open and close again


@dataclass(frozen=True, slots=True)
class Contact:
    """When the contact closed last; None: never."""

    closed_at: float | None = None


def close_contact(contact: Contact, at: float) -> tuple[Contact, AlarmKind | None]:
    """The contact closed: a call, said at once. What comes after can only add to it, never hold it back."""
    since = None if contact.closed_at is None else at - contact.closed_at
    if since is not None and since < BOUNCE:
        return contact, None
    is_second = since is not None and since <= DOUBLE_WITHIN
    return Contact(at), AlarmKind.DOUBLE_PRESS if is_second else AlarmKind.PRESS


def open_contact(contact: Contact, at: float) -> AlarmKind | None:
    """The contact opened: a long press adds its own call."""
    if contact.closed_at is None or at - contact.closed_at < LONG_FROM:
        return None
    return AlarmKind.LONG_PRESS
