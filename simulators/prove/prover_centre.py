"""Which centre do the provers press in? A file for `./anling import`: seniors with a trigger each, and their people."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from pydantic import JsonValue, TypeAdapter

CENTRE: Final = "proving-house"
SIREN: Final = "siren-1"
SENSOR: Final = "t-hall"
CANARY: Final = "b-canary"
"""The trigger that asks whether the hub answers: the prover's own, beside those whose presses are counted."""
POISON: Final = "b-poison"
"""The trigger whose messages and rows are poisoned."""
FLOOD: Final = "b-flood"
"""The trigger that presses more often than a hand can."""
OWN: Final = (CANARY, POISON, FLOOD)
STAFF: Final = "staff-01"
"""Who signs in to accept and resolve."""

_TEMPLATE: Final = Path(__file__).with_name("centre.yaml")
_EACH: Final = "{n}"
_FILE: Final = TypeAdapter[dict[str, JsonValue]](dict[str, JsonValue])


@dataclass(frozen=True, slots=True)
class ProverCentre:
    """So many triggers, and how long a tier waits; `hooks_url` is where webhooks go."""

    triggers: int
    tier_wait_seconds: int
    hooks_url: str

    @property
    def trigger_ids(self) -> tuple[str, ...]:
        """The triggers whose presses are counted."""
        return tuple(f"b-{n:03d}" for n in range(1, self.triggers + 1))


def name_senior(trigger_id: str) -> str:
    """How messages call the senior whose trigger this is: a name that stands in no other's."""
    return f"编号{trigger_id.removeprefix('b-')}奶奶"


def write_centre_file(centre: ProverCentre) -> str:
    """The centre's file. JSON is YAML."""
    template = _FILE.validate_python(yaml.safe_load(_TEMPLATE.read_text("utf-8")))
    numbers = [trigger_id.removeprefix("b-") for trigger_id in (*centre.trigger_ids, *OWN)]
    filled = {"{hooks}": centre.hooks_url}
    waits = {"{wait}": centre.tier_wait_seconds}
    return json.dumps(_fill_places(template, filled, numbers, waits), ensure_ascii=False)


def _fill_places(value: JsonValue, filled: dict[str, str], numbers: list[str], waits: dict[str, int]) -> JsonValue:
    """The same with its places filled; what names `{n}` in a list is written once for each number."""
    match value:
        case str():
            for place, text in filled.items():
                value = value.replace(place, text)
            return waits.get(value, value)
        case list():
            each = [(one, number) for one in value for number in (numbers if _EACH in json.dumps(one) else [""])]
            return [_fill_places(one, {**filled, _EACH: number}, numbers, waits) for one, number in each]
        case dict():
            return {name: _fill_places(one, filled, numbers, waits) for name, one in value.items()}
        case _:
            return value
