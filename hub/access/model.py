"""Who is asking? Roles, the two kinds of session, and what is known of a person when a question is decided."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from hub.kit.ids import AccountId, CentreId, OrganisationId, SeniorId


class Role(StrEnum):
    """What somebody is to the centre."""

    STAFF = "staff"
    SOCIAL_WORKER = "social_worker"
    LEAD = "lead"
    GRID_HEAD = "grid_head"
    STREET_OFFICE = "street_office"
    FAMILY = "family"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"

    @property
    def may_respond(self) -> bool:
        """Whether somebody with this role may be on duty and take alarms."""
        return self not in (Role.FAMILY, Role.AUDITOR)


RESPONDING_ROLES: Final = tuple(role for role in Role if role.may_respond)


def needs_phone(role: Role) -> bool:
    """Whether an account with this role needs a telephone number: its last four digits open a family's invitation."""
    return role is Role.FAMILY


class SessionKind(StrEnum):
    """Two sessions may live in one browser: the one of the staff pages and the one of the family pages."""

    STAFF = "staff"
    FAMILY = "family"


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """An account as the centre writes it down. `password_hash` and `simulated` count while the account is new."""

    id: AccountId
    centre_id: CentreId
    organisation_id: OrganisationId | None
    role: Role
    name: str
    name_en: str
    phone: str
    email: str
    language: str
    password_hash: str | None
    simulated: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """An account's tie to a senior; it counts once staff have confirmed it and while nobody has blocked it."""

    senior_id: SeniorId
    confirmed_at: datetime | None
    blocked_at: datetime | None

    def holds(self, now: datetime) -> bool:
        """Whether it is confirmed and not blocked at `now`."""
        return self.confirmed_at is not None and self.confirmed_at <= now and not self.is_blocked(now)

    def is_blocked(self, now: datetime) -> bool:
        """Whether staff have blocked it."""
        return self.blocked_at is not None and self.blocked_at <= now


@dataclass(frozen=True, slots=True)
class Subject:
    """One signed-in account, as the database knew it when the request came in.

    `signed_in_until` is the moment the session ends if nothing else happens. `relations` are filled in by whoever asks
    about a senior.
    """

    account_id: AccountId
    centre_id: CentreId
    role: Role
    kind: SessionKind
    active: bool
    signed_in_until: datetime
    relations: tuple[Relation, ...] = ()

    def relation_to(self, senior_id: SeniorId) -> Relation | None:
        """The tie to this senior, confirmed or not; None without one."""
        return next((relation for relation in self.relations if relation.senior_id == senior_id), None)


@dataclass(frozen=True, slots=True)
class FirstAdministratorWish:
    """How the first administrator wants to be called and to sign in; `centre_id` is None before the first import.

    `replaces`: the cookie of the session that her browser had.
    """

    centre_id: CentreId | None
    name: str
    password: str
    replaces: str | None = None
