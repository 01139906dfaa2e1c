"""What is a notification, and how far can it get?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from hub.kit.ids import AccountId, AlarmId, CentreId, OrganisationId


class Template(StrEnum):
    """What a responder is told; `texts` has the words."""

    ALARM = "alarm"  # somebody needs help, take it
    AGAIN = "again"  # nobody has taken it yet
    LAPSED = "lapsed"  # whoever took it did not come
    TAKEN = "taken"  # somebody else has taken it
    ARRIVE_NUDGE = "arrive-nudge"  # to owner and lead: nobody is there yet
    PRESSED_AGAIN = "pressed-again"  # to owner and lead: she called again
    RESOLVE_NUDGE = "resolve-nudge"  # to owner and lead: no outcome yet
    RESOLVED = "resolved"  # all clear
    UNRECORDED = "unrecorded"  # the database is down: go and see; sent from memory, never a row
    LAST_RESORT = "last-resort"  # to all recipients: an alarm cannot be processed, open the board

    @property
    def rings(self) -> bool:
        """Whether it asks somebody to take the alarm; it is withdrawn once somebody has."""
        return self in RINGING


LAST_RESORT_AFTER: Final = 100_000
"""Tellings of the last resort are counted after this: an alarm that works again goes on with its own numbers."""
RINGING: Final = frozenset({Template.ALARM, Template.AGAIN, Template.LAPSED, Template.UNRECORDED})


class NotificationState(StrEnum):
    """How far a notification has got. Told means taken or later."""

    QUEUED = "queued"  # until `next_at`, before the first attempt and between two
    LEASED = "leased"
    TAKEN = "taken"
    DELIVERED = "delivered"
    READ = "read"
    ANSWERED = "answered"
    REFUSED = "refused"  # over this channel; the next one has it
    DEAD = "dead"  # no channel is left, or (`unwanted`, code `withdrawn`) nobody needs it any more


@dataclass(frozen=True, slots=True)
class AlarmFacts:
    """What a message may say of an alarm: who, where, how urgent. Nothing else of a senior can get into one.

    `summary` is the finding's text per language; `pressed` the centre's local time of a late press, else empty.
    `owner` are the names of whoever has taken it, `owner_id` is that account: two people may have one name.
    """

    number: str
    priority: str
    klass: str
    state: str
    summary: Mapping[str, str]
    owner: Mapping[str, str]
    outcome: str
    times_pressed: int
    pressed: str
    drill: bool
    owner_id: AccountId | None = None  # messages that an earlier hub queued have none

    def asks(self, template: Template, account_id: AccountId) -> bool:
        """Whether the message waits for an answer of this account: a call for anybody's, pressed again for the owner's.

        Only then it carries a link; the others are told.
        """
        return template.rings or (template is Template.PRESSED_AGAIN and self.owner_id == account_id)


@dataclass(frozen=True, slots=True)
class Telling:
    """Tell these people this of one alarm. `n` counts the tellings of the alarm: `#23-07·n`."""

    centre_id: CentreId
    alarm_id: AlarmId
    n: int
    account_ids: tuple[AccountId, ...]
    template: Template
    facts: AlarmFacts


class ChannelName(StrEnum):
    """The ways by which a message travels to a person; `channels` has a file for each."""

    WEBHOOK = "webhook"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """One way to reach an account, as the centre writes it down: see `addresses` for what an address may be."""

    channel: ChannelName
    address: str


@dataclass(frozen=True, slots=True)
class ContactMethod:
    """One way to reach an account. `works`: verified, and its last test did not fail."""

    id: str
    account_id: AccountId
    channel: str
    works: bool


@dataclass(frozen=True, slots=True)
class Reachable:
    """Who of a centre can be told: by a channel that works, and by any channel at all."""

    works: frozenset[AccountId]
    any_channel: tuple[AccountId, ...]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for."""

    account_id: AccountId
    organisation_id: OrganisationId | None
    name: str
    phone: str
    language: str
    address: str


@dataclass(frozen=True, slots=True)
class ContactRoute:
    """A working way to reach somebody."""

    channel: str
    to: Recipient


@dataclass(frozen=True, slots=True)
class LeasedNotification:
    """A leased notification: what a channel needs to send it. `token` opens the accept link, where there is one."""

    id: str
    centre_id: CentreId
    alarm_id: AlarmId
    n: int
    channel: str
    template: Template
    facts: AlarmFacts
    to: Recipient
    tries: int
    made_at: datetime
    token: str | None

    @property
    def asks(self) -> bool:
        """Whether it waits for an answer of whom it is for."""
        return self.facts.asks(self.template, self.to.account_id)


@dataclass(frozen=True, slots=True)
class AcceptLink:
    """What an accept link is about: one alarm, one account, until when."""

    alarm_id: AlarmId
    account_id: AccountId
    notification_id: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """How far the telling of one person has got."""

    alarm_id: AlarmId
    account_id: AccountId
    name: str
    name_en: str
    state: NotificationState


class OutageState(StrEnum):
    """How the hub itself is, as its supervisor tells people who are on no alarm."""

    DOWN = "hub.down"
    BACK = "hub.back"


@dataclass(frozen=True, slots=True)
class OutageMessage:
    """One message to one person about the hub itself; repeated attempts have the same id."""

    id: str
    state: OutageState
    to: Recipient


@dataclass(frozen=True, slots=True)
class LastResortContact:
    """Where somebody is told without a database: as it was when it was read last."""

    channel: ChannelName
    to: Recipient
