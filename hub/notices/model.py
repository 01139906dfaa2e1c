"""What a notice is: a technical or low-priority matter (P3, P4) that stands until it is over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hub.kit.ids import CentreId, NoticeId


class NoticeCode(StrEnum):
    """What the hub notices by itself. Rules, shipped or a centre's own, add their ids and bring their own words."""

    BACKUP_FAILED = "backup-failed"
    BROKER_AWAY = "broker-away"
    CAMERA_DARK = "camera-dark"
    CAMERA_SILENT = "camera-silent"
    CAMERA_UNUSABLE = "camera-unusable"
    CLOCK_AHEAD = "clock-ahead"  # so far after everything that is known that it may be wrong: nothing is deleted
    CLOCK_BEHIND = "clock-behind"
    CLOCK_SET = "clock-set"
    COMMAND_UNPROVEN = "command-unproven"
    DEVICE_OFF = "device-off"  # said as long as nobody watches it; `until` says when it comes back
    MESSAGE_ID_REUSED = "message-id-reused"
    MESSAGE_REFUSED = "message-refused"  # by the built-in broker; `why` is one of its `Refusal`s, `detail` its reason
    MESSAGE_UNREADABLE = "message-unreadable"
    PRESS_FLOOD = "press-flood"  # more often than a hand can; its presses ring all the same
    PRESS_RETAINED = "press-retained"
    PRESS_UNKEPT = "press-unkept"  # it could not be stored, not even as undecodable; its device repeats it
    RESTORED = "restored"  # from a backup; `until` says until when what happened is in it
    ROSTER_GAP = "roster-gap"
    ROW_PARKED = "row-parked"
    RULE_CANNOT_BE_EVALUATED = "rule-cannot-be-evaluated"
    RULE_FILES_NOT_LOADED = "rule-files-not-loaded"
    SPOOL_UNUSABLE = "spool-unusable"  # its file cannot be made: presses wait for the database
    TASK_FAILED = "task-failed"
    TELEMETRY_SHED = "telemetry-shed"
    TRIGGER_SILENT = "trigger-silent"
    UNKNOWN_CARD = "unknown-card"
    UNTOLD = "untold"
    VALUE_LEFT_OUT = "value-left-out"  # a message was read without some of its values, which `values` names
    VISIT_LEFT_OPEN = "visit-left-open"
    WRONG_CREDENTIALS = "wrong-credentials"
    WRONG_PASSWORDS = "wrong-passwords"  # of a person's account; `refused` says how many within a minute


class Priority(StrEnum):
    """How urgent: P1 and P2 are alarms, P3 and P4 are notices."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"

    @property
    def is_alarm(self) -> bool:
        """Whether a human is needed now."""
        return self in (Priority.P1, Priority.P2)


class NoticePriority(StrEnum):
    """How urgent a notice is."""

    P3 = Priority.P3
    P4 = Priority.P4


OCCURRENCES: Final = frozenset(
    {
        NoticeCode.CLOCK_SET,
        NoticeCode.MESSAGE_ID_REUSED,
        NoticeCode.MESSAGE_REFUSED,
        NoticeCode.MESSAGE_UNREADABLE,
        NoticeCode.PRESS_FLOOD,
        NoticeCode.PRESS_RETAINED,
        NoticeCode.PRESS_UNKEPT,
        NoticeCode.TELEMETRY_SHED,
        NoticeCode.UNKNOWN_CARD,
        NoticeCode.VALUE_LEFT_OUT,
        NoticeCode.WRONG_CREDENTIALS,
        NoticeCode.WRONG_PASSWORDS,
    }
)
"""Codes of what happens and has no end that anybody could see. It is over when it has not happened for a while."""
QUIET_FOR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Raised:
    """A matter to notice: a NoticeCode, or the id of a rule of the centre. `subject` is `device:b-01` or `hub`."""

    centre_id: CentreId
    code: str
    subject: str
    priority: NoticePriority = NoticePriority.P3
    params: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """A row: when it was first and last raised, how often, and when it was over."""

    id: NoticeId
    centre_id: CentreId
    code: str
    priority: NoticePriority
    subject: str
    params: Mapping[str, str | int | float]
    raised_at: datetime
    last_at: datetime
    times: int
    cleared_at: datetime | None
