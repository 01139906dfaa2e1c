"""Is a message that was seen before a repeat, or a new call?

An id of our form (16 hex characters of a boot, a dash, a number that never restarts) names one press for ever: its
repeat is a duplicate, however late. Any other id, and undecodable bytes, may be all that a device can say:
once its alarm is over the same words are a new call, unless something says that they are old.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_OWN_FORM: Final = re.compile(r"[0-9A-Fa-f]{16}-[0-9]{1,19}")
CANCELS_AGAIN_AFTER: Final = timedelta(seconds=10)
"""What raises no alarm (a cancel, a test press in a test round) has no alarm that ends; it counts for so long."""


@dataclass(frozen=True, slots=True)
class RepeatedMessage:
    """A message that says the same as one before it; `age_ms` and `pressed_at` as far as its device says them."""

    message_id: str | None
    received_at: datetime
    is_redelivery: bool
    """DUP, or a broker that had kept it: it was sent before."""
    age_ms: int | None = None
    pressed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EarlierPress:
    """The press that the same message made; `alarm_ended_at` is None without an alarm, and while that is live."""

    received_at: datetime
    has_alarm: bool
    alarm_ended_at: datetime | None


def has_own_form(message_id: str | None) -> bool:
    """Whether this id names one press for ever."""
    return message_id is not None and _OWN_FORM.fullmatch(message_id) is not None


def is_new_call(arrival: RepeatedMessage, before: EarlierPress) -> bool:
    """Whether somebody calls anew with the words of a press that is over."""
    if arrival.is_redelivery or has_own_form(arrival.message_id):
        return False
    over_at = before.alarm_ended_at if before.has_alarm else before.received_at + CANCELS_AGAIN_AFTER
    return over_at is not None and arrival.received_at > over_at and not _reaches_back(arrival, over_at)


def _reaches_back(arrival: RepeatedMessage, over_at: datetime) -> bool:
    """Whether it was pressed before the end, by either clock of its device that is believed."""
    if arrival.age_ms is not None:
        return timedelta(milliseconds=arrival.age_ms) >= arrival.received_at - over_at
    return arrival.pressed_at is not None and arrival.pressed_at <= over_at
