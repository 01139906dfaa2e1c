"""What the stage shows: who can press, what can be broken, and how far the tour has come."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class StageLight(StrEnum):
    """What a simulated button shows."""

    DARK = "dark"
    BLINKING = "blinking"
    STEADY = "steady"
    COMING = "coming"
    ON_SCENE = "on_scene"


class _StagePart(BaseModel):
    model_config = ConfigDict(frozen=True)


class StageSenior(_StagePart):
    """A senior and her button; `room_id` is where the simulated day has put her.

    `light_text` is what the button says, in the centre's language; `owner_name_en` who has taken her call.
    """

    id: str
    address_as: str
    address_as_en: str
    device_id: str
    light: StageLight
    light_text: str
    owner_name_en: str | None
    room_id: str | None


class StageRoom(_StagePart):
    id: str
    name: str
    name_en: str
    hot: bool


class StageCamera(_StagePart):
    id: str
    room_id: str
    dark: bool


class Steps(_StagePart):
    """When each step of the tour came true, after real events; null: not yet."""

    data: datetime | None
    press: datetime | None
    told: datetime | None
    taken: datetime | None
    picture: datetime | None
    chart: datetime | None

    def in_order(self) -> "Steps":
        """The same, where no step is done before the one in front of it: a tour is walked, not collected."""
        walked: dict[str, datetime | None] = {}
        is_open = True
        for name in Steps.model_fields:
            at: datetime | None = getattr(self, name)
            is_open = is_open and at is not None
            walked[name] = at if is_open else None
        return Steps(**walked)


class Stage(_StagePart):
    """The stage as its page shows it. `reachable`: the simulated centre answers."""

    organisation_url: str
    family_url: str
    reachable: bool
    seniors: list[StageSenior]
    rooms: list[StageRoom]
    cameras: list[StageCamera]
    line_cut: bool
    steps: Steps
    daughter_of: str | None
    """The senior whose daughter's phone stands on the stage."""


class SimulatedButton(BaseModel):
    """One button in the answer of the simulated centre's `GET /state`."""

    light: StageLight = StageLight.DARK
    text: str = ""


class SimulatedState(BaseModel):
    """The answer of the simulated centre's `GET /state`; keys are ids."""

    buttons: dict[str, SimulatedButton] = {}
    hot: list[str] = []
    dark: list[str] = []
    line_cut: bool = False
    seniors: dict[str, str | None] = {}
    """Where each senior is: a room's id, or null when she is not in the building."""
