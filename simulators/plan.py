"""What does the centre's file say that the simulated centre brings to life?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field

from devices.contract.kinds import KindOfDevice
from simulators.day import Living, Person


class RoomWord(StrEnum):
    """The types of room that mean something to a simulated day; the hub knows all of them."""

    DUTY = "duty"
    DINING = "dining"


class _PlanPart(BaseModel):
    """A part of the file; what only the hub wants of it is passed over (the importer checks it)."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _PlanCentre(_PlanPart):
    id: str
    timezone: str
    opens: str
    closes: str


class _Room(_PlanPart):
    id: str
    type: str


class Senior(_PlanPart):
    """One senior: her card, and whether she objects to being seen."""

    id: str
    card_token: str | None = None
    objects_to_being_seen: bool = False


class _PlannedSources(_PlanPart):
    main: str
    sub: str | None = None


class PlannedDevice(_PlanPart):
    """One device of the file; cameras also say where their pictures are, older files by `rtsp_url`."""

    id: str
    kind: KindOfDevice
    senior: str | None = None
    room: str | None = None
    sources: _PlannedSources | None = None
    rtsp_url: str | None = None

    @property
    def small_picture(self) -> str:
        """Where the smaller picture of a camera is; the simulated ones have it below the large one."""
        if self.sources is None:
            return f"{self.rtsp_url or ''}/sub"
        return self.sources.sub or f"{self.sources.main}/sub"


class _Relation(_PlanPart):
    account: str
    senior: str


class _Demo(_PlanPart):
    opens: str
    closes: str
    daughter: str
    door_reader: str
    seed: int


class _PlanFile(_PlanPart):
    schema_: str = Field(alias="schema")
    centre: _PlanCentre
    rooms: tuple[_Room, ...]
    seniors: tuple[Senior, ...]
    devices: tuple[PlannedDevice, ...]
    relations: tuple[_Relation, ...] = ()
    demo: _Demo


@dataclass(frozen=True, slots=True)
class CentrePlan:
    """The simulated centre: who and what is in it, and how its days are made."""

    centre: str
    timezone: ZoneInfo
    seniors: Mapping[str, Senior]
    devices: Mapping[str, PlannedDevice]
    door_reader: str
    living: Living

    def of_kind(self, *kinds: KindOfDevice) -> list[PlannedDevice]:
        """The devices of these kinds, in the file's order."""
        return [device for device in self.devices.values() if device.kind in kinds]

    def reader_in(self, room: str) -> str | None:
        """The card reader of a room; None where there is none."""
        readers = self.of_kind(KindOfDevice.CARD_READER)
        return next((one.id for one in readers if one.room == room and one.id != self.door_reader), None)


def read_plan(path: Path) -> CentrePlan:
    """Read the centre's file. Raises OSError, yaml.YAMLError or pydantic's ValidationError; the importer says more."""
    file = _PlanFile.model_validate(yaml.safe_load(path.read_text("utf-8")))
    return CentrePlan(
        centre=file.centre.id,
        timezone=ZoneInfo(file.centre.timezone),
        seniors={senior.id: senior for senior in file.seniors},
        devices={device.id: device for device in file.devices},
        door_reader=file.demo.door_reader,
        living=_build_living(file),
    )


def _build_living(file: _PlanFile) -> Living:
    """The mother of the stage's daughter is always where a camera is; nobody visits the duty room."""
    rooms = tuple(room.id for room in file.rooms if room.type != RoomWord.DUTY)
    dining = next((room.id for room in file.rooms if room.type == RoomWord.DINING), rooms[0])
    watched = {device.room for device in file.devices if device.kind == KindOfDevice.CAMERA}
    return Living(
        people=tuple(Person(senior.id, shy=senior.objects_to_being_seen) for senior in file.seniors),
        rooms=rooms,
        dining=dining,
        watched=tuple(room for room in rooms if room in watched),
        mother=next((one.senior for one in file.relations if one.account == file.demo.daughter), None),
        opens=_wall_time(file.demo.opens),
        closes=_wall_time(file.demo.closes),
        seed=file.demo.seed,
    )


def _wall_time(text: str) -> time:
    """A time of day; 24:00 is the midnight at its end, and a centre that closes when it opens never closes."""
    return time() if text == "24:00" else time.fromisoformat(text)
