"""Which tiers call people and find nobody?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.access.model import Role
from hub.alarms.policy_service import policies_in_force
from hub.centre.model import Applies
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId
from hub.roster import service as roster
from hub.roster.model import Duty, Posts, Shift


@dataclass(frozen=True, slots=True)
class EmptyTier:
    """A tier of these hours whose duties and roles nobody has. `number` counts from 1."""

    applies: Applies
    number: int
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Staffing:
    """Who can be named: those who hold a role now, and those who have a shift within the next 14 days."""

    posts: Posts
    shifts: tuple[Shift, ...]
    without: AccountId | None = None

    def has(self, target: str) -> bool:
        """Whether anybody is, or will be, whom the target names."""
        kind, _, name = target.partition(":")
        if kind == "role":
            return self._any(self.posts.with_role(name))
        return self._any(shift.account_id for shift in self.shifts if shift.duty == name) or (
            name == Duty.LEAD and self._any(self.posts.with_role(Role.LEAD))
        )

    def _any(self, accounts: Iterable[AccountId]) -> bool:
        return any(account != self.without for account in accounts)


async def empty_tiers(
    conn: Conn, centre_id: CentreId, now: datetime, *, without: AccountId | None = None
) -> list[EmptyTier]:
    """The tiers that call people and find nobody, now or on a shift of the next 14 days; `without` counts as gone."""
    posts = await roster.find_posts(conn, centre_id, now)
    staffing = _Staffing(posts, tuple(await roster.shifts_ahead(conn, centre_id, now)), without)
    return [
        EmptyTier(applies, number, called)
        for applies, policy in (await policies_in_force(conn, centre_id)).items()
        for number, step in enumerate(policy.steps, 1)
        if (called := _people_among(step.targets)) and not any(staffing.has(target) for target in called)
    ]


def _people_among(targets: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the targets that are people."""
    return tuple(target for target in targets if target.partition(":")[0] in {"duty", "role"})
