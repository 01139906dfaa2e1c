"""What happens by itself, and when? A file of steps, and which of them are due. Pure but for reading the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

Verb: TypeAlias = Literal["press", "hot", "cool", "dark", "light"]
Seconds: TypeAlias = Annotated[float, Field(ge=0, le=86_400)]

_END_OF: dict[Verb, Verb] = {"hot": "cool", "dark": "light"}


@dataclass(frozen=True, slots=True)
class ScenarioEvent:
    """One thing that is done to one device or room."""

    at: float
    verb: Verb
    what: str


class _ScenarioStep(BaseModel):
    """One line of the file: what it is done to stands behind the verb."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: Seconds
    press: str | None = None
    hot: str | None = None
    dark: str | None = None
    lasts: Seconds | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if sum(word is not None for word in (self.press, self.hot, self.dark)) != 1:
            raise ValueError("a step has one of press, hot and dark")
        if self.press is not None and self.lasts is not None:
            raise ValueError("a press does not last")
        return self

    def events(self) -> list[ScenarioEvent]:
        """The beginning and, where it has one, the end."""
        words: tuple[tuple[Verb, str | None], ...] = (("press", self.press), ("hot", self.hot), ("dark", self.dark))
        verb, what = next((verb, what) for verb, what in words if what is not None)
        begins = ScenarioEvent(self.at, verb, what)
        return [begins] if self.lasts is None else [begins, ScenarioEvent(self.at + self.lasts, _END_OF[verb], what)]


class _ScenarioFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Annotated[Literal["anling.scenario/1"], Field(alias="schema")]
    steps: tuple[_ScenarioStep, ...]


def read_scenario(path: Path) -> tuple[ScenarioEvent, ...]:
    """Read a scenario, in the order of its moments. Raises OSError, yaml.YAMLError or pydantic's ValidationError."""
    file = _ScenarioFile.model_validate(yaml.safe_load(path.read_text("utf-8")))
    found = [event for step in file.steps for event in step.events()]
    return tuple(sorted(found, key=lambda event: event.at))


def events_between(scenario: Sequence[ScenarioEvent], after: float, until: float) -> tuple[ScenarioEvent, ...]:
    """What happens after the first moment and not after the second, both in seconds since the start."""
    return tuple(event for event in scenario if after < event.at <= until)


def endings_at(scenario: Sequence[ScenarioEvent], at: float) -> tuple[ScenarioEvent, ...]:
    """What must still be put right when the scenario is given up at this moment: the ends of what has begun."""
    begun = {(_END_OF[one.verb], one.what) for one in scenario if one.at <= at and one.verb in _END_OF}
    return tuple(one for one in scenario if one.at > at and (one.verb, one.what) in begun)
