"""GET /api/rules: which rules are in force, and what is wrong in the files."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from hub.access.may import Action, OfCentre
from hub.access.needs import Caller, Needs
from hub.kit.http import provide_service
from hub.rules.model import Priority
from hub.rules.rule import OnAbsence, OnEvent, OnReading, OnRosterEnd, Rule
from hub.rules.service import Rules

router = APIRouter()


class RuleInForce(BaseModel):
    """One rule. `built_in` ones no file can change; times are seconds; `when` and `clear` are CEL."""

    id: str
    priority: Priority
    pattern: Literal["event", "reading", "absence", "roster"]
    listens_to: str
    per: Literal["room.id", "senior.id", "device.id", "centre.id"]
    when: str | None
    clear: str | None
    seconds: float | None
    summary: dict[str, str]
    built_in: bool
    file: str | None
    line: int | None


class FileProblem(BaseModel):
    """One mistake in a rule file, and what to write instead. A folder that cannot be read has no line and column."""

    file: str
    line: int | None
    column: int | None
    what: str
    write: str


class RulesInForce(BaseModel):
    """The set in force since `loaded_at`. While there are problems it is an older one than the files say."""

    hash: str
    loaded_at: datetime
    rules: list[RuleInForce]
    problems: list[FileProblem]


@router.get("/api/rules")
async def rules_in_force(
    caller: Annotated[Caller, Depends(Needs(Action.SEE_RULES))], rules: Annotated[Rules, provide_service(Rules)]
) -> RulesInForce:
    """The rules in force and the mistakes in the files."""
    caller.require(OfCentre(caller.centre_id))
    return RulesInForce(
        hash=rules.hash,
        loaded_at=rules.loaded_at,
        rules=[describe_rule(rule) for rule in rules.in_force.rules],
        problems=[
            FileProblem(
                file=problem.source,
                line=problem.line,
                column=problem.column,
                what=problem.wrong,
                write=problem.right,
            )
            for problem in rules.problems
        ],
    )


def describe_rule(rule: Rule) -> RuleInForce:
    """A rule as the page shows it."""
    clear = rule.on.clear if isinstance(rule.on, OnReading) else None
    return RuleInForce(
        id=rule.id,
        priority=rule.priority.value,
        pattern=_pattern_name(rule),
        listens_to=rule.listens.removeprefix("reading:"),
        per=rule.per.value,
        when=rule.when.source if rule.when is not None else None,
        clear=clear.source if clear is not None else None,
        seconds=_wait_seconds(rule),
        summary=rule.summary,
        built_in=not rule.source,
        file=rule.source or None,
        line=rule.line or None,
    )


def _pattern_name(rule: Rule) -> Literal["event", "reading", "absence", "roster"]:
    if isinstance(rule.on, OnRosterEnd):
        return "roster"
    if isinstance(rule.on, OnEvent):
        return "event"
    return "reading" if isinstance(rule.on, OnReading) else "absence"


def _wait_seconds(rule: Rule) -> float | None:
    """How long it must hold, or how long it waits; None for an event, or where each device has its own heartbeat."""
    match rule.on:
        case OnReading(hold=hold):
            return hold.total_seconds()
        case OnAbsence(wait=wait) if wait is not None:
            return wait.total_seconds()
        case OnRosterEnd(within=within):
            return within.total_seconds()
        case _:
            return None
