"""What stands in a rule file, part by part: which keys go together, and what is said of those that do not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from hub.fleet.model import DeviceKind
from hub.kit.mistakes.error_messages import Wording, not_among
from hub.kit.mistakes.model import FaultPlace, Path, ValueFault, WrongValue, show_text
from hub.rules import texts
from hub.rules.expressions import BadExpression, Expression
from hub.rules.model import Priority, ReportedState, VisitKind
from hub.rules.rule import (
    EVENTS,
    HEARTBEAT,
    OF_MESSAGES,
    OnAbsence,
    OnEvent,
    OnReading,
    OnRosterEnd,
    Pattern,
    Per,
)
from hub.rules.safety import RESERVED_IDS

SCHEMA: Final = "anling.rules/1"
_LONGEST_WAIT: Final = timedelta(days=7)
_SHORTEST_ABSENCE: Final = timedelta(seconds=10)
_LONGEST_ROSTER: Final = timedelta(days=60)

_PATTERNS: Final = ("reading", "event", "absence", "roster")
_ONE_OF: Final = "reading, event, absence or roster"
_SUBJECTS: Final = frozenset({"room", "senior", "device", "centre"})
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION: Final = re.compile(r"(\d{1,6})([smhd])")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")

WORDING: Final = Wording(
    examples={
        "schema": SCHEMA,
        "rules": "[]",
        "id": "room-hot",
        "priority": Priority.P2,
        "on": "{reading: temperature, per: room.id}",
        "summary": "{zh-CN: '…', en: '…'}",
        "zh-CN": "'…'",
        "en": "'…'",
    },
    refused_keys={
        "defaults": ValueFault(
            "times are those of the centre itself, there are no defaults", "take `defaults` out", FaultPlace.KEY
        ),
        "inhibit_by": ValueFault(
            "rules cannot silence each other yet, and nothing will ever silence a P1 rule",
            "take `inhibit_by` out",
            FaultPlace.KEY,
        ),
        **{
            key: ValueFault(f"this version does not know `{key}`", f"use {_ONE_OF}", FaultPlace.KEY)
            for key in ("foreach", "count", "sequence", "schedule")
        },
    },
)


def _read_duration(written: object) -> timedelta:
    """A length of time such as 90s, 5m, 2h or 1d."""
    found = _DURATION.fullmatch(written) if isinstance(written, str) else None
    if found is None:
        raise WrongValue(ValueFault("is no length of time", "write a whole number and a unit, such as 90s, 5m, 2h"))
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _check_id(rule_id: str) -> str:
    if not _ID.fullmatch(rule_id):
        raise WrongValue(ValueFault("cannot be an id", "use a-z, 0-9 and -, at most 64 of them"))
    if rule_id in RESERVED_IDS:
        raise WrongValue(ValueFault("is a built-in rule, which no file can change", "use another id"))
    return rule_id


def _check_reading(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise WrongValue(ValueFault("is no name of a reading", "write a name such as temperature"))
    return name


def _check_event(event: str) -> str:
    if event not in EVENTS:
        raise WrongValue(not_among(event, sorted(EVENTS)))
    return event


def _check_absence(what: str) -> str:
    if what != HEARTBEAT and what not in EVENTS and not _NAME.fullmatch(what):
        raise WrongValue(ValueFault("is nothing that can be heard", "write heartbeat, or a reading's name"))
    return what


def _report_missing(key: str, example: str) -> WrongValue:
    return WrongValue(ValueFault(f"`{key}` is missing", f"write `{key}: {example}`", FaultPlace.WHOLE))


def _report_needless(key: str, right: str) -> WrongValue:
    return WrongValue(ValueFault(f"`{key}` has no meaning here", right, FaultPlace.KEY))


_OUT_OF_BOUNDS: Final = "is out of bounds"


class _RulePart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_keys(cls, value: object) -> object:
        """A key that is left out has a meaning, one with nothing behind it has none."""
        if isinstance(value, dict) and (empty := [key for key, given in value.items() if given is None]):
            raise WrongValue(
                *(
                    ValueFault(
                        "nothing is here",
                        f"write a value, or take {show_text(key)} out",
                        FaultPlace.WHOLE,
                        below=(key,),
                    )
                    for key in empty
                )
            )
        return value


class OnPart(_RulePart):
    """What a rule listens to. The patterns come first: what the other keys may say depends on which it is."""

    reading: Annotated[str, AfterValidator(_check_reading)] | None = None
    event: Annotated[str, AfterValidator(_check_event)] | None = None
    absence: Annotated[str, AfterValidator(_check_absence)] | None = None
    roster: Literal["ends"] | None = None
    per: Per = Field(default=None, validate_default=True)
    for_: timedelta | None = Field(default=None, alias="for", validate_default=True)
    kinds: tuple[DeviceKind, ...] | None = None
    within: timedelta | None = Field(default=None, validate_default=True)

    @field_validator("per", mode="before")
    @classmethod
    def _is_one_of_its_pattern(cls, value: object, info: ValidationInfo) -> object:
        pattern = _pattern_among(info.data)
        if value is None:
            raise _report_missing("per", "centre.id" if pattern == "roster" else "room.id")
        allowed = list(Per) if pattern is None else [Per.CENTRE] if pattern == "roster" else sorted(OF_MESSAGES)
        if value not in allowed:
            raise WrongValue(not_among(value, allowed))
        return value

    @field_validator("for_", mode="before")
    @classmethod
    def _is_the_wait_of_an_absence(cls, value: object, info: ValidationInfo) -> timedelta | None:
        match _pattern_among(info.data):
            case "reading" if value is not None:
                raise _report_needless("for", "write `for` beside `on`, not inside it")
            case "event" if value is not None:
                raise _report_needless("for", "take `for` out: an event takes no time")
            case "roster" if value is not None:
                raise _report_needless("for", "write `within`, such as 14d")
            case "absence" if value is None and info.data["absence"] != HEARTBEAT:
                raise _report_missing("for", "30m")
        if value is None:
            return None  # of an absence: the heartbeat of each device
        wait = _read_duration(value)
        if not _SHORTEST_ABSENCE <= wait <= _LONGEST_WAIT:
            raise WrongValue(ValueFault(_OUT_OF_BOUNDS, "write between 10s and 7d"))
        return wait

    @field_validator("kinds", mode="before")
    @classmethod
    def _belongs_to_an_absence(cls, value: object, info: ValidationInfo) -> object:
        if _pattern_among(info.data) not in {"absence", None}:
            raise _report_needless("kinds", "take `kinds` out: it is for absence alone")
        return value

    @field_validator("within", mode="before")
    @classmethod
    def _is_the_time_of_a_roster(cls, value: object, info: ValidationInfo) -> timedelta | None:
        pattern = _pattern_among(info.data)
        if value is None and pattern == "roster":
            raise _report_missing("within", "14d")
        if value is None:
            return None
        if pattern not in {"roster", None}:
            raise _report_needless("within", "take `within` out: it is for roster alone")
        within = _read_duration(value)
        if not timedelta() < within <= _LONGEST_ROSTER:
            raise WrongValue(ValueFault(_OUT_OF_BOUNDS, "write at most 60d"))
        return within

    @model_validator(mode="after")
    def _listens_to_one_thing(self) -> OnPart:
        if _pattern_among(dict(self)) is None:
            raise WrongValue(
                ValueFault("the rule listens to no one thing", f"write one of {_ONE_OF}", FaultPlace.WHOLE)
            )
        return self

    def pattern(self, hold: timedelta | None, clear: Expression | None) -> Pattern:
        """What it is for the engine; `hold` and `clear` stand beside it in the rule."""
        if self.reading is not None:
            return OnReading(self.reading, hold or timedelta(), clear)
        if self.event is not None:
            return OnEvent(self.event)
        if self.absence is not None:
            return OnAbsence(self.absence, self.for_, None if self.kinds is None else frozenset(self.kinds))
        return OnRosterEnd(self.within or timedelta())


def _pattern_among(fields: Mapping[str, object]) -> str | None:
    """The one pattern that is named and right; None when there is none, or more than one."""
    named = [pattern for pattern in _PATTERNS if fields.get(pattern) is not None]
    return named[0] if len(named) == 1 else None


class SummaryPart(_RulePart):
    """What a finding says, in both languages."""

    zh_cn: str = Field(alias="zh-CN")
    en: str

    def by_language(self) -> dict[str, str]:
        """The templates by the names of the languages, as in the file."""
        return self.model_dump(by_alias=True)


class RulePart(_RulePart):
    """One rule. `on` comes first: what the other keys may say depends on it."""

    id: Annotated[str, AfterValidator(_check_id)]
    on: OnPart
    priority: Priority
    for_: timedelta | None = Field(default=None, alias="for")
    clear: Expression | None = None
    when: Expression | None = Field(default=None, validate_default=True)
    summary: SummaryPart

    @field_validator("priority", mode="before")
    @classmethod
    def _is_one_of_its_pattern(cls, value: object, info: ValidationInfo) -> object:
        allowed = [Priority.P3, Priority.P4] if _is_of_roster(info) else list(Priority)
        if value not in allowed:
            raise WrongValue(not_among(value, allowed))
        return value

    @field_validator("for_", mode="before")
    @classmethod
    def _is_the_time_a_reading_holds(cls, value: object, info: ValidationInfo) -> timedelta:
        match _pattern_part_of(info):
            case OnPart(event=str()):
                raise _report_needless("for", "take `for` out: an event takes no time")
            case OnPart(absence=str()):
                raise _report_needless("for", "write `for` inside `on`, beside `absence`")
            case OnPart(roster=str()):
                raise _report_needless("for", "take `for` out: only the time until the roster ends counts")
        hold = _read_duration(value)
        if hold > _LONGEST_WAIT:
            raise WrongValue(ValueFault(_OUT_OF_BOUNDS, "write at most 7d"))
        return hold

    @field_validator("clear", mode="before")
    @classmethod
    def _ends_a_reading(cls, value: object, info: ValidationInfo) -> Expression:
        match _pattern_part_of(info):
            case OnPart(event=str()):
                raise _report_needless("clear", "take `clear` out: an event does not last")
            case OnPart(absence=str()):
                raise _report_needless("clear", "take `clear` out: hearing from it ends an absence")
            case OnPart(roster=str()):
                raise _report_needless("clear", "take `clear` out: only the time until the roster ends counts")
        return _compile_condition(value, _SUBJECTS | {"v"})

    @field_validator("when", mode="before")
    @classmethod
    def _is_a_condition_of_its_pattern(cls, value: object, info: ValidationInfo) -> Expression | None:
        on = _pattern_part_of(info)
        if value is None and on is not None and on.reading is not None:
            raise _report_missing("when", "'v > 32.0'")
        if value is not None and on is not None and on.roster is not None:
            raise _report_needless("when", "take `when` out: only the time until the roster ends counts")
        return None if value is None or on is None else _compile_condition(value, _SUBJECTS | _extra_roots(on))

    @field_validator("summary", mode="after")
    @classmethod
    def _can_be_printed(cls, summary: SummaryPart, info: ValidationInfo) -> SummaryPart:
        possible = _allowed_placeholders(_pattern_part_of(info))
        found = [(key, _find_template_fault(text, possible)) for key, text in summary.by_language().items()]
        if faults := [replace(fault, below=(key,)) for key, fault in found if fault is not None]:
            raise WrongValue(*faults)
        return summary


class RuleFilePart(_RulePart):
    """A whole rule file."""

    schema_: Literal["anling.rules/1"] = Field(alias="schema")
    rules: tuple[RulePart, ...]


def find_duplicate_ids(file: RuleFilePart) -> Iterator[tuple[Path, ValueFault]]:
    """Each rule whose id another one before it has."""
    seen: set[str] = set()
    for number, rule in enumerate(file.rules):
        if rule.id in seen:
            yield ("rules", number, "id"), ValueFault("is there twice", "use another id")
        seen.add(rule.id)


def _pattern_part_of(info: ValidationInfo) -> OnPart | None:
    """What the rule listens to; None when that is wrong itself."""
    on = info.data.get("on")
    return on if isinstance(on, OnPart) else None


def _is_of_roster(info: ValidationInfo) -> bool:
    on = _pattern_part_of(info)
    return on is not None and on.roster is not None


def _compile_condition(written: object, roots: frozenset[str]) -> Expression:
    if not isinstance(written, str):
        raise WrongValue(ValueFault("is not text", "put it in quotes"))
    try:
        return Expression(written, roots)
    except BadExpression as bad:
        raise WrongValue(ValueFault(bad.what, bad.write, FaultPlace.WHOLE, inside=(bad.line, bad.column))) from None


def _extra_roots(on: OnPart) -> frozenset[str]:
    """What a message brings with it beside its subjects."""
    if on.reading is not None:
        return frozenset({"v"})
    if on.event is None or on.event in set(ReportedState):
        return frozenset()
    return frozenset({"visit"} if on.event in set(VisitKind) else {"press"})


def _allowed_placeholders(on: OnPart | None) -> frozenset[str]:
    """What a summary may print."""
    if on is None:
        return texts.PLACES | texts.OF_ROSTER  # what it listens to is wrong, and said already
    if on.reading is not None:
        return texts.PLACES
    return texts.OF_ROSTER if on.roster is not None else texts.PLACES - {"v"}


def _find_template_fault(template: str, possible: frozenset[str]) -> ValueFault | None:
    for place in texts.placeholders_in(template):
        if place.partition(".")[2] == "categories":
            right = f"take {{{place}}} out; decide by it in `when`"
            return ValueFault("a summary cannot print a senior's categories", right, FaultPlace.WHOLE)
        if place not in possible:
            names = ", ".join(f"{{{name}}}" for name in sorted(possible))
            return ValueFault(f"{show_text(f'{{{place}}}')} cannot be printed", f"use {names}", FaultPlace.WHOLE)
    if not template.strip() or set("{}") & set(texts.strip_placeholders(template)):
        return ValueFault("the summary is empty or has a stray brace", "write a sentence", FaultPlace.WHOLE)
    return None
