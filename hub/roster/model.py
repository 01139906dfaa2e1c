"""What is a shift, and which duties are there?"""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from hub.access.model import Role
from hub.kit.ids import AccountId


class Duty(StrEnum):
    """What somebody is on duty as."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    CENTRE_STAFF = "centre_staff"
    LEAD = "lead"


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's duty from one time to another; `to_at` is when it ended, if it ended early."""

    id: str
    account_id: AccountId
    duty: Duty
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class DailyShift:
    """A duty on every day, in the centre's wall time; `to` at or before `from_` means the next day."""

    account_id: AccountId
    duty: Duty
    from_: time
    to: time


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nobody has this duty."""

    duty: Duty
    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A time from one moment to another, such as the opening hours of one day."""

    from_at: datetime
    to_at: datetime


@dataclass(frozen=True, slots=True)
class RosterEnd:
    """The end of the last shift that is written of a duty."""

    duty: Duty
    at: datetime


@dataclass(frozen=True, slots=True)
class Posts:
    """Everybody of a centre who can be asked to come at one moment: by duty, and by the role that is a fixed post."""

    on_duty: tuple[tuple[Duty, AccountId], ...]
    roles: tuple[tuple[str, AccountId], ...]

    def with_duty(self, duty: Duty) -> tuple[AccountId, ...]:
        """Who has this duty now, each once. The lead's is a fixed post: without a shift every lead has it."""
        found = tuple(dict.fromkeys(account for having, account in self.on_duty if having is duty))
        return self.with_role(Role.LEAD) if duty is Duty.LEAD and not found else found

    def with_role(self, role: str) -> tuple[AccountId, ...]:
        """Every active account with this role."""
        return tuple(account for having, account in self.roles if having == role)
