"""Who reads what people write? Each caller of `hub.kit.mistakes` with a text that is right and mistakes in it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from hub.importing.file import CENTRE_FILE, parse_centre_file
from hub.kit.mistakes.model import BadInput
from hub.rules.files import RULE_FILE, parse_rule_file
from hub.settings import BadSettings, Settings, find_unknown_settings, read_settings
from tests.unit.rules.examples import HOT_FILE

CENTRE = """\
schema: anling.centre/1
organisation: {id: longyuan, name: 陇原, name_en: Longyuan}
centre: {id: c, name: 中心, name_en: Centre, address: 路, timezone: Asia/Shanghai, opens: "08:00", closes: "18:00"}
rooms:
- {id: gym, name: 健身室, name_en: Gym, type: gym, plan_column: 0, plan_row: 0}
devices:
- {id: siren, kind: siren, name: 警号, name_en: Siren, room: gym}
"""
SETTINGS = """\
ANLING_HTTP_PORT=8080
ANLING_BROKER=built-in
ANLING_MQTT_URL=
"""


@dataclass(frozen=True)
class Wrong:
    """What is written instead of something in the caller's text, and the line that tells of it."""

    was: str
    instead: str
    said: str


@dataclass(frozen=True)
class InputCaller:
    """One caller: a text that is right, what reads it, and what is said of each kind of mistake that it can hold."""

    name: str
    right: str
    read: Callable[[str], object]
    """Raises BadInput or BadSettings."""
    values: dict[str, Wrong | None]
    """By the kind of mistake; None where nobody can make it."""
    largest: int | None = None
    """How many bytes a file of it may have; None for settings."""

    def lines_of(self, text: str) -> list[str]:
        """What is said of a text in which something is wrong."""
        with pytest.raises((BadInput, BadSettings)) as refused:
            self.read(text)
        return str(refused.value).splitlines()


def _read_environment(text: str) -> Settings:
    given = dict(line.split("=", 1) for line in text.splitlines())
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("ANLING_")]:
            environment.delenv(name)
        for name, value in given.items():
            environment.setenv(name, value)
        if unknown := find_unknown_settings(given):
            raise BadSettings(unknown)
        return read_settings()


