"""What does a rule remember about one room, senior or device? A row of `rule_state`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from hub.kit.ids import CentreId, DeviceId, RoomId, SeniorId
from hub.rules.model import Priority

StateKey: TypeAlias = tuple[str, str]
"""(rule id, subject such as "room:gym"): what state is kept by, and the order in which rows are locked."""


class RuleStage(StrEnum):
    """Where a rule stands with one subject."""

    IDLE = "idle"  # nothing holds
    PENDING = "pending"  # holds, or waited for, since `since_at`; counts at `due_at`
    FIRING = "firing"  # a finding stands


@dataclass(frozen=True, slots=True)
class RuleMemory:
    """The state of one rule for one subject, and who spoke last, for the words of a finding."""

    rule_id: str
    key: str
    priority: Priority
    centre_id: CentreId
    device_id: DeviceId
    senior_id: SeniorId | None
    room_id: RoomId | None
    stage: RuleStage = RuleStage.IDLE
    since_at: datetime | None = None
    due_at: datetime | None = None
    last_at: datetime | None = None  # of the last message that counted, while not idle
    value: float | None = None
    blind_interval: timedelta = timedelta()  # of the time since `since_at`: nothing could be received
    unknown: bool = False  # a notice stands that the rule cannot be evaluated

    def at_rest(self) -> RuleMemory:
        """The same subject with nothing holding. It forgets when and what, so that a quiet reading changes no row."""
        quiet = replace(self, stage=RuleStage.IDLE, since_at=None, due_at=None)
        return replace(quiet, last_at=None, value=None, blind_interval=timedelta())

    def is_due(self, now: datetime) -> bool:
        """Whether what was waited for has been waited out at `now`."""
        return self.stage is RuleStage.PENDING and self.due_at is not None and self.due_at <= now
