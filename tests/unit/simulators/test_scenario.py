"""Does in the first minutes what should, and is everything put right when somebody takes over?"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import simulators
from simulators.plan import read_plan
from simulators.scenario import ScenarioEvent, endings_at, events_between, read_scenario

FOLDER = Path(simulators.__file__).parent
FIRST_MINUTES = read_scenario(FOLDER / "scenarios" / "first_minutes.yaml")


def test_a_press_a_hot_room_and_a_dark_camera_happen_within_three_minutes() -> None:
    begun = {step.verb for step in events_between(FIRST_MINUTES, -1, 180)}

    assert {"press", "hot", "dark"} <= begun


def test_the_scenario_names_what_the_centre_has() -> None:
    plan = read_plan(FOLDER / "centre.yaml")
    rooms = {*plan.living.rooms, "duty"}

    assert FIRST_MINUTES
    for step in FIRST_MINUTES:
        assert step.what in (rooms if step.verb in ("hot", "cool") else plan.devices)


@given(st.lists(st.floats(0, 400), max_size=20).map(sorted))
def test_each_step_happens_once_however_often_we_look(looks: list[float]) -> None:
    happened: list[ScenarioEvent] = []
    before = -1.0
    for look in [*looks, 400.0]:
        happened += events_between(FIRST_MINUTES, before, look)
        before = look

    assert happened == list(FIRST_MINUTES)


def test_whoever_takes_over_in_the_middle_finds_the_room_cooling() -> None:
    assert [(step.verb, step.what) for step in endings_at(FIRST_MINUTES, 80)] == [("cool", "chess")]
    assert endings_at(FIRST_MINUTES, 10) == ()


@pytest.mark.parametrize(
    "step", ["{at: 1}", "{at: 1, press: b-01, hot: gym}", "{at: 1, press: b-01, lasts: 3}", "{at: -1, press: b-01}"]
)
def test_a_step_that_means_nothing_is_refused(step: str, tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(f"schema: anling.scenario/1\nsteps:\n  - {step}\n")

    with pytest.raises(ValidationError):
        read_scenario(path)