CALLERS = [
    InputCaller(
        "rules",
        HOT_FILE,
        lambda text: parse_rule_file("own.yaml", text),
        {
            "not one of a set": Wrong(
                "priority: P2",
                "priority: high",
                "own.yaml: line 4, column 13: rules.room-hot.priority: `high` is not possible here; "
                "write one of P1, P2, P3, P4",
            ),
            "almost one of a set": Wrong(
                "per: room.id",
                "per: rom.id",
                "own.yaml: line 5, column 35: rules.room-hot.on.per: `rom.id` is not possible here; "
                "did you mean `room.id`? write one of device.id, room.id, senior.id",
            ),
            "a key that nobody knows": Wrong(
                "for: 5m",
                "form: 5m",
                "own.yaml: line 7, column 3: rules.room-hot: the key `form` is not known here; "
                "did you mean `for`? use clear, for, id, on, priority, summary, when",
            ),
            "a key without a value": Wrong(
                "for: 5m",
                "for:",
                "own.yaml: line 7, column 7: rules.room-hot.for: nothing is here; write a value, or take `for` out",
            ),
            "a key that is missing": Wrong(
                "  priority: P2\n",
                "",
                "own.yaml: line 3, column 3: rules.room-hot: `priority` is missing; write `priority: P2`",
            ),
            "a number where text belongs": Wrong(
                "id: room-hot", "id: 12", "own.yaml: line 3, column 7: rules.12.id: `12` is not text; put it in quotes"
            ),
            "no number": None,
            "out of bounds": Wrong(
                "for: 5m",
                "for: 30d",
                "own.yaml: line 7, column 8: rules.room-hot.for: `30d` is out of bounds; write at most 7d",
            ),
            "no list": Wrong(
                HOT_FILE.partition("rules:")[2],
                " room-hot\n",
                "own.yaml: line 2, column 8: rules: `room-hot` is not a list; start each entry with `- `",
            ),
            "no mapping": Wrong(
                "on: {reading: temperature, per: room.id}",
                "on: temperature",
                "own.yaml: line 5, column 7: rules.room-hot.on: `temperature` is not a mapping; "
                "write keys and values: reading, event, absence, roster, per, for, kinds, within",
            ),
        },
        RULE_FILE.largest,
    ),
    InputCaller(
        "importing",
        CENTRE,
        parse_centre_file,
        {
            "not one of a set": Wrong(
                "kind: siren",
                "kind: horn",
                "centre.yaml: line 7, column 21: devices.siren.kind: `horn` is not possible here; write one of button, "
                "pull_cord, camera, sensor, card_reader, siren, lamp, tablet, gateway, observer",
            ),
            "almost one of a set": Wrong(
                "kind: siren",
                "kind: Siren",
                "centre.yaml: line 7, column 21: devices.siren.kind: `Siren` is not possible here; did you mean "
                "`siren`? write one of button, pull_cord, camera, sensor, card_reader, siren, lamp, tablet, gateway, "
                "observer",
            ),
            "a key that nobody knows": Wrong(
                "plan_row: 0}",
                "plan_row: 0, plan_hight: 1}",
                "centre.yaml: line 5, column 78: rooms.gym: the key `plan_hight` is not known here; did you mean "
                "`plan_height`? use id, name, name_en, plan_column, plan_height, plan_row, plan_width, type",
            ),
            "a key without a value": Wrong(
                "name_en: Gym,",
                "name_en: ,",
                "centre.yaml: line 5, column 32: rooms.gym.name_en: nothing is here; write text",
            ),
            "a key that is missing": Wrong(
                "name_en: Gym, ",
                "",
                "centre.yaml: line 5, column 3: rooms.gym: `name_en` is missing; write `name_en: …`",
            ),
            "a number where text belongs": Wrong(
                "name_en: Gym",
                "name_en: 12",
                "centre.yaml: line 5, column 33: rooms.gym.name_en: `12` is not text; put it in quotes",
            ),
            "no number": Wrong(
                "plan_row: 0",
                "plan_row: top",
                "centre.yaml: line 5, column 75: rooms.gym.plan_row: `top` is not a whole number; "
                "write a whole number, such as 12",
            ),
            "out of bounds": Wrong(
                "plan_row: 0",
                "plan_row: 100",
                "centre.yaml: line 5, column 75: rooms.gym.plan_row: `100` is too large; write at most 99",
            ),
            "no list": Wrong(
                "rooms:\n- {id: gym, name: 健身室, name_en: Gym, type: gym, plan_column: 0, plan_row: 0}",
                "rooms: gym",
                "centre.yaml: line 4, column 8: rooms: `gym` is not a list; start each entry with `- `",
            ),
            "no mapping": Wrong(
                "organisation: {id: longyuan, name: 陇原, name_en: Longyuan}",
                "organisation: longyuan",
                "centre.yaml: line 2, column 15: organisation: `longyuan` is not a mapping; "
                "write keys and values: id, name, name_en",
            ),
        },
        CENTRE_FILE.largest,
    ),
    InputCaller(
        "settings",
        SETTINGS,
        _read_environment,
        {
            "not one of a set": Wrong(
                "BROKER=built-in", "BROKER=emqx", "ANLING_BROKER='emqx': write one of built-in, mosquitto"
            ),
            "almost one of a set": Wrong(
                "BROKER=built-in",
                "BROKER=mosqitto",
                "ANLING_BROKER='mosqitto': did you mean `mosquitto`? write one of built-in, mosquitto",
            ),
            "a key that nobody knows": Wrong(
                "HTTP_PORT",
                "HTPP_PORT",
                "ANLING_HTPP_PORT is no setting of the hub and changes nothing: did you mean ANLING_HTTP_PORT?",
            ),
            "a key without a value": None,
            "a key that is missing": None,
            "a number where text belongs": None,
            "no number": Wrong(
                "8080",
                "eighty",
                "ANLING_HTTP_PORT='eighty': is not a whole number; write a whole number, such as 12",
            ),
            "out of bounds": Wrong("8080", "70000", "ANLING_HTTP_PORT='70000': is too large; write at most 65535"),
            "no list": None,
            "no mapping": None,
        },
    ),
]
