"""Which tiers may a centre write, and what does it get while it has written none?

A policy is a row of `escalation_policy`; its `tiers` are a JSON list of
`{"wait_seconds": 30, "targets": ["board", "duty:primary", "lamp:corridor"]}`.
"""

import re
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from hub.access.model import Role
from hub.alarms.errors import WrongPolicy
from hub.alarms.escalation import OPENING_HOURS, OUT_OF_HOURS
from hub.alarms.model import Policy, Step
from hub.centre.model import Applies
from hub.kit.mistakes.error_messages import not_among
from hub.kit.mistakes.model import WrongValue
from hub.kit.mistakes.reading import explain_values
from hub.roster.model import Duty

CALLED_ROLES: Final = (Role.STAFF, Role.SOCIAL_WORKER, Role.LEAD, Role.GRID_HEAD, Role.STREET_OFFICE)
"""Roles that a tier may call; an administrator is called by her duty."""

_NAMED_TARGETS: Final = (
    "board",
    *(f"duty:{duty}" for duty in Duty),
    *(f"role:{role}" for role in CALLED_ROLES),
    *("lamp:room", "lamp:corridor", "siren:room", "siren:corridor"),
)
_DEVICE_TARGET: Final = re.compile(r"device:[a-z0-9][a-z0-9-]{0,31}")


def _require_target(target: str) -> str:
    if target not in _NAMED_TARGETS and not _DEVICE_TARGET.fullmatch(target):
        raise WrongValue(not_among(target, (*_NAMED_TARGETS, "device:ID")))
    return target


Target: TypeAlias = Annotated[str, AfterValidator(_require_target)]
"""Whom or what a tier calls. `board` is every screen, which shows each live alarm anyway. A duty is whoever has that
shift now, a role everybody who holds it. `room` is the alarm's own, `corridor` every corridor and the duty room; a
`device` is one siren or lamp by its id."""


WaitSeconds: TypeAlias = Annotated[int, Field(ge=10, le=900)]
"""How long a tier waits before the next is taken: ten seconds to answer a phone, and at most as long as the database
allows a timer (`alarm_timer_is_soon`)."""
MOST_TIERS: Final = 12


class TierIn(BaseModel):
    """One tier as it is written in a centre's file or sent by a page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wait_seconds: WaitSeconds
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]


class _TiersIn(BaseModel):
    tiers: Annotated[tuple[TierIn, ...], Field(min_length=1, max_length=MOST_TIERS)]


def parse_tiers(written: object) -> tuple[Step, ...]:
    """The tiers of a policy. Raises pydantic.ValidationError, which names the tier and what it should be."""
    return tuple(Step(tier.wait_seconds, tier.targets) for tier in _TiersIn.model_validate({"tiers": written}).tiers)


def require_tiers(steps: tuple[Step, ...]) -> None:
    """Raises WrongPolicy, with a line for each mistake, unless these are tiers as `parse_tiers` reads them."""
    try:
        parse_tiers(policy_as_json(Policy("", 0, steps))["tiers"])
    except ValidationError as error:
        raise WrongPolicy(str(explain_values(error, _TiersIn, "policy"))) from error


def called_duties(steps: tuple[Step, ...]) -> tuple[Duty, ...]:
    """Each duty that one of these tiers calls."""
    return tuple(duty for duty in Duty if any(f"duty:{duty}" in step.targets for step in steps))


def policy_as_json(policy: Policy) -> dict[str, object]:
    """The policy as JSON, for the copy that each alarm keeps."""
    tiers = [{"wait_seconds": step.wait_seconds, "targets": list(step.targets)} for step in policy.steps]
    return {"name": policy.name, "version": policy.version, "tiers": tiers}


def shipped_policy(applies: Applies) -> Policy:
    """What holds until the centre has written its own; version 0."""
    match applies:
        case Applies.OPENING_HOURS:
            return Policy("shipped", 0, OPENING_HOURS)
        case Applies.OUT_OF_HOURS:
            return Policy("shipped", 0, OUT_OF_HOURS)
