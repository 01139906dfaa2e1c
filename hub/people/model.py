"""What does the centre keep of a senior: her record, her relatives, what she has agreed to, and "not now"?"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from hub.kit.ids import AccountId, CentreId, SeniorId


class Category(StrEnum):
    """Why a senior needs special care, in the terms of the civil affairs office."""

    THREE_NO = "three_no"
    DESTITUTE = "destitute"
    MINIMUM_LIVING = "minimum_living"
    EMPTY_NEST = "empty_nest"
    LIVING_ALONE = "living_alone"
    BEREAVED_ONLY_CHILD = "bereaved_only_child"
    ORPHANED_DISABLED = "orphaned_disabled"
    ADVANCED_AGE = "advanced_age"
    DISABLED = "disabled"


class Kinship(StrEnum):
    """What a relative is to a senior."""

    DAUGHTER = "daughter"
    SON = "son"
    SPOUSE = "spouse"
    GRANDCHILD = "grandchild"
    SIBLING = "sibling"
    OTHER = "other"


class Purpose(StrEnum):
    """What a consent covers: the picture of the room she is in, where she is, her alarms."""

    LIVE_VIDEO = "live_video"
    WHEREABOUTS = "whereabouts"
    ALARMS = "alarms"


CONSENT_ENDS: Final = "consent-ends"
"""The kind of the job that ends a consent at its time."""


VETO_ENDS: Final = "veto-ends"
"""The kind of the job that ends a "not now" at its time."""


class VetoSource(StrEnum):
    """How a senior said "not now"."""

    TABLET = "tablet"
    CARD = "card"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class SeniorRecord:
    """What the centre keeps of one senior. `card_token` is the opaque number of her card."""

    id: SeniorId
    centre_id: CentreId
    name: str
    address_as: str
    address_as_en: str
    born_on: date | None
    categories: tuple[Category, ...]
    home_address: str
    access_notes: str
    risks: str
    hearing: str
    language: str
    card_token: str | None
    objects_to_being_seen: bool


@dataclass(frozen=True, slots=True)
class RelationRecord:
    """Who is whose relative; `confirmed_by` None: nobody confirms it now."""

    account_id: AccountId
    senior_id: SeniorId
    kinship: Kinship
    confirmed_by: AccountId | None
    blocked: bool


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """What a senior agreed to, for whom, who explained it to her in which language, and who was there.

    `ends_at` None: until she withdraws it.
    """

    senior_id: SeniorId
    account_id: AccountId
    purpose: Purpose
    explained_by: AccountId
    language: str
    witness: str
    text_version: str
    ends_at: datetime | None = None
