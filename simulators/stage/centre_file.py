"""What does a hub import in the demo? The file as a real centre writes it, with the demo's hours, shifts and waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict

_LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""Ten times as fast: somebody waits for the demo to start."""


class _WholePart(BaseModel):
    """A part of the file that is written again; what is not named here is carried along."""

    model_config = ConfigDict(extra="allow")


class _RunBy(_WholePart):
    id: str


class _OpenCentre(_WholePart):
    opens: str
    closes: str


class _FirstTier(_WholePart):
    wait_seconds: int


class _Escalation(_WholePart):
    opening_hours: list[_FirstTier]
    out_of_hours: list[_FirstTier]


class _DemoPart(BaseModel):
    """What only the demo wants; the day that it lives has more of it (`simulators/plan`)."""

    model_config = ConfigDict(extra="ignore")

    opens: str
    closes: str
    night_shift: _WholePart
    second_tier_wait_seconds: int
    daughter: str


class _WholeFile(_WholePart):
    organisation: _RunBy
    centre: _OpenCentre
    shifts: list[_WholePart]
    escalation: _Escalation
    demo: _DemoPart


@dataclass(frozen=True, slots=True)
class WrittenCentre:
    """A centre's file for the hub, and who of it the demo is about."""

    text: str
    organisation: str
    daughter: str


def write_centre_file(path: Path, addresses: Mapping[str, str]) -> WrittenCentre:
    """The file without its `demo` part, which is done to it: its hours, a night shift, the second tier's wait.

    `addresses` are where its `{rtsp}` and `{phones}` are this time. JSON is YAML (YAML 1.2, 1.2), and quick to write.
    Raises OSError, yaml.YAMLError or pydantic's ValidationError.
    """
    text = path.read_text("utf-8")
    for name, address in addresses.items():
        text = text.replace(f"{{{name}}}", address)
    file = _WholeFile.model_validate(yaml.load(text, Loader=_LOADER))  # noqa: S506 - both are safe ones
    demo, escalation = file.demo, file.escalation
    file.centre.opens, file.centre.closes = demo.opens, demo.closes
    file.shifts.append(demo.night_shift)
    for tiers in (escalation.opening_hours, escalation.out_of_hours):
        tiers[0].wait_seconds = demo.second_tier_wait_seconds
    return WrittenCentre(file.model_dump_json(exclude={"demo"}), file.organisation.id, demo.daughter)
