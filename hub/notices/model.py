"""What a notice is: a technical or low-priority matter (P3, P4) that stands until it is over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from hub.kit.ids import CentreId, NoticeId

OCCURRENCES: Final = frozenset(
    {
        "clock-set",
        "message-id-reused",
        "message-unreadable",
        "press-retained",
        "row-parked",
        "telemetry-shed",
        "unknown-card",
        "wrong-credentials",
    }
)
"""Codes of what happens and has no end that anybody could see. It is over when it has not happened for a while."""
CLOCK_BEHIND: Final = "clock-behind"
"""`newest` says, as ISO 8601, what the clock has to reach."""
QUIET_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Raised:
    """A matter to notice. Pages have the words of `code`; `subject` is `device:b-01`, `room:gym` or `hub`."""

    centre_id: CentreId
    code: str
    subject: str
    priority: str = "P3"
    params: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """A row: when it was first and last raised, how often, and when it was over."""

    id: NoticeId
    centre_id: CentreId
    code: str
    priority: str
    subject: str
    params: Mapping[str, str | int | float]
    raised_at: datetime
    last_at: datetime
    times: int
    cleared_at: datetime | None
