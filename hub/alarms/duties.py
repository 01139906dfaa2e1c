"""Whom do the tiers need, where is nobody, and when will nobody be there?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.access.model import Role
from hub.alarms import policies, policy_store
from hub.alarms.model import Applies, Policy
from hub.centre.shown import read_shown_centre
from hub.kit.db import Conn
from hub.kit.ids import AccountId, CentreId
from hub.roster import service as roster
from hub.roster.gaps import gaps_of, gaps_within
from hub.roster.model import Duty, Gap, Posts, Shift, TimeSpan

DAY: Final = timedelta(days=1)


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
        for applies, policy in (await _read_policies(conn, centre_id)).items()
        for number, step in enumerate(policy.steps, 1)
        if (called := _people_among(step.targets)) and not any(staffing.has(target) for target in called)
    ]


async def duty_gaps(conn: Conn, centre_id: CentreId, now: datetime) -> list[Gap]:
    """When, in the next 14 days, nobody has a duty that the tiers of those hours call; by duty, in order of time.

    The lead's is a fixed post: while there is an active lead, somebody has it.
    """
    until = now + roster.LOOK_AHEAD
    shifts = await roster.shifts_ahead(conn, centre_id, now)
    is_lead_there = bool((await roster.find_posts(conn, centre_id, now)).with_role(Role.LEAD))
    hours = await _read_hours(conn, centre_id, now, until)
    wanted = _called_duties(await _read_policies(conn, centre_id))
    return [
        gap
        for duty, applies in wanted.items()
        if not (duty is Duty.LEAD and is_lead_there)
        for gap in _gaps_in_called_hours(gaps_of(shifts, duty, now, until), applies, hours)
    ]


def opening_hours(opens: time, closes: time, zone: ZoneInfo, from_at: datetime, to_at: datetime) -> list[TimeSpan]:
    """The opening hours between two moments, one for each day of the centre's clock, cut off at both ends."""
    first, last = from_at.astimezone(zone).date(), to_at.astimezone(zone).date()
    days = [first + DAY * count for count in range((last - first).days + 1)]
    whole = [TimeSpan(_moment_in_zone(day, opens, zone), _moment_in_zone(day, closes, zone)) for day in days]
    return [
        TimeSpan(max(one.from_at, from_at), min(one.to_at, to_at))
        for one in whole
        if one.from_at < to_at and from_at < one.to_at
    ]


def _moment_in_zone(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A time of day in the centre's zone; `time.max` is 24:00, as DECISIONS 5 says."""
    return datetime.combine(day, time.min, zone) + DAY if at == time.max else datetime.combine(day, at, zone)


def _closed_hours(opened: Iterable[TimeSpan], from_at: datetime, to_at: datetime) -> list[TimeSpan]:
    """What lies between the opening hours."""
    closed, shut_from = [], from_at
    for hours in opened:
        if shut_from < hours.from_at:
            closed.append(TimeSpan(shut_from, hours.from_at))
        shut_from = hours.to_at
    return [*closed, TimeSpan(shut_from, to_at)] if shut_from < to_at else closed


def _gaps_in_called_hours(
    gaps: tuple[Gap, ...], applies: frozenset[Applies], hours: Mapping[Applies, list[TimeSpan]]
) -> tuple[Gap, ...]:
    """The gaps that count, where a duty is called in these hours alone."""
    if len(applies) == len(Applies):
        return gaps
    (only,) = applies
    return gaps_within(gaps, hours[only])


async def _read_hours(conn: Conn, centre_id: CentreId, now: datetime, until: datetime) -> dict[Applies, list[TimeSpan]]:
    centre = await read_shown_centre(conn, centre_id)
    opened = opening_hours(centre.opens, centre.closes, ZoneInfo(centre.timezone), now, until)
    return {Applies.OPENING_HOURS: opened, Applies.OUT_OF_HOURS: _closed_hours(opened, now, until)}


async def _read_policies(conn: Conn, centre_id: CentreId) -> dict[Applies, Policy]:
    """The tiers that hold, of the centre or as shipped."""
    written = {applies: await policy_store.current_policy(conn, centre_id, applies) for applies in Applies}
    return {
        applies: policy if isinstance(policy, Policy) else policies.shipped_policy(applies)
        for applies, policy in written.items()
    }


def _people_among(targets: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the targets that are people."""
    return tuple(target for target in targets if target.partition(":")[0] in {"duty", "role"})


def _called_duties(held: Mapping[Applies, Policy]) -> dict[Duty, frozenset[Applies]]:
    """Each duty that the tiers call, and in which hours."""
    return {
        duty: applies
        for duty in Duty
        if (
            applies := frozenset(
                hours for hours, policy in held.items() if any(f"duty:{duty}" in step.targets for step in policy.steps)
            )
        )
    }
